"""Kind `image-archive`: whether a file of the working folder is an image that others can load."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.engine.saved_image import ArchiveKind, Compression, SavedArchive
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.image_lookup import FoundImage, ImageName, find_image
from dckgrade.probes.docker.secret_words import WorkFile
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.product import is_podman
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

MAX_TAGS = 10
PODMAN_REGISTRY = "localhost/"


class Facts(Struct, frozen=True, kw_only=True):
    """What the file is, and which image is in it."""

    file: str
    """Its name: the one given, or the same with the ending of a compressed one."""
    kind: ArchiveKind
    """saved: `docker load` takes it. exported: a container's file system. oci: a layout that newer engines
    take. recoded: written by a terminal in UTF-16. cut: without its end."""
    compression: Compression
    tags: list[str]
    """The names that its images get when they are loaded."""
    has_tag: bool
    """Whether one of them is the name of the image."""
    images: int
    """How many images are in it."""
    has_image: bool | None
    """Whether the image that has this name now is in it; null when there is no such image."""
    platform: str
    """System and architecture of its first image, such as linux/amd64."""


LABELS: Mapping[str, Text] = {
    "file": Text(fr="fichier", en="file"),
    "kind": Text(fr="nature du fichier", en="file type"),
    "compression": Text(fr="compression", en="compression"),
    "tags": Text(fr="noms des images du fichier", en="names of the images in the file"),
    "has_tag": Text(fr="nom de l'image dans le fichier", en="name of the image in the file"),
    "images": Text(fr="nombre d'images dans le fichier", en="number of images in the file"),
    "has_image": Text(fr="image actuelle dans le fichier", en="present image in the file"),
    "platform": Text(fr="plate-forme de l'image", en="image platform"),
}


WORDS: Mapping[str, ValueWords] = {
    "kind": {
        "saved": Text(fr="image enregistrée par docker save", en="image written by docker save"),
        "oci": Text(fr="image au format OCI", en="image in OCI format"),
        "exported": Text(
            fr="système de fichiers d'un conteneur (docker export)",
            en="file system of a container (docker export)",
        ),
        "other-tar": Text(
            fr="archive d'autre chose qu'une image", en="archive of something other than an image"
        ),
        "not-a-tar": Text(fr="autre chose qu'une archive", en="not an archive"),
        "recoded": Text(fr="archive abîmée par le terminal", en="archive spoilt by the terminal"),
        "cut": Text(fr="archive incomplète", en="incomplete archive"),
        "empty": Text(fr="fichier vide", en="empty file"),
    },
    "compression": {
        "none": Text(fr="aucune", en="none"),
        "gzip": Text(fr="gzip", en="gzip"),
        "bzip2": Text(fr="bzip2", en="bzip2"),
        "xz": Text(fr="xz", en="xz"),
    },
    "has_tag": {
        False: Text(
            fr="le nom de l'image n'est pas dans le fichier", en="the image's name is not in the file"
        ),
    },
    "has_image": {
        False: Text(
            fr="l'image actuelle n'est pas dans le fichier", en="the present image is not in the file"
        ),
        None: Text(
            fr="on ne sait pas si l'image actuelle est dans le fichier",
            en="whether the present image is in the file is not known",
        ),
    },
}


class ImageArchive(Probe, frozen=True, kw_only=True, tag="image-archive"):
    """Look at *file* of the trainee's working folder, and whether the image called *image* is in it."""

    file: WorkFile
    image: ImageName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="le fichier {asked} n'est pas dans votre dossier de travail",
        en="the file {asked} is not in your working folder",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the archive is a file in the trainee's folder")
    example: ClassVar[Mapping[str, Any]] = {"file": "mon-app.tar", "image": "mon-app:1.0"}

    def observe(self, engine: Engine) -> Observation:
        """Read its index, and inspect the image."""
        try:
            file, archive = read_first_file(engine, self.file)
            image = find_present_image(engine, self.image)
            tags = [tag for saved in archive.images for tag in saved.tags]
            has_tag = bears_name(engine, tags, self.image)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("image-archive", trouble)
        facts = Facts(
            file=file,
            kind=archive.kind,
            compression=archive.compression,
            tags=tags[:MAX_TAGS],
            has_tag=has_tag,
            images=len(archive.images),
            has_image=holds_image(archive, image) if image else None,
            platform=next((saved.platform for saved in archive.images), ""),
        )
        return Seen(kind="image-archive", facts=msgspec.to_builtins(facts))


def read_first_file(engine: Engine, name: str) -> tuple[str, SavedArchive]:
    """Return the first file that is there, by its own name or packed, and what it is."""
    for candidate in list_file_names(name):
        try:
            return candidate, engine.read_image_file(candidate)
        except NotThere:
            continue
    raise NotThere(name)


def list_file_names(name: str) -> Iterator[str]:
    """Yield the name, then what a packed file of that name would be called."""
    yield name
    yield f"{name}.gz"
    yield f"{name.removesuffix('.tar')}.tgz"


def find_present_image(engine: Engine, name: str) -> FoundImage | None:
    """Return the image that has this very name now; None where none has."""
    try:
        return find_image(engine, name, exactly=True)
    except NotThere:
        return None


def bears_name(engine: Engine, tags: Sequence[str], name: str) -> bool:
    """Return whether one of the *tags* is *name*; Podman puts a registry of its own before what it built."""
    if name in map(shorten_name, tags):
        return True
    return PODMAN_REGISTRY + name in tags and is_podman(engine.inspect_engine())


def shorten_name(tag: str) -> str:
    """Return a name as `docker images` shows it: other tools write the registry of Docker out."""
    return tag.removeprefix("docker.io/").removeprefix("library/")


def holds_image(archive: SavedArchive, image: FoundImage) -> bool:
    """
    Return whether the archive holds the image.

    Its id is the digest of its settings; where containerd keeps the images, that of its manifest.
    """
    digests = {*archive.manifest_digests, *(saved.config_digest for saved in archive.images)}
    return image.id in digests
