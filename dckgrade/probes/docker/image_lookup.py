"""Find the image that a lab names; failing that, the one that was meant."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import get_repository_name, is_near_miss
from dckgrade.report.text import Text

ImageName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$", max_length=200)]

ImageFoundBy = Literal["name", "near-miss"]
"""Exact name and tag; another tag, or a name that is nearly the same."""

NO_SUCH_IMAGE = Text(fr="aucune image nommée {asked} n'a été trouvée", en="no image named {asked} was found")
UNTAGGED = "<none>:<none>"


class FoundImage(Struct, frozen=True):
    """An image, as the engine describes it."""

    name: str
    found_by: ImageFoundBy
    inspected: Json

    @property
    def id(self) -> str:
        """Its id; '' where the engine tells none."""
        return str(self.inspected.get("Id") or "")


def find_image(engine: Engine, name: str, *, exactly: bool = False) -> FoundImage:
    """
    Find the image called *name*; failing that, unless *exactly*, one of the same repository, or of a name
    within two edits.

    Raises `NotThere` when there is none.
    """
    try:
        return FoundImage(name, "name", engine.inspect_image(name))
    except NotThere:
        if exactly:
            raise
    repository = get_repository_name(name)
    for tag in sorted(list_tags(engine), key=lambda tag: (get_repository_name(tag) != repository, tag)):
        if is_meant_by(name, tag):
            return FoundImage(tag, "near-miss", engine.inspect_image(tag))
    raise NotThere(name)


def list_tags(engine: Engine) -> list[str]:
    """List the names of all images."""
    return [tag for entry in engine.list_images() for tag in entry.get("RepoTags") or [] if tag != UNTAGGED]


def is_meant_by(wanted: str, tag: str) -> bool:
    """Return whether a tag is of the repository wanted, or of one called nearly the same."""
    left, right = get_repository_name(wanted), get_repository_name(tag)
    return left == right or is_near_miss(left, right)
