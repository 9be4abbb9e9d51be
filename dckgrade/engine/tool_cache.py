"""Read what a tool keeps on this machine, in the trainee's environment. Nothing is run."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.report.observation import UnobservableReason

MAX_CACHE_FILE_BYTES = 64 * 1024 * 1024
ROOT_HOME = Path("/root")


def is_on_path(name: str, environment: Mapping[str, str] | None) -> bool:
    """Whether a program of that name is on the PATH."""
    return shutil.which(name, path=get_environment(environment).get("PATH")) is not None


def read_cache_file(tool: str, name: str, environment: Mapping[str, str] | None) -> bytes:
    """Read *name* from the first of the tool's folders that has it."""
    for folder in iter_cache_folders(tool, environment):
        try:
            return local_files.read_plain_file(folder / name, name, MAX_CACHE_FILE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            raise OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL) from None
        except OSError as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error
    if environment is None and may_belong_to_root(tool):
        raise OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL)
    raise NotThere(name)


def may_belong_to_root(tool: str) -> bool:
    """Whether the cache may be in root's home, which is closed to us: there is none in our own."""
    if any(folder.exists() for folder in iter_cache_folders(tool, None)):
        return False
    return ROOT_HOME.exists() and not os.access(ROOT_HOME, os.X_OK)


def iter_cache_folders(tool: str, environment: Mapping[str, str] | None) -> Iterator[Path]:
    """Yield where the cache may be: the tool's own variable, what Go's `os.UserCacheDir` says, snap."""
    variables = get_environment(environment)
    if own := variables.get(f"{tool.upper()}_CACHE_DIR"):
        yield Path(own)
    if shared := variables.get("XDG_CACHE_HOME"):
        yield Path(shared) / tool
    if home := variables.get("HOME"):
        library = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
        yield Path(home, *library, tool)
        yield Path(home, "snap", tool, "common", ".cache", tool)


def list_shown_folders(tool: str, environment: Mapping[str, str] | None) -> list[str]:
    """Return the same folders, with `~` for the home folder, so that they do not tell who the trainee is."""
    home = get_environment(environment).get("HOME") or "~"
    return [str(folder).replace(home, "~", 1) for folder in iter_cache_folders(tool, environment)][:3]


def get_environment(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return *environment*; None means our own."""
    return os.environ if environment is None else environment
