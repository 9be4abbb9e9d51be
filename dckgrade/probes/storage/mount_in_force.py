"""Kind `mount-in-force`: what the kernel has mounted at a path of a running container."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, add_missing_facts, get_fact
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.kernel_mounts import (
    READ_MOUNTS_COMMAND,
    KernelMount,
    parse_mountinfo,
    parse_mounts,
)
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, uptime_s
from dckgrade.probes.support.mount_points import (
    FOLDER_BIT,
    NOT_PLAIN_BITS,
    ContainerPath,
    expand_path,
    is_at_or_below,
)
from dckgrade.probes.support.reachability import is_running
from dckgrade.probes.support.supply import EACH_MOUNT, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, UnobservableReason
from dckgrade.report.text import Text

# Opening a file to append changes nothing, and a file that is not there is not made. Of a folder the dates
# would be set anew: of a read-only file system the kernel refuses that before it looks at anybody's rights.
TRY_WRITE_SCRIPT = '[ -f "$1" ] && : >> "$1"'
TRY_DATE_SCRIPT = '[ -d "$1" ] && touch -c "$1"'
READ_ONLY_MESSAGE = "Read-only file system"
MEMORY_FILESYSTEMS = {"tmpfs", "ramfs"}
KERNEL_FILESYSTEMS = {
    *("binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs"),
    *("fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "securityfs", "selinuxfs", "sysfs"),
    "tracefs",
}
"""They keep no files: what is written there is said to the kernel."""
MAX_WRITABLE = 10
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
    """True where writing was refused as on what is read-only: opening a file, setting the dates of a folder
    on the root file system. It is tried only where it should be refused; null: not tried, or not told, such
    as for want of rights."""
    writable_below: list[str] | None
    """Other mounts below the path that can be written and are on a disk: neither memory nor the kernel's."""
    by: Literal["proc", "exec"] | None
    """Told by the kernel of the engine's machine, or by a command in the container; null: by neither."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "container": Text(fr="nom du conteneur", en="container name"),
    "path": Text(fr="chemin", en="path"),
    "running": Text(fr="conteneur en marche", en="container running"),
    "mounted": Text(fr="montage à ce chemin", en="mount at this path"),
    "filesystem": Text(fr="système de fichiers", en="file system"),
    "read_only": Text(fr="lecture seule", en="read-only"),
    "size_kib": Text(fr="taille maximale", en="maximum size"),
    "refused_write": Text(fr="écriture refusée", en="write refused"),
    "writable_below": Text(fr="autres montages en écriture", en="other writable mounts"),
    "by": Text(fr="source de l'information", en="source of the information"),
    "command": Text(fr="commande exécutée", en="command run"),
}


WORDS: Mapping[str, ValueWords] = {
    "by": value_words.SOURCE_OF_STATUS,
    "filesystem": {
        "tmpfs": Text(fr="en mémoire (tmpfs)", en="in memory (tmpfs)"),
        None: Text(fr="aucun", en="none"),
    },
    "size_kib": {
        None: Text(fr="aucune", en="none"),
    },
    "mounted": {
        False: Text(fr="rien n'est monté à {path}", en="nothing is mounted at {path}"),
    },
    "read_only": {
        False: Text(fr="{path} est en écriture", en="{path} is writable"),
        None: Text(
            fr="on ne sait pas si {path} est en lecture seule", en="whether {path} is read-only is not known"
        ),
    },
}


class MountInForce(ContainerProbe, frozen=True, kw_only=True, tag="mount-in-force"):
    """
    Ask the kernel what is mounted at *destination* in the container called *container*.

    Where the engine's processes are this machine's, `/proc` tells; else `cat` is run in the container. On
    what is read-only, `sh` tries to write: it opens a file for appending, or sets the dates of a folder.
    """

    destination: ContainerPath

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_MOUNT
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers", "destination": "/cache"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read the mounts of what runs, and try to write."""
        path = expand_path(self.destination, inspected)
        if not is_running(inspected):
            return build_facts(subject.name, path, [], None)
        by, mounts = read_kernel_mounts(engine, subject.id)
        mount = find_kernel_mount(path, mounts)
        if mount is None:
            raise OutOfReach(UnobservableReason.NOT_TRIED, f"{READ_MOUNTS_COMMAND[0]}: {by}")
        refused = is_write_refused(engine, subject.id, path, mount) if "ro" in mount.options else None
        return build_facts(subject.name, path, mounts, by, refused=refused)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings were all made by a command, and do not tell of other mounts."""
        seen = super().recall(recorded)
        by = "exec" if get_fact(seen, "command") else None
        return add_missing_facts(seen, writable_below=None, by=by)

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """A container that was just started is waited for by those that it serves."""
        return uptime_s(inspected, now)


def read_kernel_mounts(engine: Engine, container: str) -> tuple[Literal["proc", "exec"], list[KernelMount]]:
    """Return the mounts of a running container, and who told of them."""
    try:
        return "proc", parse_mountinfo(engine.read_process_file(container, "mountinfo"))
    except (NotThere, OutOfReach):
        return "exec", parse_mounts(engine.run_command(container, READ_MOUNTS_COMMAND).output)


def build_facts(
    name: str,
    path: str,
    mounts: Sequence[KernelMount],
    by: Literal["proc", "exec"] | None,
    *,
    refused: bool | None = None,
) -> Facts:
    """Put the kernel's mounts into facts; none: the container does not run."""
    mount = find_kernel_mount(path, mounts)
    return Facts(
        container=name,
        path=path,
        running=mount is not None,
        mounted=mount is not None and mount.destination == path,
        filesystem=mount.filesystem if mount else None,
        read_only="ro" in mount.options if mount else None,
        size_kib=parse_size_kib(mount.options) if mount else None,
        refused_write=refused,
        writable_below=list_writable_below(path, mounts) if mount else None,
        by=by,
        command=" ".join(READ_MOUNTS_COMMAND) if by == "exec" else "",
    )


def list_writable_below(path: str, mounts: Sequence[KernelMount]) -> list[str]:
    """List the mount points below *path* where files on a disk can be written."""
    not_on_disk = MEMORY_FILESYSTEMS | KERNEL_FILESYSTEMS
    return sorted(
        {
            mount.destination
            for mount in mounts
            if mount.destination != path
            and is_at_or_below(mount.destination, path)
            and "ro" not in mount.options
            and mount.filesystem not in not_on_disk
        }
    )[:MAX_WRITABLE]


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


def is_write_refused(engine: Engine, container: str, path: str, mount: KernelMount) -> bool | None:
    """Return True where what is there cannot be written because of the mount; None: not told."""
    try:
        mode = engine.read_path_stat(container, path)["mode"]
        # An engine may mount a volume anew, and writable, at any moment (`find_kernel_mount`); not the root.
        if mode & FOLDER_BIT and mount.destination == "/":
            script = TRY_DATE_SCRIPT
        elif mode & NOT_PLAIN_BITS:
            return None
        else:
            script = TRY_WRITE_SCRIPT
        ran = engine.run_command(container, ("sh", "-c", script, "sh", path))
    except (NotThere, OutOfReach):
        return None
    return READ_ONLY_MESSAGE in ran.output or None
