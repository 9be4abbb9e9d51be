"""Kind `kept-data`: a file in a container, and whether it is older than the container that it is in."""

import posixpath
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, add_missing_facts
from dckgrade.probes.storage.archives import ArchiveDamaged, read_members
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, parse_timestamp, uptime_s
from dckgrade.probes.support.mount_points import (
    LINK_BIT,
    NOT_PLAIN_BITS,
    PERMISSION_BITS,
    ContainerPath,
    MountType,
    expand_path,
    find_mount_of,
    get_own_name,
    inspect_volume_of,
    list_mount_points,
)
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.observation import Observation, UnobservableReason
from dckgrade.report.text import Text

MAX_LINKS, MAX_FILE_BYTES, TRIES = 5, 8 * 1024 * 1024, 2
PROJECT_LABEL = "com.docker.compose.project"
STEADY_CREATED_AT_SINCE = 23
"""Before Docker 23.0 `CreatedAt` of a volume is the time of its folder's last change (moby#44725)."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is at the path; what is in the container's memory is never there."""

    container: str
    path: str
    """The path asked for, its variable replaced and its links followed."""
    exists: bool
    type: MountType
    """What it lies on; none: the container's own layer."""
    volume: str | None
    """The volume on which it lies, without the prefix that Compose puts before its name."""
    size: int | None
    mode: int | None
    """Its permissions as a number, 420 for `rw-r--r--`."""
    uid: int | None
    """Its owner; null for what is no plain file, or a large one."""
    changed_s_ago: float | None
    """How many seconds ago it was changed last."""
    older_than_container: bool | None
    """Whether it was last changed before the container was created."""
    older_than_volume: bool | None
    """Whether its last change was before its volume was created; null before Docker 23.0."""
    from_image: bool | None
    """Whether the image has the same file there, so that Docker may have copied it; null: not told."""
    survived: bool | None
    """Whether it has outlived the container in which it was written: on a volume or a folder, older than the
    container, not the image's, not put there with an old date. Null where that is not told."""
    older_than_network: bool | None
    """Whether it was last changed before Compose made the network of the container's project, which only
    taking the project down removes. Null where the container is on no such network."""
    outlived_project: bool | None
    """Whether it has survived, and is older than the project's network too, where there is one."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="container name"),
    "path": Text(fr="chemin", en="path"),
    "exists": Text(fr="fichier présent", en="file present"),
    "type": Text(fr="nature du montage", en="mount type"),
    "volume": Text(fr="volume", en="volume"),
    "size": Text(fr="taille", en="size"),
    "mode": Text(fr="droits", en="permissions"),
    "uid": Text(fr="numéro du propriétaire", en="owner number"),
    "changed_s_ago": Text(fr="temps depuis la dernière écriture", en="time since the last write"),
    "older_than_container": Text(fr="plus ancien que le conteneur", en="older than the container"),
    "older_than_volume": Text(fr="plus ancien que son volume", en="older than its volume"),
    "from_image": Text(fr="copié de l'image", en="copied from the image"),
    "survived": Text(fr="données d'un conteneur précédent", en="data of an earlier container"),
    "older_than_network": Text(
        fr="plus ancien que le réseau du projet", en="older than the network of the project"
    ),
    "outlived_project": Text(
        fr="données d'avant la suppression du projet", en="data from before the project was taken down"
    ),
}


WORDS: Mapping[str, ValueWords] = {
    "type": value_words.MOUNT_TYPE,
    "volume": {
        None: Text(fr="aucun", en="none"),
    },
    "uid": {
        0: Text(fr="root (0)", en="root (0)"),
        None: Text(fr="inconnu", en="not known"),
    },
    "changed_s_ago": {
        None: Text(fr="jamais", en="never"),
    },
    "exists": {
        False: Text(fr="{path} n'existe pas dans le conteneur", en="{path} does not exist in the container"),
    },
    "survived": {
        False: Text(
            fr="les données ne viennent pas d'un conteneur précédent",
            en="the data do not come from an earlier container",
        ),
        None: Text(
            fr="on ne sait pas si les données viennent d'un conteneur précédent",
            en="whether the data come from an earlier container is not known",
        ),
    },
    "outlived_project": {
        False: Text(
            fr="les données ne datent pas d'avant la suppression du projet",
            en="the data are not from before the project was taken down",
        ),
        None: Text(
            fr="on ne sait pas si les données ont survécu à la suppression du projet",
            en="whether the data outlived the project is not known",
        ),
    },
}


class KeptData(ContainerProbe, frozen=True, kw_only=True, tag="kept-data"):
    """
    Look at the file *path* in the container called *container*, running or not.

    Where times alone do not tell whether the file is the image's, a container of that image is created,
    looked into and removed; with `--passive` that remains untold.
    """

    path: ContainerPath
    otherwise: ContainerPath | None = None
    """Where another image keeps such a file: looked at where nothing is at *path*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    units: ClassVar[Mapping[str, Unit]] = {"size": "bytes"}
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the file that proves it is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver", "path": "$PGDATA/PG_VERSION"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Ask for its size and times, then for its owner, then for the image's own."""
        for wanted in [self.path, *([self.otherwise] if self.otherwise else [])]:
            try:
                path, stat = follow_links(engine, subject.id, expand_path(wanted, inspected))
            except NotThere:
                continue
            return build_facts(engine, subject, inspected, path, stat)
        return build_facts(engine, subject, inspected, self.path)

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return the container's age: what it writes may be waited for."""
        return uptime_s(inspected, now)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Recordings of before do not tell of the project's network."""
        return add_missing_facts(super().recall(recorded), older_than_network=None, outlived_project=None)


def follow_links(engine: Engine, container: str, path: str) -> tuple[str, Json]:
    """Return where the path leads, and what is there; raises `NotThere` for a circle."""
    for _ in range(MAX_LINKS):
        stat = engine.read_path_stat(container, path)
        target = stat.get("linkTarget") or ""
        if not stat["mode"] & LINK_BIT or not target:
            return path, stat
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    raise NotThere(path)


def read_owner(engine: Engine, container: str, path: str, stat: Json) -> int | None:
    """
    Return the owner of a plain file, which the archive alone tells; None for what is none, too large or gone.

    Raises `OutOfReach` where the archive is not had: what could not be read is nobody's mistake.
    """
    if stat["mode"] & NOT_PLAIN_BITS or stat["size"] > MAX_FILE_BYTES:
        return None
    trouble = OutOfReach(UnobservableReason.UNREADABLE, path)
    for _ in range(TRIES):
        try:
            return read_members(engine.read_tree(container, path))[0].uid
        except NotThere:
            return None
        except OutOfReach as refusal:
            trouble = refusal
        except (ArchiveDamaged, IndexError):
            continue  # It was written to while it was read.
    raise trouble


def build_facts(
    engine: Engine, subject: FoundContainer, inspected: Json, path: str, stat: Json | None = None
) -> Facts:
    """Compare the times of file, container, volume and image; without *stat* nothing is at *path*."""
    mount = find_mount_of(path, list_mount_points(inspected))
    volume = inspect_volume_of(engine, mount)
    changed = parse_timestamp(stat["mtime"]) if stat else None
    created = parse_timestamp(str(inspected.get("Created") or ""))
    older = changed < created if changed else None
    from_image = is_from_image(engine, inspected, path, stat) if stat and older else False if stat else None
    older_than_volume = is_older_than_volume(engine, volume, changed) if changed else None
    kept = older is True and mount.type in {"volume", "bind"} and older_than_volume is not True
    survived = None if kept and from_image is None else kept and not from_image
    older_than_network = is_older_than_network(engine, inspected, changed) if changed else None
    return Facts(
        container=subject.name,
        path=path,
        exists=stat is not None,
        type=mount.type,
        volume=get_own_name(mount, volume),
        size=stat["size"] if stat else None,
        mode=stat["mode"] & PERMISSION_BITS if stat else None,
        uid=read_owner(engine, subject.id, path, stat) if stat else None,
        changed_s_ago=max(0.0, round((engine.now() - changed).total_seconds(), 1)) if changed else None,
        older_than_container=older,
        older_than_volume=older_than_volume,
        from_image=from_image,
        survived=survived,
        older_than_network=older_than_network,
        outlived_project=survived and older_than_network is not False,
    )


def is_older_than_network(engine: Engine, inspected: Json, changed: datetime) -> bool | None:
    """
    Return whether the oldest network of the container's Compose project was created after the last change.

    A network that was added to the file later on is younger, and was made without taking anything down.
    """
    project = ((inspected.get("Config") or {}).get("Labels") or {}).get(PROJECT_LABEL)
    names = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    created = [
        parse_timestamp(str(network["Created"]))
        for network in (engine.list_networks() if project else ())
        if (network.get("Labels") or {}).get(PROJECT_LABEL) == project
        and network["Name"] in names
        and network.get("Created")
    ]
    return changed < min(created) if created else None


def is_older_than_volume(engine: Engine, volume: Json, changed: datetime) -> bool | None:
    """Return whether the volume was created after the last change; None where the engine does not know."""
    major = (engine.engine.version or "").partition(".")[0]
    created = str(volume.get("CreatedAt") or "")
    if not major.isdecimal() or int(major) < STEADY_CREATED_AT_SINCE or not created:
        return None
    return changed < parse_timestamp(created)


def is_from_image(engine: Engine, inspected: Json, path: str, stat: Json) -> bool | None:
    """Return whether the container's image has the same file at *path*; None where that is not told."""
    ref = str(inspected.get("Image") or "")
    try:
        # No file of an image was changed after the image came here; when it was built says nothing of that.
        came = str((engine.inspect_image(ref).get("Metadata") or {}).get("LastTagTime") or "")
        if came and parse_timestamp(stat["mtime"]) > parse_timestamp(came) and parse_timestamp(came).year > 1:
            return False
        own = engine.stat_image_paths(ref, [path]).get(path)
    except NotThere:
        return False
    except OutOfReach:
        return None
    return own is not None and (own["size"], own["mtime"]) == (stat["size"], stat["mtime"])
