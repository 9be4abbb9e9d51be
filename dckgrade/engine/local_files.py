"""Read files of this machine: plain ones, inside their folder, and up to a size limit."""

import contextlib
import os
import stat
from pathlib import Path

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.report.observation import UnobservableReason

MAX_FILE_BYTES = 256 * 1024
APPARMOR_FOLDER = Path("/etc/apparmor.d")
PROC_FOLDER = Path("/proc")
MAX_JSON_REPORTS, MAX_JSON_REPORT_BYTES = 5, 16 * 1024 * 1024


def read_workdir_file(workdir: Path, name: str) -> bytes:
    """Read a file of the folder; a link may lead elsewhere inside, and never out."""
    try:
        folder = workdir.resolve(strict=True)
        path = (folder / name).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(name) from None
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {type(error).__name__}") from error
    if not path.is_relative_to(folder):
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} leads out of the working folder")
    try:
        return read_plain_file(path, name)
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error


def read_process_label(proc_folder: Path, pid: object, container: str) -> str:
    """
    Read the AppArmor label of process *pid*.

    Raises `NotThere` if it is not a process of *container*: the engine may be in a VM, with pids of its own.
    """
    process_folder = proc_folder / str(pid)
    try:
        if container not in (process_folder / "cgroup").read_text():
            raise NotThere(container)
        return (process_folder / "attr" / "current").read_text().strip("\0\n")
    except (OSError, ValueError):
        raise NotThere(container) from None


def read_newest_json(workdir: Path) -> list[tuple[str, bytes | None]]:
    """Return name and content of the newest `*.json` files of the folder; None: it cannot be read."""
    with contextlib.suppress(OSError):
        plain_files = [path for path in workdir.glob("*.json") if path.is_file() and not path.is_symlink()]
        newest = sorted(plain_files, key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_JSON_REPORTS]
        return [(path.name, read_if_readable(path, MAX_JSON_REPORT_BYTES)) for path in newest]
    return []


def read_if_readable(path: Path, max_bytes: int) -> bytes | None:
    """Return the content of a file; None if it is too large or may not be read."""
    try:
        return read_plain_file(path, path.name, max_bytes)
    except (OSError, OutOfReach):
        return None


def read_plain_file(path: Path, name: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a plain file of *max_bytes* at most; *name* is for the error message."""
    # Not blocking: a pipe that nobody writes to would stop the run.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} is not a file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} is larger than {max_bytes // 1024} KiB")
    return content
