"""Find lab files: built in, in the user's folders, in installed packages. Imports nothing heavy."""

import os
import re
from functools import cache
from pathlib import Path

from dckgrade.i18n import N_, UserError
from dckgrade.lab.problem import guess_nearest_word

ALL_LABS = "all"
"""Instead of a lab's id: every lab."""
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
        return str(yaml.load(head, yaml.CSafeLoader)["title"][lang])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return ""


def list_labs_in_folders(*folders: Path) -> dict[str, Path]:
    """List the labs in *folders*; a later folder wins."""
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def find_user_folders() -> list[Path]:
    """Return the folders that `--labs` or DCKGRADE_LABS names; raises `NoSuchLab` for one that is none."""
    folders = [Path(name) for name in os.environ.get(LABS_VARIABLE, "").split(os.pathsep) if name]
    for folder in folders:
        if not folder.is_dir():
            raise NoSuchLab(N_("There is no folder {path} of labs."), path=folder)
    return folders


@cache
def find_package_folders() -> list[Path]:
    """Return the folders of installed packages with an entry point in the group `dckgrade.labs`."""
    # Late: it takes as long as all the rest of a short command.
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    specs = (find_spec(entry.value) for entry in entry_points(group="dckgrade.labs"))
    return [Path(folder) for spec in specs if spec for folder in spec.submodule_search_locations or ()]


def find_lab_path(name: str) -> Path:
    """Find a lab by its id; `NoSuchLab` with the nearest one otherwise."""
    if found := get_lab_path(name):
        return found
    known = list_lab_paths()
    if near := guess_nearest_word(name, known):
        raise NoSuchLab(N_("There is no lab “{name}”."), N_("Did you mean {near}?"), name=name, near=near)
    raise NoSuchLab(
        N_("There is no lab “{name}”."), N_("These there are: {known}."), name=name, known=", ".join(known)
    )
