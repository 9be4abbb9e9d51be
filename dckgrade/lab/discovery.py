"""Find lab files: built in, in the user's folders, in installed packages. Imports nothing heavy."""

import os
import re
import sys
from functools import cache
from pathlib import Path

from dckgrade.i18n import N_, UserError
from dckgrade.lab.problem import guess_nearest_word
from dckgrade.typography import typeset

ALL_LABS = "all"
"""Instead of a lab's id: every lab."""
LAB_SUFFIX = ".yaml"
PACKAGE_LABS_GROUP = "dckgrade.labs"
"""The group of entry points by which an installed package offers labs."""
LABS_VARIABLE = "DCKGRADE_LABS"
"""Folders of the user's own labs, separated as PATH is."""

MAX_TITLE_HEAD_CHARS = 4096
"""Characters of a lab's file in which its title is looked for."""


class NoSuchLab(UserError):
    """A lab's name that is no lab."""


def find_builtin_folder() -> Path:
    """Return the folder of the labs that came with this dckgrade."""
    package = Path(__file__).parents[1]
    installed = package / "checks"
    return installed if installed.is_dir() else package.parent / "checks"


def list_lab_paths() -> dict[str, Path]:
    """List the labs there are as id → file, without reading any: the user's own win over installed ones."""
    return (
        list_labs_in_folders(*find_package_folders())
        | list_labs_in_folders(find_builtin_folder())
        | list_labs_in_folders(*find_user_folders())
    )


def get_lab_path(name: str) -> Path | None:
    """Find a lab by its id; looking for installed packages of labs takes time, and comes last."""
    near = list_labs_in_folders(find_builtin_folder()) | list_labs_in_folders(*find_user_folders())
    return near.get(name) or list_labs_in_folders(*find_package_folders()).get(name)


def read_lab_title(path: Path, lang: str) -> str:
    """Read a lab's title and nothing else of it; nothing where it does not stand before the checks."""
    import yaml

    try:
        head = path.read_text(encoding="utf-8")[:MAX_TITLE_HEAD_CHARS]
        head = re.split(r"^(?:checks|sheet):", head, maxsplit=1, flags=re.MULTILINE)[0]
        return typeset(str(yaml.load(head, yaml.CSafeLoader)["title"][lang]), lang)
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return ""


def list_labs_in_folders(*folders: Path) -> dict[str, Path]:
    """List the labs in *folders*; a later folder wins."""
    return {
        name.removesuffix(LAB_SUFFIX): folder / name for folder in folders for name in list_lab_files(folder)
    }


def list_lab_files(folder: Path) -> list[str]:
    """List the names of the labs' files in *folder*, in alphabetical order; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name.endswith(LAB_SUFFIX))
    except OSError:
        return []


def find_user_folders() -> list[Path]:
    """Return the folders that `--labs` or DCKGRADE_LABS names; raises `NoSuchLab` for one that is none."""
    folders = [Path(name) for name in os.environ.get(LABS_VARIABLE, "").split(os.pathsep) if name]
    for folder in folders:
        if not folder.is_dir():
            raise NoSuchLab(N_("There is no folder {path} of labs."), path=folder)
    return folders


@cache
def find_package_folders() -> list[Path]:
    """Return the folders of installed packages with an entry point in PACKAGE_LABS_GROUP."""
    if not any(may_offer_labs(folder or os.curdir) for folder in sys.path):
        return []
    # Late: it takes as long as all the rest of a short command, and few install packages of labs.
    from importlib.metadata import entry_points

    offered = entry_points(group=PACKAGE_LABS_GROUP)
    return [folder for entry in offered for folder in list_folders_of_package(entry.value)]


def list_folders_of_package(name: str) -> list[Path]:
    """List the folders of the package with this dotted name; nothing of it is imported."""
    from importlib.util import find_spec

    top, *below = name.split(".")
    if not all(part.isidentifier() for part in (top, *below)):
        return []
    try:
        # Of a dotted name it would import the packages around.
        spec = find_spec(top)
    except (ImportError, ValueError):
        return []
    return [Path(folder, *below) for folder in (spec and spec.submodule_search_locations) or ()]


def may_offer_labs(folder: str) -> bool:
    """Return whether a package that is installed in *folder* names PACKAGE_LABS_GROUP."""
    try:
        with os.scandir(folder) as entries:
            described = [entry.path for entry in entries if entry.name.lower().endswith("-info")]
    except NotADirectoryError:  # an archive, which only the library looks into
        return True
    except OSError:
        return False
    return any(PACKAGE_LABS_GROUP in read_entry_points(Path(path)) for path in described)


def read_entry_points(described: Path) -> str:
    """Return the entry points of the package that the folder *described* describes, as they are written."""
    try:
        return (described / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def fold_lab_name(name: str) -> str:
    """Leave out of a lab's name what people write in different ways: capitals, spaces, hyphens, dots."""
    return re.sub(r"[\s._-]+", "", name.casefold())


def find_typed_lab_path(name: str) -> Path:
    """Find a lab by its id as people type it, `TP5` or `tp-5`; `NoSuchLab` where there is none."""
    return get_typed_lab_path(name) or find_lab_path(name)


def get_typed_lab_path(name: str) -> Path | None:
    """Find a lab by its id as people type it; None where there is none."""
    return get_lab_path(name) or {fold_lab_name(lab): path for lab, path in list_lab_paths().items()}.get(
        fold_lab_name(name)
    )


def find_lab_path(name: str) -> Path:
    """Find a lab by its id; `NoSuchLab` with the nearest one otherwise."""
    if found := get_lab_path(name):
        return found
    known = list_lab_paths()
    if near := guess_nearest_word(name, known):
        raise NoSuchLab(N_("There is no lab “{name}”."), N_("Did you mean {near}?"), name=name, near=near)
    raise NoSuchLab(
        N_("There is no lab “{name}”."), N_("Available: {known}."), name=name, known=", ".join(known)
    )
