"""Reading a tool's cache and a folder's reports, friendly and hostile."""

import io
import os
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

from dckgrade.engine import local_files, tool_cache
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.engine.responses import read_tar_file
from dckgrade.report.observation import UnobservableReason

ROOT = Path(__file__).parents[2]


def read_cache(name: str, environment: dict[str, str], workdir: Path | None = None) -> dict[str, bytes]:
    """Read a file in every folder that may be a cache and has it, by the folder's shown name."""
    found = {}
    for shown, folder in tool_cache.find_cache_folders("trivy", environment, workdir).items():
        with suppress(NotThere):
            found[shown] = tool_cache.read_cache_file(folder, name)
    return found


def test_the_tools_own_variable_comes_first_then_the_shared_one_then_home(tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "shared"),
        "TRIVY_CACHE_DIR": str(tmp_path / "own"),
    }
    for folder in ("home/.cache/trivy", "shared/trivy", "own"):
        (tmp_path / folder / "db").mkdir(parents=True)
        (tmp_path / folder / "db" / "metadata.json").write_text(folder)
    assert list(read_cache("db/metadata.json", environment).items()) == [
        (str(tmp_path / "own"), b"own"),
        (str(tmp_path / "shared/trivy"), b"shared/trivy"),
        ("~/.cache/trivy", b"home/.cache/trivy"),
    ]


@pytest.mark.parametrize(
    "folder", ["cache", ".cache/trivy", "trivy", "a/b/c", "home/snap/trivy/common/.cache/trivy"]
)
def test_a_cache_is_found_in_the_working_folder_and_where_snap_keeps_it(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder / "fanal").mkdir(parents=True)
    (tmp_path / folder / "fanal" / "fanal.db").write_bytes(b"x")
    found = read_cache("fanal/fanal.db", {"HOME": str(tmp_path / "home")}, tmp_path)
    assert list(found.values()) == [b"x"]
    assert next(iter(found)).endswith(folder.removeprefix("home"))


@pytest.mark.parametrize(
    "setting",
    [
        "cache:\n  dir: kept\n",
        "timeout: 5m\ncache:\n  # here\n  backend: fs\n  dir: 'kept'  # x\ndb:\n  x: 1\n",
    ],
)
def test_the_folder_of_a_configuration_file_is_looked_into(tmp_path: Path, setting: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "trivy.yaml").write_text(setting.replace("kept", "../kept"))
    (tmp_path / "kept" / "db").mkdir(parents=True)
    (tmp_path / "kept" / "db" / "metadata.json").write_bytes(b"{}")
    assert list(read_cache("db/metadata.json", {}, tmp_path / "work").values()) == [b"{}"]


def test_another_folder_of_a_configuration_file_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "trivy.yaml").write_text("module:\n  dir: modules\ncache:\n  backend: fs\n")
    assert tool_cache.find_cache_folders("trivy", {}, tmp_path) == {}


def test_a_folder_that_is_no_cache_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "app" / "db").mkdir(parents=True)
    (tmp_path / "app" / "db" / "schema.sql").write_text("x")
    assert tool_cache.find_cache_folders("trivy", {}, tmp_path) == {}


@pytest.mark.skipif(os.name != "posix", reason="sudo is of Unix")
@pytest.mark.parametrize(("uid", "folder"), [(1000, "/root/.cache/trivy"), (0, "~nobody/.cache/trivy")])
def test_the_other_side_of_sudo_is_looked_at_where_the_program_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, folder: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(tool_cache, "PROGRAM_FOLDERS", ())
    for name, value in (("SUDO_USER", "nobody"), ("HOME", str(tmp_path)), ("PATH", str(tmp_path))):
        monkeypatch.setenv(name, value)
    wanted = Path(folder).expanduser()
    assert wanted not in tool_cache.find_cache_folders("trivy", None, None).values()
    (tmp_path / "trivy").write_text("#!/bin/sh\n")
    (tmp_path / "trivy").chmod(0o755)
    assert wanted in tool_cache.find_cache_folders("trivy", None, None).values()
    assert wanted not in tool_cache.find_cache_folders("trivy", dict(os.environ), None).values()


def test_a_cache_that_is_not_there_is_absent(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        tool_cache.read_cache_file(tmp_path, "fanal/fanal.db")


def test_what_is_no_file_is_unreadable_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "fanal").mkdir(parents=True)
    os.mkfifo(tmp_path / "fanal" / "fanal.db")
    with pytest.raises(OutOfReach) as caught:
        tool_cache.read_cache_file(tmp_path, "fanal/fanal.db")
    assert caught.value.why is UnobservableReason.UNREADABLE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_cache_of_roots_is_out_of_reach_for_somebody_else(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    (folder / "fanal").mkdir(parents=True)
    (folder / "fanal" / "fanal.db").write_bytes(b"x")
    folder.chmod(0o700)
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(above.stat().st_mode | 0o005)
    asked = (
        "import os; os.setgid(65534); os.setuid(65534)\n"
        "from dckgrade.engine import tool_cache\n"
        "from dckgrade.engine.answers import OutOfReach\n"
        "from pathlib import Path\n"
        f"found = tool_cache.find_cache_folders('trivy', {{}}, Path({str(tmp_path)!r}))\n"
        "try: tool_cache.read_cache_file(found['./cache'], 'fanal/fanal.db')\n"
        "except OutOfReach as error: print(error.detail)\n"
    )
    # Imported while still root: the code itself may lie where nobody else can read.
    argv = [sys.executable, "-c", f"import dckgrade.engine.tool_cache\n{asked}"]
    done = subprocess.run(
        argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == OTHER_USERS_DETAIL, done.stderr


@pytest.mark.parametrize("folder", ["path", "home/bin", "home/.local/bin", "work", "work/bin"])
def test_a_program_is_found_on_the_path_and_where_installers_leave_it(tmp_path: Path, folder: str) -> None:
    environment = {"PATH": str(tmp_path / "path"), "HOME": str(tmp_path / "home")}
    assert not tool_cache.has_program("trivy", environment, tmp_path / "work")
    (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / folder / "trivy"
    program.write_text("#!/bin/sh\nexit 1\n")
    assert not tool_cache.has_program("trivy", environment, tmp_path / "work")
    program.chmod(0o755)
    assert tool_cache.has_program("trivy", environment, tmp_path / "work")


def test_the_wanted_files_are_read_the_nearest_first_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "reports" / "old").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for number, name in enumerate(("a.json", "b.txt", "reports/old/c", "d.json", ".hidden/e.json")):
        (tmp_path / name).write_text("wanted" if name != "d.json" else "other")
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "out.json").symlink_to(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe")
    found = local_files.read_work_files(tmp_path, lambda start: start.startswith(b"wanted"))
    assert found == [("b.txt", b"wanted"), ("a.json", b"wanted"), ("reports/old/c", b"wanted")]
    assert local_files.read_work_files(tmp_path / "none", bool) == []


def test_too_large_a_file_is_told_from_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_files, "MAX_WORK_FILE_BYTES", 3)
    (tmp_path / "report.json").write_text("long")
    assert local_files.read_work_files(tmp_path, bool) == [("report.json", None)]


def test_a_file_of_a_volume_is_read_and_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "volume" / "db").mkdir(parents=True)
    (tmp_path / "volume" / "db" / "metadata.json").write_bytes(b"{}")
    assert local_files.read_volume_file(tmp_path / "volume", "db/metadata.json") == b"{}"
    (tmp_path / "secret").write_text("x")
    (tmp_path / "volume" / "link").symlink_to("../secret")
    with pytest.raises(OutOfReach):
        local_files.read_volume_file(tmp_path / "volume", "link")
    for folder in ("volume", "none"):
        with pytest.raises(NotThere):
            local_files.read_volume_file(tmp_path / folder, "fanal/fanal.db")


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
    require_allowed_request("HEAD", "/v1.41/containers/abc/archive")
    for method in ("PUT", "POST", "DELETE"):
        with pytest.raises(ForbiddenRequest):
            require_allowed_request(method, "/v1.41/containers/abc/archive", b"null")
