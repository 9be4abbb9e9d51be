"""Kind `mount-in-force`: what the kernel has mounted at a path of a running container."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.storage.mount_points import NOT_PLAIN_BITS, ContainerPath, expand_path, is_at_or_below
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.kernel_mounts import READ_MOUNTS_COMMAND, KernelMount, parse_mounts
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, uptime_s
from dckgrade.probes.support.reachability import is_running
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

# Opening a file to append changes nothing, and a file that is not there is not made.
TRY_WRITE_SCRIPT = '[ -f "$1" ] && : >> "$1"'
READ_ONLY_MESSAGE = "Read-only file system"
KIB = 1024
_UNITS = {"": 1 / KIB, "k": 1, "m": KIB, "g": KIB**2}


class Facts(Struct, frozen=True, kw_only=True):
    """What is in force; of a container that does not run nothing is."""

    container: str
    path: str
    running: bool
    mounted: bool
    """Whether something is mounted at the path itself; else the rest is told of what it lies on."""
    filesystem: str | None
    """Such as tmpfs, ext4, overlay."""
    read_only: bool | None
    size_kib: int | None
    """The limit of a tmpfs; null without one."""
    refused_write: bool | None
    """True where opening the file there for writing was refused as on what is read-only. It is tried only of
    a file, and where it should be refused; null: not tried, or not told, such as for want of rights."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="name of the container"),
    "path": Text(fr="chemin", en="path"),
    "running": Text(fr="conteneur en marche", en="container running"),
    "mounted": Text(fr="montage à ce chemin", en="mount at this path"),
    "filesystem": Text(fr="système de fichiers", en="file system"),
    "read_only": Text(fr="lecture seule", en="read-only"),
    "size_kib": Text(fr="taille maximale (Kio)", en="maximum size (KiB)"),
    "refused_write": Text(fr="écriture refusée", en="write refused"),
    "command": Text(fr="commande exécutée", en="command run"),
}


class MountInForce(ContainerProbe, frozen=True, kw_only=True, tag="mount-in-force"):
    """
    Ask the kernel what is mounted at *destination* in the container called *container*.

    This runs `cat` in the container; on what is read-only, `sh` tries to open the file there for appending.
    """

    destination: ContainerPath

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers", "destination": "/cache"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Run the commands where the container runs."""
        path = expand_path(self.destination, inspected)
        if not is_running(inspected):
            return build_facts(subject.name, path, None)
        ran = engine.run_command(subject.id, READ_MOUNTS_COMMAND)
        mount = find_kernel_mount(path, parse_mounts(ran.output))
        if mount is None:
            raise OutOfReach(UnobservableReason.NOT_TRIED, f"{READ_MOUNTS_COMMAND[0]}: {ran.exit_code}")
        refused = is_write_refused(engine, subject.id, path) if "ro" in mount.options else None
        return build_facts(subject.name, path, mount, refused=refused)

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """A container that was just started is waited for by those that it serves."""
        return uptime_s(inspected, now)


def build_facts(name: str, path: str, mount: KernelMount | None, *, refused: bool | None = None) -> Facts:
    """Put a line of the kernel's into facts; None: the container does not run."""
    return Facts(
        container=name,
        path=path,
        running=mount is not None,
        mounted=mount is not None and mount.destination == path,
        filesystem=mount.filesystem if mount else None,
        read_only="ro" in mount.options if mount else None,
        size_kib=parse_size_kib(mount.options) if mount else None,
        refused_write=refused,
        command=" ".join(READ_MOUNTS_COMMAND) if mount else "",
    )


def find_kernel_mount(path: str, mounts: Sequence[KernelMount]) -> KernelMount | None:
    """
    Return the mount on which *path* lies; of several at one place the first is the container's own.

    While an engine reads files out of a running container, it mounts its volumes again on top, for a moment
    and writable (seen of 20.10); Docker itself refuses two mounts in one place.
    """
    fitting = [mount for mount in mounts if is_at_or_below(path, mount.destination)]
    return max(fitting, key=lambda mount: len(mount.destination), default=None)


def parse_size_kib(options: Sequence[str]) -> int | None:
    """Return the limit of a tmpfs, which the kernel writes in KiB; None without one."""
    for option in options:
        if found := re.fullmatch(r"size=(\d{1,15})([kmg]?)", option):
            return round(int(found[1]) * _UNITS[found[2]])
    return None


def is_write_refused(engine: Engine, container: str, path: str) -> bool | None:
    """Return True where a file there cannot be opened for writing because of the mount; None: not told."""
    try:
        if engine.read_path_stat(container, path)["mode"] & NOT_PLAIN_BITS:
            return None
        ran = engine.run_command(container, ("sh", "-c", TRY_WRITE_SCRIPT, "sh", path))
    except (NotThere, OutOfReach):
        return None
    return READ_ONLY_MESSAGE in ran.output or None
