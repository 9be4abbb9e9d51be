"""A lab's name → its file. Light on purpose: help and completion list the labs and read none."""

from pathlib import Path

from dckgrade.lab.problem import nearest
from dckgrade.words import N_, Trouble


class NoSuchLab(Trouble):
    """A lab's name that is no lab."""


def shelf() -> Path:
    """Give the folder of the labs that came with this dckgrade."""
    package = Path(__file__).parents[1]
    installed = package / "checks"
    return installed if installed.is_dir() else package.parent / "checks"


def lab_paths(folder: Path | None = None) -> dict[str, Path]:
    """List the labs of *folder*, by default the shelf's, as id → file, without reading any."""
    return {path.stem: path for path in sorted((folder or shelf()).glob("*.yaml"))}


def find(name: str) -> Path:
    """Find a lab by its id; `NoSuchLab` with the nearest one otherwise."""
    known = lab_paths()
    if name in known:
        return known[name]
    if near := nearest(name, known):
        raise NoSuchLab(N_("There is no lab “{name}”."), N_("Did you mean {near}?"), name=name, near=near)
    raise NoSuchLab(
        N_("There is no lab “{name}”."), N_("These there are: {known}."), name=name, known=", ".join(known)
    )
