"""Read files of this machine: plain ones, inside their folder, and up to a size limit."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.engine.saved_image import SavedArchive, read_saved_archive
from dckgrade.report.observation import UnobservableReason

MAX_FILE_BYTES, MAX_VOLUME_FILE_BYTES = 256 * 1024, 64 * 1024 * 1024
MAX_LARGE_FILE_BYTES = 64 * 1024 * 1024
APPARMOR_FOLDER = Path("/etc/apparmor.d")
PROC_FOLDER = Path("/proc")
MAX_WORK_FILES, MAX_SNIFFED_FILES = 12, 200
MAX_WORK_FILE_BYTES, SNIFFED_BYTES = 16 * 1024 * 1024, 64 * 1024
MAX_IMAGE_FILE_BYTES = 2 * 1024 * 1024 * 1024
MAX_DEPTH, MAX_FOLDERS = 3, 300
"""How far below the working folder files and caches are looked for."""


def read_workdir_file(workdir: Path, name: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a file of the folder, of *max_bytes* at most; a link may lead elsewhere inside, and never out."""
    path = find_workdir_file(workdir, name)
    try:
        return read_plain_file(path, name, max_bytes)
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error


def find_workdir_file(workdir: Path, name: str) -> Path:
    """Return the path of a file of the folder, all links followed; raises as `read_workdir_file` does."""
    try:
        folder = workdir.resolve(strict=True)
        path = (folder / name).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(name) from None
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {type(error).__name__}") from error
    if not path.is_relative_to(folder):
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} leads out of the working folder")
    return path


def read_image_file(workdir: Path, name: str) -> SavedArchive:
    """Read a file of the folder that should be an image's archive; its layers are passed over."""
    path = find_workdir_file(workdir, name)
    try:
        with open_plain_file(path, name) as file:
            if os.fstat(file.fileno()).st_size > MAX_IMAGE_FILE_BYTES:
                raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} is too large to be read")
            return read_saved_archive(file, with_layers=False)
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error


def read_volume_file(folder: Path, name: str) -> bytes:
    """Read a file below a volume's folder, which links must not leave."""
    try:
        path = (folder / name).resolve(strict=True)
        if path.is_relative_to(folder.resolve()):
            return read_plain_file(path, name, MAX_VOLUME_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(name) from None
    except PermissionError:
        raise OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {type(error).__name__}") from error
    raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} leads out of the volume")


def read_process_file(proc_folder: Path, pid: object, container: str, name: str) -> str:
    """
    Read a file of process *pid*; `NotThere` also where it cannot be read, or not whole (256 KiB).

    Raises `NotThere` if it is not a process of *container*: the engine may be in a VM, with pids of its own.
    """
    process_folder = proc_folder / str(pid)
    try:
        if not container or container not in (process_folder / "cgroup").read_text():
            raise NotThere(container)
        with (process_folder / name).open(errors="replace") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError):
        raise NotThere(container) from None
    if len(content) > MAX_FILE_BYTES:
        raise NotThere(container)
    return content


def read_process_label(proc_folder: Path, pid: object, container: str) -> str:
    """Read the AppArmor label of process *pid*; raises as `read_process_file` does."""
    return read_process_file(proc_folder, pid, container, "attr/current").strip("\0\n")


def read_work_files(workdir: Path, is_wanted: Callable[[bytes], bool]) -> list[tuple[str, bytes | None]]:
    """
    Return name and content of the plain files in and below the folder whose beginning is wanted.

    The nearest come first, then the newest; hidden folders are left out. None: it is too large. A `*.json`
    that may not be read is wanted too: nobody knows what is in it.
    """
    folders = (folder for folder in iter_folders(workdir) if not is_hidden(folder.relative_to(workdir)))
    dated = [file for folder in folders for file in iter_dated_files(folder)]
    found: list[tuple[str, bytes | None]] = []
    for *_, path in sorted(dated)[:MAX_SNIFFED_FILES]:
        if len(found) < MAX_WORK_FILES and is_file_wanted(path, is_wanted):
            found.append((path.relative_to(workdir).as_posix(), read_if_readable(path, MAX_WORK_FILE_BYTES)))
    return found


def is_hidden(path: Path) -> bool:
    """Whether some folder of the path is hidden: a home holds programs' own files there, by the thousand."""
    return any(part.startswith(".") for part in path.parts)


def iter_dated_files(folder: Path) -> Iterator[tuple[int, float, Path]]:
    """Yield the plain files in a folder: by their depth, and the later they were changed, the earlier."""
    for entry in list_entries(folder):
        with contextlib.suppress(OSError):  # one may be removed meanwhile
            if entry.is_file(follow_symlinks=False):
                yield len(folder.parts), -entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)


def is_file_wanted(path: Path, is_wanted: Callable[[bytes], bool]) -> bool:
    """Whether the beginning of a file is wanted, or closed to us."""
    try:
        with path.open("rb") as file:
            return is_wanted(file.read(SNIFFED_BYTES))
    except PermissionError:
        return path.suffix == ".json"
    except OSError:
        return False


def iter_folders(top: Path) -> Iterator[Path]:
    """Yield the folder and those below it, the nearest first; links are not followed."""
    level, visited = [top], 0
    for _ in range(MAX_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            visited += 1
            if visited > MAX_FOLDERS:
                return
            yield folder
            below += [
                Path(entry.path) for entry in list_entries(folder) if entry.is_dir(follow_symlinks=False)
            ]
        level = below


def list_entries(folder: Path) -> list[os.DirEntry[str]]:
    """List what is in a folder, by name; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def read_if_readable(path: Path, max_bytes: int) -> bytes | None:
    """Return the content of a file; None if it is too large or may not be read."""
    try:
        return read_plain_file(path, path.name, max_bytes)
    except (OSError, OutOfReach):
        return None


def read_plain_file(path: Path, name: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a plain file of *max_bytes* at most; *name* is for the error message."""
    with open_plain_file(path, name) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} is larger than {max_bytes // 1024} KiB")
    return content


def open_plain_file(path: Path, name: str) -> BinaryIO:
    """Open a plain file to read it; raises `OutOfReach` for what is none, and `OSError`."""
    # Not blocking: a pipe that nobody writes to would stop the run.
    file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OutOfReach(UnobservableReason.UNREADABLE, f"{name} is not a file")
