"""A tool and the trainee's environment in, what that tool keeps on this machine out; nothing is run."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from dckgrade.engine import local_files
from dckgrade.engine.answers import OF_ANOTHER, NotThere, OutOfReach
from dckgrade.report.observation import UnobservableReason

AT_MOST = 64 * 1024 * 1024
ROOTS_HOME = Path("/root")


def program(name: str, environment: Mapping[str, str] | None) -> bool:
    """Say whether a program of that name is on the PATH."""
    return shutil.which(name, path=given(environment).get("PATH")) is not None


def content(tool: str, name: str, environment: Mapping[str, str] | None) -> bytes:
    """Read *name* from the first of the tool's folders that has it."""
    for folder in folders(tool, environment):
        try:
            return local_files.read(folder / name, name, AT_MOST)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            raise OutOfReach(UnobservableReason.NOT_TRIED, OF_ANOTHER) from None
        except OSError as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{name}: {error.strerror}") from error
    if environment is None and maybe_roots(tool):
        raise OutOfReach(UnobservableReason.NOT_TRIED, OF_ANOTHER)
    raise NotThere(name)


def maybe_roots(tool: str) -> bool:
    """Say whether all of it may be in root's home, which we cannot look into: there is nothing in our own."""
    if any(folder.exists() for folder in folders(tool, None)):
        return False
    return ROOTS_HOME.exists() and not os.access(ROOTS_HOME, os.X_OK)


def folders(tool: str, environment: Mapping[str, str] | None) -> Iterator[Path]:
    """List where the cache may be: the tool's own variable, what Go's `os.UserCacheDir` says, snap."""
    told = given(environment)
    if own := told.get(f"{tool.upper()}_CACHE_DIR"):
        yield Path(own)
    if shared := told.get("XDG_CACHE_HOME"):
        yield Path(shared) / tool
    if home := told.get("HOME"):
        library = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
        yield Path(home, *library, tool)
        yield Path(home, "snap", tool, "common", ".cache", tool)


def shown(tool: str, environment: Mapping[str, str] | None) -> list[str]:
    """Name the same folders without telling who the trainee is."""
    home = given(environment).get("HOME") or "~"
    return [str(folder).replace(home, "~", 1) for folder in folders(tool, environment)][:3]


def given(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    """Give what was given, else our own."""
    return os.environ if environment is None else environment
