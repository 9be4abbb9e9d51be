"""Kind `image-files`: which of some paths an image holds."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe, observation_key
from dckgrade.probes.docker.image_layers import MAX_SIZE_BYTES, is_hidden, iter_matches, list_layers
from dckgrade.probes.docker.image_lookup import (
    NO_SUCH_IMAGE,
    FoundImage,
    ImageName,
    find_image,
)
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, find_container
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ImagePath = Annotated[str, Meta(pattern=r"^/[^\x00-\x1f]*[^\x00-\x1f/]$", max_length=200)]

MAX_ANYWHERE = 10
FileName = Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]+$", max_length=100)]


class Facts(Struct, frozen=True, kw_only=True):
    """What of the paths is there: a file, a folder or a link."""

    name: str
    found: list[str]
    """Those of the paths, then the files of the given names, wherever they lie."""
    looked: int
    """How many paths were looked for."""
    via: Literal["container", "created"]
    """In a container of the image that was there, or in one of our own that was never started."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom de l'image", en="image name"),
    "found": Text(fr="chemins présents dans l'image", en="paths in the image"),
    "looked": Text(fr="nombre de chemins cherchés", en="number of paths looked for"),
    "via": Text(fr="voie de l'observation", en="way of looking"),
}


WORDS: Mapping[str, ValueWords] = {
    "via": {
        "container": Text(fr="par un conteneur existant", en="through an existing container"),
        "created": Text(fr="par un conteneur créé pour cela", en="through a container created for it"),
    },
}


class ImageFiles(Probe, frozen=True, kw_only=True, tag="image-files"):
    """
    Look for the paths of *any_of* in the image called *name*.

    What a later layer hides is not there; `image-layers` sees it. In a container that was made from the image
    this is a plain reading; without one a container is created, never started, and removed.
    """

    name: ImageName
    container: ContainerName | None = None
    """A container of that image; one of another image is not looked at."""
    any_of: Annotated[list[ImagePath], Meta(min_length=1, max_length=40)]
    anywhere: Annotated[list[FileName], Meta(min_length=1, max_length=10)] | None = None
    """Names of files, looked for in every folder of an image of up to 64 MB; `*` and `?` are allowed."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_IMAGE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the paths are chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {
        "name": "mon-app:1.0",
        "container": "app",
        "any-of": ["/usr/bin/gcc", "/src"],
    }

    def observe(self, engine: Engine) -> Observation:
        """Ask for each path."""
        try:
            image = find_image(engine, self.name)
            container = self.container and find_container_of_image(engine, self.container, image)
            found = (
                [path for path in self.any_of if has_path(engine, container, path)]
                if container
                else list(engine.stat_image_paths(image.id, self.any_of))
            )
            elsewhere = list_paths_anywhere(engine, image, self.anywhere or ())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("image-files", trouble)
        facts = Facts(
            name=image.name,
            found=[*found, *(path for path in elsewhere if path not in found)],
            looked=len(self.any_of),
            via="container" if container else "created",
        )
        return Seen(kind="image-files", facts=msgspec.to_builtins(facts))

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings tell of the paths alone."""
        without = msgspec.structs.replace(self, anywhere=None)
        return super().recall(recorded) or recorded.get(observation_key(without))


def list_paths_anywhere(engine: Engine, image: FoundImage, names: Sequence[str]) -> list[str]:
    """Return the paths of files of these names that no later layer hides; none where it cannot be read."""
    if not names or int(image.inspected.get("Size") or 0) > MAX_SIZE_BYTES:
        return []
    try:
        layers = list_layers(engine.export_image(image.id, ()))
    except OutOfReach:
        return []
    found = {path for at, path in iter_matches(layers, names) if not is_hidden(layers[at + 1 :], path)}
    return sorted(found)[:MAX_ANYWHERE]


def find_container_of_image(engine: Engine, name: str, image: FoundImage) -> str | None:
    """Return the id of the container called *name* if it was made from the image."""
    try:
        inspected = engine.inspect_container(find_container(engine, name).id)
    except NotThere:
        return None
    return str(inspected.get("Id")) if image.id and inspected.get("Image") == image.id else None


def has_path(engine: Engine, container: str, path: str) -> bool:
    """Return whether a container holds a path."""
    try:
        engine.read_path_stat(container, path)
    except NotThere:
        return False
    return True
