"""Folders of killed processes are removed by a later one; those of others, and of who runs, never."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dckgrade.classroom import machine_process
from dckgrade.engine import owned_folders
from dckgrade.engine.ssh import tunnel


@pytest.fixture
def dead() -> str:
    """Name a process that has ended."""
    program = "from dckgrade.engine.owned_folders import name_this_process; print(name_this_process())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def make_marked(folder: Path, owner: str) -> Path:
    folder.mkdir()
    (folder / "owner").write_text(owner)
    return folder


def test_a_folder_goes_with_its_owner_and_not_before(tmp_path: Path, dead: str) -> None:
    left, held = make_marked(tmp_path / "x-left", dead.strip()), tmp_path / "x-held"
    make_marked(held, owned_folders.name_this_process())
    other, fresh = make_marked(tmp_path / "y-left", dead.strip()), tmp_path / "x-fresh"
    fresh.mkdir()
    (tmp_path / "x-link").symlink_to(other)
    owned_folders.remove_abandoned_folders(tmp_path, "x-")
    assert not left.exists()
    assert held.exists()
    assert other.exists()
    assert fresh.exists()


def test_what_others_call_so_too_is_left_to_them(tmp_path: Path, dead: str) -> None:
    left, old = make_marked(tmp_path / "pymp-a", dead.strip()), tmp_path / "pymp-b"
    old.mkdir()
    os.utime(old, (0, 0))
    owned_folders.remove_abandoned_folders(tmp_path, "pymp-", marked_only=True)
    assert (left.exists(), old.exists()) == (False, True)
    owned_folders.remove_abandoned_folders(tmp_path, "pymp-")
    assert not old.exists()


def test_the_folder_of_an_ssh_that_was_killed_is_removed_by_the_next(
    tmp_path: Path, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # noqa: S108 - where it would be for a short name
    left = Path("/tmp") / f"dckgrade-ssh-{tmp_path.name[-20:]}"  # noqa: S108
    make_marked(left, dead.strip())
    made = tunnel.make_short_folder()
    assert made.exists()
    assert not left.exists()
    (made / "owner").unlink()
    made.rmdir()


def test_the_folder_of_a_class_that_was_killed_is_removed_by_the_next(tmp_path: Path, dead: str) -> None:
    left = make_marked(tmp_path / "pymp-left", dead.strip())
    program = (
        "from pathlib import Path; import sys\n"
        "from dckgrade.classroom.machine_process import start_fork_server\n"
        "start_fork_server([])\n"
        "print(*[path.name for path in Path(sys.argv[1]).glob('pymp-*/owner')])\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(
        words, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["owner"]
    assert not left.exists()
    assert list(tmp_path.glob(f"{machine_process._FOLDER_PREFIX}*")) == []
