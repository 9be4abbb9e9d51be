"""A lab's name → its file. Light on purpose: help and completion list the labs and read none."""

import os
from functools import cache
from pathlib import Path

from dckgrade.i18n import N_, UserError
from dckgrade.lab.problem import nearest

VARIABLE = "DCKGRADE_LABS"
"""Folders of the user's own labs, separated as PATH is."""

HEAD = 4096
"""Characters of a lab's file in which its title is looked for."""


class NoSuchLab(UserError):
    """A lab's name that is no lab."""


def shelf() -> Path:
    """Give the folder of the labs that came with this dckgrade."""
    package = Path(__file__).parents[1]
    installed = package / "checks"
    return installed if installed.is_dir() else package.parent / "checks"


def lab_paths() -> dict[str, Path]:
    """List the labs there are as id → file, without reading any: the user's own win over installed ones."""
    return labs_of(*of_packages()) | labs_of(shelf()) | labs_of(*of_user())


def lab_path(name: str) -> Path | None:
    """Find a lab by its id; looking for installed packages of labs takes time, and comes last."""
    near = labs_of(shelf()) | labs_of(*of_user())
    return near.get(name) or labs_of(*of_packages()).get(name)


def title(path: Path, lang: str) -> str:
    """Read a lab's title and nothing else of it; nothing where it does not stand before the checks."""
    import yaml

    try:
        head = path.read_text(encoding="utf-8")[:HEAD].partition("\nchecks:")[0]
        return str(yaml.load(head, yaml.CSafeLoader)["title"][lang])
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return ""


def labs_of(*folders: Path) -> dict[str, Path]:
    """List the labs in *folders*; a later folder wins."""
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def of_user() -> list[Path]:
    """Give the folders that `--labs` or DCKGRADE_LABS names; raises `NoSuchLab` for one that is none."""
    folders = [Path(one) for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]
    for folder in folders:
        if not folder.is_dir():
            raise NoSuchLab(N_("There is no folder {path} of labs."), path=folder)
    return folders


@cache
def of_packages() -> list[Path]:
    """Give the folders of installed packages with an entry point in the group `dckgrade.labs`."""
    # Late: it takes as long as all the rest of a short command.
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    specs = (find_spec(one.value) for one in entry_points(group="dckgrade.labs"))
    return [Path(folder) for spec in specs if spec for folder in spec.submodule_search_locations or ()]


def find(name: str) -> Path:
    """Find a lab by its id; `NoSuchLab` with the nearest one otherwise."""
    if found := lab_path(name):
        return found
    known = lab_paths()
    if near := nearest(name, known):
        raise NoSuchLab(N_("There is no lab “{name}”."), N_("Did you mean {near}?"), name=name, near=near)
    raise NoSuchLab(
        N_("There is no lab “{name}”."), N_("These there are: {known}."), name=name, known=", ".join(known)
    )
