"""Kind `registry-image`: whether a registry really holds the image that this engine knows by its name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost
from dckgrade.probes.image_registry.references import (
    NamedImage,
    Reference,
    list_named_images,
    parse_reference,
)
from dckgrade.probes.image_registry.settings import read_registry_settings
from dckgrade.probes.image_registry.storage import StoredImage, find_signature, find_stored_image
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import (
    ContainerName,
    FoundContainer,
    find_container,
    parse_timestamp,
    uptime_s,
)
from dckgrade.probes.support.mount_points import (
    MountType,
    describe_others,
    find_mount_of,
    get_own_name,
    inspect_volume_of,
    list_mount_points,
)
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

MAX_OTHERS, MAX_TRIED = 10, 8
_ID_PATTERN = compile_lazily(r"(?:sha256:)?[0-9a-f]{1,64}")


class Facts(Struct, frozen=True, kw_only=True):
    """The image by its name here, and what the registry's own storage says of it."""

    container: str
    name: str | None
    """HOST:PORT, by which images call the registry; null where none does."""
    image: str | None
    """Its whole name, HOST:PORT/repository:tag; null where no image's name leads to this registry."""
    held: bool
    """Whether the registry holds an image under that name."""
    digest: str | None
    """The digest of what it holds."""
    local: bool
    """Whether this engine has the image under that name."""
    same: bool | None
    """Whether this engine has sent or fetched just what the registry holds; null where either has none."""
    user: str | None
    """The container that *user* means; null without one."""
    user_state: str | None
    """Docker's word for it: running, exited…"""
    user_image: str | None
    """The name of the image by which that container was started."""
    user_runs_it: bool
    """Whether it was started by a name of this registry, or by the image's id, from just what the registry
    holds."""
    storage: str
    """The folder in which the registry keeps its images."""
    storage_type: MountType
    """On what that folder lies; none: the container's own layer."""
    volume: str | None
    """The volume, without the prefix that Compose puts before its name; null for what is no volume."""
    anonymous: bool
    """A volume that Docker named itself."""
    other_mounts: list[str]
    """The container's other mounts with a name: `data:/var/lib`."""
    older_than_container: bool | None
    """Whether the image was sent before the registry's container was created; null without an image."""
    signed: bool
    """Whether cosign has put a signature beside it; who signed is not verified."""
    signature_fits: bool | None
    """Whether that signature is of the very digest; null without one."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="container name"),
    "name": Text(fr="nom donné par les images", en="name that images use"),
    "image": Text(fr="nom complet de l'image", en="full name of the image"),
    "held": Text(fr="image présente dans le registre", en="image in the registry"),
    "digest": Text(fr="empreinte dans le registre", en="digest in the registry"),
    "local": Text(fr="image présente sur le moteur", en="image on the engine"),
    "same": Text(fr="même empreinte des deux côtés", en="same digest on both sides"),
    "user": Text(fr="conteneur qui l'utilise", en="container that uses it"),
    "user_state": Text(fr="état de ce conteneur", en="state of that container"),
    "user_image": Text(fr="image de ce conteneur", en="image of that container"),
    "user_runs_it": Text(fr="conteneur lancé depuis le registre", en="container run from the registry"),
    "storage": Text(fr="dossier des images", en="folder of the images"),
    "storage_type": Text(fr="nature du montage", en="mount type"),
    "volume": Text(fr="volume", en="volume"),
    "anonymous": Text(fr="volume anonyme", en="anonymous volume"),
    "other_mounts": Text(fr="autres montages", en="other mounts"),
    "older_than_container": Text(fr="plus ancienne que le conteneur", en="older than the container"),
    "signed": Text(fr="signature cosign présente", en="signature of cosign's present"),
    "signature_fits": Text(fr="signature de cette empreinte", en="signature of this digest"),
}


WORDS: Mapping[str, ValueWords] = {
    "user_state": value_words.CONTAINER_STATUS,
    "storage_type": value_words.MOUNT_TYPE,
    "held": {
        False: Text(fr="l'image n'est pas dans le registre", en="the image is not in the registry"),
    },
    "same": {
        False: Text(
            fr="l'image du moteur et celle du registre diffèrent",
            en="the image on the engine and the one in the registry differ",
        ),
        None: Text(
            fr="les deux images ne peuvent pas être comparées", en="the two images cannot be compared"
        ),
    },
    "user_runs_it": {
        False: Text(
            fr="aucun conteneur en marche ne vient de l'image du registre",
            en="no running container comes from the registry's image",
        ),
    },
    "anonymous": {
        True: Text(fr="les images sont dans un volume anonyme", en="the images are in an anonymous volume"),
    },
    "older_than_container": {
        False: Text(
            fr="l'image est plus récente que le conteneur du registre",
            en="the image is newer than the registry's container",
        ),
        None: Text(
            fr="on ne sait pas si l'image est plus ancienne que le conteneur du registre",
            en="whether the image is older than the registry's container is not known",
        ),
    },
}


class RegistryImage(ContainerProbe, frozen=True, kw_only=True, tag="registry-image"):
    """
    Look for the image in the storage of the registry in *container*, running or not: no account is needed.

    The image is the one by which the container called *user* was started, else the one that this engine has
    sent or fetched. Nothing is asked of the registry, and nothing sent or fetched.
    """

    user: ContainerName | None = None

    image: ClassVar[str | None] = "registry"
    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur nommé {asked}, ni aucun registre d'images, n'a été trouvé",
        en="neither a container named {asked} nor an image registry was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="registry")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "held": DraftedFact({True: Text(fr="garde une image", en="holds an image")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "registry", "user": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Choose the image, look into the storage, compare."""
        folder = read_registry_settings(engine, inspected).folder
        user = find_user(engine, self.user)
        named, stored = choose_image(
            engine, subject.id, folder, list_named_images(engine, inspected), get_user_image(user)
        )
        digests = read_digests(engine, named.reference.name, named.reference) if named else None
        mount = find_mount_of(folder, mounts := list_mount_points(inspected))
        signature = (
            find_signature(engine, subject.id, folder, named.reference, stored.digest)
            if named and stored
            else None
        )
        created = parse_timestamp(str(inspected.get("Created") or ""))
        return Facts(
            container=subject.name,
            name=named.reference.registry if named else None,
            image=named.reference.name if named else None,
            held=stored is not None,
            digest=stored.digest if stored else None,
            local=digests is not None,
            same=stored.digest in digests if stored and digests is not None else None,
            user=str(user.get("Name") or "").lstrip("/") if user else None,
            user_state=str((user.get("State") or {}).get("Status") or "") if user else None,
            user_image=get_user_image(user) or None,
            user_runs_it=bool(user and stored and runs_digest(engine, user, named, stored)),
            storage=folder,
            storage_type=mount.type,
            volume=get_own_name(mount, inspect_volume_of(engine, mount)),
            anonymous=mount.is_anonymous,
            other_mounts=list(describe_others(mounts, mount))[:MAX_OTHERS],
            older_than_container=stored.sent_at < created if stored else None,
            signed=signature is not None,
            signature_fits=signature.digest == stored.digest if signature and stored else None,
        )

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return the registry's age."""
        return uptime_s(inspected, now)


def find_user(engine: Engine, name: str | None) -> Json | None:
    """Inspect the container called *name*; None without one."""
    try:
        return engine.inspect_container(find_container(engine, name).id) if name else None
    except NotThere:
        return None


def get_user_image(user: Json | None) -> str:
    """Return the name of the image by which a container was started."""
    return str(((user or {}).get("Config") or {}).get("Image") or "")


def choose_image(
    engine: Engine, container: str, folder: str, named: Sequence[NamedImage], preferred: str
) -> tuple[NamedImage | None, StoredImage | None]:
    """Return the name that is *preferred*, else the first that the registry holds, else the first."""
    wanted = parse_reference(preferred)
    first = [image for image in named if wanted and image.reference == wanted]
    ordered = [*first, *(image for image in named if image not in first)][:MAX_TRIED]
    for image in ordered:
        if stored := find_stored_image(engine, container, folder, image.reference):
            return image, stored
    return next(iter(ordered), None), None


def runs_digest(engine: Engine, user: Json, named: NamedImage | None, stored: StoredImage) -> bool:
    """Return whether a container was started by the name *named*, or by id, from what the registry holds."""
    asked = get_user_image(user)
    if named is None or not (parse_reference(asked) == named.reference or is_own_id(user, asked)):
        return False
    return stored.digest in (read_digests(engine, str(user.get("Image") or ""), named.reference) or ())


def is_own_id(user: Json, asked: str) -> bool:
    """Return whether *asked* is no name, but the id of the image of this container, or how that begins."""
    return bool(_ID_PATTERN.fullmatch(asked)) and str(user.get("Image") or "").removeprefix(
        "sha256:"
    ).startswith(asked.removeprefix("sha256:"))


def read_digests(engine: Engine, image: str, reference: Reference) -> Sequence[str] | None:
    """Return the digests by which the engine knows *image* in the repository; None where it has none such."""
    try:
        listed = engine.inspect_image(image).get("RepoDigests") or []
    except NotThere:
        return None
    return [text.partition("@")[2] for text in listed if text.startswith(f"{reference.place}@")]
