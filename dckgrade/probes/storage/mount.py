"""Kind `mount`: on what a path of a container lies, as it was asked for: a volume, a folder, memory."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import FoundContainer, count_edits, uptime_s
from dckgrade.probes.support.mount_points import (
    ContainerPath,
    MountType,
    describe_others,
    expand_path,
    find_mount_of,
    get_own_name,
    inspect_volume_of,
    is_in_memory,
    list_mount_points,
)
from dckgrade.probes.support.supply import EACH_MOUNT, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

MAX_OTHERS, MAX_TYPING_EDITS = 10, 3
"""A destination that is nearly the one asked for: `/srv,ro` for `/srv`."""


class Facts(Struct, frozen=True, kw_only=True):
    """The mount on which the path lies: there, or at a folder above it."""

    container: str
    path: str
    """The path asked for, its variable replaced."""
    type: MountType
    """none: the path lies in the container's own layer, which goes with it."""
    destination: str
    """Where it is mounted; empty for none."""
    name: str | None
    """The volume's whole name; null for what is no volume."""
    volume: str | None
    """The same without the prefix that Compose puts before it; null for what is no volume."""
    source: str | None
    """The same for two mounts of one volume, file or folder, and of no others: a digest. Null for memory."""
    anonymous: bool
    """A volume that Docker named itself: no other container will find it."""
    writable: bool
    in_memory: bool
    """A tmpfs, or a volume that is one: lost with its last container."""
    size_bytes: int | None
    """The limit of a tmpfs; null without one."""
    volumes_from: bool
    """Whether the container takes over another one's mounts (`--volumes-from`)."""
    others: list[str]
    """The container's other mounts with a name, as `-v` is given them: `data:/var/lib`, `bind:/etc/x`."""
    nearest: str | None
    """The destination of another mount that is nearly the path; null where there is none."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="container name"),
    "path": Text(fr="chemin", en="path"),
    "type": Text(fr="nature du montage", en="mount type"),
    "destination": Text(fr="point de montage", en="mount point"),
    "name": Text(fr="nom complet du volume", en="full name of the volume"),
    "volume": Text(fr="volume", en="volume"),
    "source": Text(fr="origine du montage", en="source of the mount"),
    "anonymous": Text(fr="volume anonyme", en="anonymous volume"),
    "writable": Text(fr="montage en écriture", en="mounted writable"),
    "in_memory": Text(fr="contenu en mémoire", en="content in memory"),
    "size_bytes": Text(fr="taille maximale", en="maximum size"),
    "volumes_from": Text(fr="montages d'un autre conteneur", en="another container's mounts"),
    "others": Text(fr="autres montages", en="other mounts"),
    "nearest": Text(fr="montage voisin", en="nearby mount"),
}


WORDS: Mapping[str, ValueWords] = {
    "type": value_words.MOUNT_TYPE,
    "name": {
        None: Text(fr="aucun", en="none"),
    },
    "volume": {
        None: Text(fr="aucun", en="none"),
    },
    "anonymous": {
        True: Text(fr="le volume est anonyme", en="the volume is anonymous"),
    },
    "in_memory": {
        True: Text(fr="le contenu n'est gardé qu'en mémoire", en="the content is kept in memory only"),
    },
    "writable": {
        True: Text(fr="le montage est en écriture", en="the mount is writable"),
    },
}


class Mount(ContainerProbe, frozen=True, kw_only=True, tag="mount"):
    """Tell on what *destination* lies in the container called *container*, running or not."""

    destination: ContainerPath

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur nommé {asked} n'a été trouvé, ou il n'a pas de tel chemin",
        en="no container named {asked} was found, or it has no such path",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_MOUNT
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "type": DraftedFact(
            {
                "bind": Text(
                    fr="monte un fichier ou un dossier de la machine sur {destination}",
                    en="mounts a file or folder of the machine's at {destination}",
                ),
                "tmpfs": Text(fr="garde {destination} en mémoire", en="keeps {destination} in memory"),
            }
        ),
        "volume": DraftedFact(
            Text(fr="monte le volume {value} sur {destination}", en="mounts volume {value} at {destination}")
        ),
        "writable": DraftedFact({False: Text(fr="ne peut pas y écrire", en="cannot write there")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver", "destination": "/data"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read the mounts; of a volume ask for its labels and options."""
        path, mounts = expand_path(self.destination, inspected), list_mount_points(inspected)
        mount = find_mount_of(path, mounts)
        volume = inspect_volume_of(engine, mount)
        others = [other for other in mounts if other is not mount]
        return Facts(
            container=subject.name,
            path=path,
            type=mount.type,
            destination=mount.destination,
            name=mount.source if mount.type == "volume" else None,
            volume=get_own_name(mount, volume),
            source=digest_source(f"{mount.type}:{mount.source}") if mount.source else None,
            anonymous=mount.is_anonymous,
            writable=mount.writable,
            in_memory=is_in_memory(mount, volume),
            size_bytes=mount.size_bytes,
            volumes_from=bool((inspected.get("HostConfig") or {}).get("VolumesFrom")),
            others=list(describe_others(mounts, mount))[:MAX_OTHERS],
            nearest=find_nearest_destination(path, [other.destination for other in others]),
        )

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """A container that was just started is waited for by those that it serves."""
        return uptime_s(inspected, now)


def digest_source(source: str) -> str:
    """Return a digest: the path of a folder is the trainee's own."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def find_nearest_destination(path: str, destinations: list[str]) -> str | None:
    """Return the destination that is nearly *path*, misspelt or with options in it; None without one."""
    near = [
        (edits, destination)
        for destination in destinations
        if (edits := count_edits(path, destination, MAX_TYPING_EDITS)) <= MAX_TYPING_EDITS
    ]
    return min(near)[1] if near else None
