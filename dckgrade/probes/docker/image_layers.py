"""Kind `image-layers`: what lies in each layer of an image, also what a later one hides."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.engine.saved_image import LayerContent, SavedArchive
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.image_lookup import NO_SUCH_IMAGE, ImageName, find_image
from dckgrade.probes.docker.secret_words import WorkFile, read_secret_words
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_SIZE_BYTES = 64 * 1000 * 1000
"""Larger images are not asked for: the engine writes a copy of the whole image first."""
MAX_PATHS = 10


class Facts(Struct, frozen=True, kw_only=True):
    """What was found in the layers; contents of files are never kept."""

    name: str
    size_bytes: int
    read: bool
    """Whether the layers were looked into; false: the image is too large for that."""
    layers: int
    """How many were read."""
    found: list[str]
    """The paths that match, in whichever layer: the first ten."""
    removed_later: list[str]
    """Those of them that a later layer hides: no container shows them, the image still holds them."""
    holders: list[str]
    """The files in which a secret value stands, whatever they are called."""
    words_known: bool
    """Whether the file whose secret values are looked for was read."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom de l'image", en="image name"),
    "size_bytes": Text(fr="taille de l'image", en="image size"),
    "read": Text(fr="couches lues", en="layers read"),
    "layers": Text(fr="nombre de couches lues", en="number of layers read"),
    "found": Text(fr="fichiers trouvés dans les couches", en="files found in the layers"),
    "removed_later": Text(fr="fichiers cachés par une couche plus haute", en="files hidden by a later layer"),
    "holders": Text(fr="fichiers qui contiennent un secret", en="files that hold a secret"),
    "words_known": Text(fr="fichier de secrets lu", en="file of secrets read"),
}


WORDS: Mapping[str, ValueWords] = {
    "read": {
        False: Text(
            fr="les couches de l'image n'ont pas pu être lues", en="the image's layers could not be read"
        ),
    },
}


class ImageLayers(Probe, frozen=True, kw_only=True, tag="image-layers"):
    """
    Look for *patterns* in every layer of the image called *name*.

    A pattern with a slash is a whole path, one without a name at any depth; `*` and `?` are allowed. The
    image is read as `docker save` would write it, as a stream: up to 64 MB.
    """

    name: ImageName
    patterns: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(min_length=1, max_length=30)
    ]
    words_of: WorkFile | None = None
    """A file of the working folder, `NAME=value` on each line: its secret values are looked for too."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_SUCH_IMAGE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the patterns are chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"name": "mon-app:1.0", "patterns": [".env", "*.pem"]}

    def observe(self, engine: Engine) -> Observation:
        """Read the image as a stream, if it is small enough."""
        try:
            image = find_image(engine, self.name)
            size = int(image.inspected.get("Size") or 0)
            words = read_secret_words(engine, self.words_of)
            archive = engine.export_image(image.id, words or ()) if size <= MAX_SIZE_BYTES else None
            layers = list_layers(archive) if archive else []
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("image-layers", trouble)
        found = list(iter_matches(layers, self.patterns))
        facts = Facts(
            name=image.name,
            size_bytes=size,
            read=archive is not None,
            layers=len(layers),
            found=sorted({path for _, path in found})[:MAX_PATHS],
            removed_later=sorted({path for at, path in found if is_hidden(layers[at + 1 :], path)})[
                :MAX_PATHS
            ],
            holders=sorted({f"/{path}" for layer in layers for path in layer.holders})[:MAX_PATHS],
            words_known=words is not None,
        )
        return Seen(kind="image-layers", facts=msgspec.to_builtins(facts))


def list_layers(archive: SavedArchive) -> list[LayerContent]:
    """Return the layers, the lowest first; raises `OutOfReach` where one could not be read."""
    layers = archive.images[0].layers if len(archive.images) == 1 else ()
    readable = [layer for layer in layers if layer]
    if not layers or len(readable) < len(layers):
        raise OutOfReach(UnobservableReason.UNREADABLE, f"an image's archive: {archive.kind}")
    return readable


def iter_matches(layers: Sequence[LayerContent], patterns: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the number of the layer and the path of what matches: of a folder, not what is in it."""
    for at, layer in enumerate(layers):
        for path in layer.paths:
            if any(matches(path, pattern) for pattern in patterns):
                yield at, f"/{path}"


def matches(path: str, pattern: str) -> bool:
    """Return whether a path without a slash before it matches a pattern."""
    if "/" in pattern:
        return fnmatchcase(path, pattern.strip("/"))
    return fnmatchcase(path.rpartition("/")[2], pattern)


def is_hidden(later: Sequence[LayerContent], path: str) -> bool:
    """Return whether one of the *later* layers removes a path, or a folder in which it is."""
    bare = path.strip("/")
    folders = ["/".join(bare.split("/")[:depth]) for depth in range(1, bare.count("/") + 1)]
    hiding = {bare, *folders, *(f"{folder}/" for folder in ("", *folders))}
    return any(hiding.intersection(layer.removed) for layer in later)
