"""Reading a tool's cache and a folder's reports, friendly and hostile."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dckgrade.engine import local_files, tool_cache
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.engine.responses import read_tar_file
from dckgrade.report.observation import UnobservableReason

ROOT = Path(__file__).parents[2]


def test_the_tools_own_variable_comes_first_then_the_shared_one_then_home(tmp_path: Path) -> None:
    told = {"HOME": str(tmp_path / "home")}
    shared = {**told, "XDG_CACHE_HOME": str(tmp_path / "shared")}
    own = {**shared, "TRIVY_CACHE_DIR": str(tmp_path / "own")}
    for folder, environment in (("home/.cache/trivy", told), ("shared/trivy", shared), ("own", own)):
        (tmp_path / folder / "db").mkdir(parents=True)
        (tmp_path / folder / "db" / "metadata.json").write_text(folder)
        assert tool_cache.read_cache_file("trivy", "db/metadata.json", environment) == folder.encode()
    assert tool_cache.list_shown_folders("trivy", told)[0] == "~/.cache/trivy"


def test_a_cache_that_is_not_there_is_absent(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        tool_cache.read_cache_file("trivy", "fanal/fanal.db", {"HOME": str(tmp_path)})


def test_what_is_no_file_is_unreadable_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "trivy" / "fanal"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "fanal.db")
    with pytest.raises(OutOfReach) as caught:
        tool_cache.read_cache_file("trivy", "fanal/fanal.db", {"HOME": str(tmp_path)})
    assert caught.value.why is UnobservableReason.UNREADABLE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_cache_of_roots_is_out_of_reach_for_somebody_else(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "trivy" / "fanal"
    folder.mkdir(parents=True)
    (folder / "fanal.db").write_bytes(b"x")
    folder.chmod(0o700)
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(above.stat().st_mode | 0o005)
    asked = (
        "import os; os.setgid(65534); os.setuid(65534)\n"
        "from dckgrade.engine import tool_cache\n"
        "from dckgrade.engine.answers import OutOfReach\n"
        f"try: tool_cache.read_cache_file('trivy', 'fanal/fanal.db', {{'HOME': {str(tmp_path)!r}}})\n"
        "except OutOfReach as error: print(error.detail)\n"
    )
    # Imported while still root: the code itself may lie where nobody else can read.
    argv = [sys.executable, "-c", f"import dckgrade.engine.tool_cache\n{asked}"]
    done = subprocess.run(
        argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == OTHER_USERS_DETAIL, done.stderr


def test_a_program_is_found_on_the_path_given_and_nowhere_else(tmp_path: Path) -> None:
    program = tmp_path / "trivy"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert tool_cache.is_on_path("trivy", {"PATH": str(tmp_path)})
    assert not tool_cache.is_on_path("trivy", {"PATH": str(tmp_path / "none")})


def test_the_newest_reports_are_read_and_links_are_not_followed(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(number))
        os.utime(path, (number, number))
    (tmp_path / "out.json").symlink_to("/etc/hostname")
    found = local_files.read_newest_json(tmp_path)
    assert found == [(f"{number}.json", str(number).encode()) for number in (7, 6, 5, 4, 3)]
    assert local_files.read_newest_json(tmp_path / "none") == []


def test_a_file_comes_out_of_the_engines_tar_and_anything_else_does_not() -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        member = tarfile.TarInfo("fanal.db")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))
    assert read_tar_file(written.getvalue()) == b"abc"
    folder = io.BytesIO()
    with tarfile.open(fileobj=folder, mode="w") as tar:
        link = tarfile.TarInfo("fanal.db")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    for body in (b"", b"x" * 2000, folder.getvalue()):
        with pytest.raises(OutOfReach):
            read_tar_file(body)


def test_reading_out_of_a_container_is_permitted_and_writing_into_one_is_not() -> None:
    require_allowed_request("GET", "/v1.41/containers/abc/archive")
    require_allowed_request("GET", "/v1.41/images/json")
    for method in ("PUT", "HEAD", "POST"):
        with pytest.raises(ForbiddenRequest):
            require_allowed_request(method, "/v1.41/containers/abc/archive", b"null")
