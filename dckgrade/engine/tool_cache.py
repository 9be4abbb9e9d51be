"""Find a tool and read what it keeps on this machine, in the trainee's environment. Nothing is run."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.observation import UnobservableReason

MAX_CACHE_FILE_BYTES = 64 * 1024 * 1024
ROOT_HOME = Path("/root")
PROGRAM_FOLDERS = ("/usr/local/bin", "/snap/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin")
"""Where programs are installed whose PATH is set only in some shells: by hand, snap, Homebrew."""
HOME_PROGRAM_FOLDERS = ("bin", ".local/bin", "go/bin")
WORKDIR_PROGRAM_FOLDERS = (".", "bin")
"""An install script without arguments leaves the program in `./bin` of the current folder."""
_SETTING_PATTERN = compile_lazily(
    r"""^cache:[ \t]*\n(?:[ \t]+.*\n)*?[ \t]+dir:[ \t]*["']?([^"'\s#]+)""", re.MULTILINE
)


def has_program(name: str, environment: Mapping[str, str] | None, workdir: Path | None) -> bool:
    """Whether a program of that name is on the PATH, or where installers leave it without changing it."""
    variables = get_environment(environment)
    folders = [Path(folder) for folder in PROGRAM_FOLDERS if environment is None]
    if home := variables.get("HOME"):
        folders += [Path(home, folder) for folder in HOME_PROGRAM_FOLDERS]
    if workdir:
        folders += [workdir / folder for folder in WORKDIR_PROGRAM_FOLDERS]
    path = os.pathsep.join([variables.get("PATH", ""), *map(str, folders)])
    return shutil.which(name, path=path) is not None


def read_cache_file(folder: Path, name: str) -> bytes:
    """Read *name* in a folder of a cache."""
    try:
        return local_files.read_plain_file(folder / name, name, MAX_CACHE_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise NotThere(name) from None
    except PermissionError:
        raise OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL) from None
    except OSError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error


def find_cache_folders(
    tool: str, environment: Mapping[str, str] | None, workdir: Path | None
) -> dict[str, Path]:
    """
    Find where a cache may be, by the name that may be shown.

    It has `~` for the home folder, so that it does not tell who the trainee is.
    """
    home = get_environment(environment).get("HOME") or ""
    workdir = workdir.absolute() if workdir else None
    found: dict[str, Path] = {}
    for folder in iter_cache_folders(tool, environment, workdir):
        if folder not in found.values():
            found[show_folder(folder, home, workdir)] = folder
    return found


def show_folder(folder: Path, home: str, workdir: Path | None) -> str:
    """Name a folder as its owner would type it."""
    if workdir and folder.is_relative_to(workdir):
        return f"./{folder.relative_to(workdir).as_posix()}"
    if home and folder.is_relative_to(home):
        return f"~/{folder.relative_to(home).as_posix()}"
    return str(folder)


def iter_cache_folders(
    tool: str, environment: Mapping[str, str] | None, workdir: Path | None
) -> Iterator[Path]:
    """Yield what variables, settings, Go's `os.UserCacheDir` and snap say, then those in the folder."""
    variables = get_environment(environment)
    if own := variables.get(f"{tool.upper()}_CACHE_DIR"):
        yield Path(own)
    if workdir and (setting := read_cache_setting(workdir / f"{tool}.yaml")):
        yield workdir / setting
    if shared := variables.get("XDG_CACHE_HOME"):
        yield Path(shared) / tool
    if local := variables.get("LOCALAPPDATA"):
        yield Path(local) / tool
    if home := variables.get("HOME"):
        library = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
        yield Path(home, *library, tool)
        snap = Path(home, "snap", tool, "common", ".cache", tool)
        if snap.parents[2].exists():
            yield snap
    if workdir:
        yield from (folder for folder in local_files.iter_folders(workdir) if looks_like_cache(folder, tool))
    if environment is None and has_program(tool, None, workdir):
        yield from iter_foreign_homes(tool)


def looks_like_cache(folder: Path, tool: str) -> bool:
    """Whether a folder has the parts of Trivy's cache, or is closed to us and called like one."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return tool in folder.name or "cache" in folder.name
    names = {entry.name for entry in local_files.list_entries(folder)}
    return "fanal" in names or any(
        entry.name == f"{tool}.db" for entry in local_files.list_entries(folder / "db")
    )


def iter_foreign_homes(tool: str) -> Iterator[Path]:
    """Yield the caches of those whom sudo makes us, or the trainee, another user."""
    if os.name != "posix":
        return
    if os.geteuid() != 0:
        yield ROOT_HOME / ".cache" / tool
    elif (user := os.environ.get("SUDO_USER")) and (home := Path("~" + user).expanduser()).is_absolute():
        yield home / ".cache" / tool


def read_cache_setting(path: Path) -> str:
    """Return the cache folder that a configuration file of Trivy names; '' where it names none."""
    with suppress(OSError, OutOfReach):
        content = local_files.read_plain_file(path, path.name).decode(errors="replace")
        if found := _SETTING_PATTERN.search(content):
            return found[1]
    return ""


def get_environment(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return *environment*; None means our own."""
    return os.environ if environment is None else environment
