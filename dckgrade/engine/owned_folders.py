"""Temporary folders that say whose they are: what a killed process has left, a later one removes."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = "owner"
_UNMARKED_IS_OLD_AFTER_S = 60.0


@contextmanager
def make_owned_folder(prefix: str) -> Iterator[Path]:
    """
    Make a temporary folder that is removed at the end; one whose owner was killed, the next call removes.

    `owner` in it is the mark of that.
    """
    remove_abandoned_folders(Path(tempfile.gettempdir()), prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as made:
        mark_folder(Path(made))
        yield Path(made)


def mark_folder(folder: Path) -> None:
    """Mark the folder as this process's."""
    (folder / _MARK).write_text(name_this_process())


def remove_abandoned_folders(base: Path, prefix: str, *, marked_only: bool = False) -> None:
    """Remove the folders called so whose owner is dead; *marked_only* where others call theirs so too."""
    for folder in base.glob(f"{prefix}*"):
        if is_abandoned(folder) and not (marked_only and not (folder / _MARK).exists()):
            shutil.rmtree(folder, ignore_errors=True)


def is_abandoned(folder: Path) -> bool:
    """Return whether its owner is dead, or it was never marked and is old; never of another user's."""
    with contextlib.suppress(OSError):  # its owner may be removing it right now
        facts = folder.lstat()
        if not hasattr(os, "geteuid") or facts.st_uid != os.geteuid() or folder.is_symlink():
            return False
        if (folder / _MARK).exists():
            return not is_process_alive((folder / _MARK).read_text())
        # A neighbour may be between making its folder and marking it.
        return time.time() - facts.st_mtime > _UNMARKED_IS_OLD_AFTER_S
    return False


def name_this_process() -> str:
    """Name this process so that a later one with the same pid is not taken for it."""
    return f"{os.getpid()}-{read_start(os.getpid())}"


def is_process_alive(name: str) -> bool:
    """Return whether the process of that name runs; true where that cannot be told (no Linux)."""
    pid, _, started = name.partition("-")
    return not pid.isdecimal() or not Path("/proc/self/stat").exists() or read_start(int(pid)) == started


def read_start(pid: int) -> str:
    """Read when a process was started, in clock ticks since the machine was; '' for one that is not there."""
    return "".join(read_stat(pid)[19:20])


def read_stat(pid: int) -> list[str]:
    """Read the fields of proc(5)'s stat, those after the command's name; none where it is not there."""
    # The command name, between brackets, may hold spaces and brackets of its own.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []
