"""A folder and a name in, the bytes of that file out; nothing outside the folder, nothing large."""

import os
import stat
from pathlib import Path

from dckgrade.observation import Why
from dckgrade.world.port import NotThere, OutOfReach

AT_MOST = 256 * 1024
POLICY = Path("/etc/apparmor.d")
PROCESSES = Path("/proc")


def content(workdir: Path, name: str) -> bytes:
    """Read one file of the folder; a link may lead elsewhere inside, and never out."""
    try:
        home = workdir.resolve(strict=True)
        path = (home / name).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(name) from None
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise OutOfReach(Why.UNREADABLE, f"{name}: {type(error).__name__}") from error
    if not path.is_relative_to(home):
        raise OutOfReach(Why.UNREADABLE, f"{name} leads out of the working folder")
    try:
        return _read(path, name)
    except OSError as error:
        raise OutOfReach(Why.UNREADABLE, f"{name}: {error.strerror}") from error


def label(processes: Path, pid: object, container: str) -> str:
    """Read the AppArmor label of process *pid*, if it is that container's: the engine may be in a VM."""
    one = processes / str(pid)
    try:
        if container not in (one / "cgroup").read_text():
            raise NotThere(container)
        return (one / "attr" / "current").read_text().strip("\0\n")
    except (OSError, ValueError):
        raise NotThere(container) from None


def _read(path: Path, name: str) -> bytes:
    # Not blocking: a pipe that nobody writes to would hold the run up.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OutOfReach(Why.UNREADABLE, f"{name} is not a file")
        found = file.read(AT_MOST + 1)
    if len(found) > AT_MOST:
        raise OutOfReach(Why.UNREADABLE, f"{name} is larger than {AT_MOST // 1024} KiB")
    return found
