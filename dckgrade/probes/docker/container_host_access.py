"""Kind `container-host-access`: what of its machine a container was given."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer
from dckgrade.probes.support.namespaces import Shared, list_shared_namespaces
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

ENGINE_SOCKETS = (
    *("/run/docker.sock", "/var/run/docker.sock"),
    *("/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"),
    *("/run/podman/podman.sock", "/var/run/podman/podman.sock"),
)
SOCKET_NAMES = {"docker.sock", "docker.raw.sock", "containerd.sock", "podman.sock"}
"""Wherever they lie: engines without root have theirs below /run/user or a home folder."""
SYSTEM_FOLDERS = {
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run"),
    *("/sbin", "/sys", "/usr", "/var", "/var/lib", "/var/log", "/var/run", "/Users"),
}
WHOLE_FOLDERS = (
    *("/bin", "/boot", "/lib/modules", "/proc", "/sbin", "/sys", "/usr/bin", "/usr/lib/modules", "/usr/sbin"),
    *("/etc/cron.d", "/etc/docker", "/etc/kubernetes", "/etc/pam.d", "/etc/ssh", "/etc/sudoers.d"),
    *("/etc/gshadow", "/etc/shadow", "/etc/sudoers", "/etc/systemd", "/var/spool/cron"),
    *("/var/lib/containerd", "/var/lib/docker", "/var/lib/kubelet"),
)
"""Those of which every part belongs to the machine or its engine, and single files that are as sensitive."""
HOME_PATTERN = re.compile(r"(/home|/Users)/[^/]+")
KEYS_PATTERN = re.compile(r".*/(\.(?:aws|gnupg|kube|ssh))(?:/.*)?")
"""Where somebody keeps keys, in whichever home."""
BINDING_OPTIONS = {"bind", "rbind"}
MAX_SHOWN, MAX_SHOWN_CHARS = 10, 100

EngineSocket = Literal["none", "mounted", "in-a-folder"]


class Facts(Struct, frozen=True, kw_only=True):
    """
    What the engine gave it. A read-only mount is told like any other.

    Nobody writes to the file of a socket: to connect is enough to command the engine.
    """

    name: str
    privileged: bool
    """`--privileged`: every capability and device, and no filter."""
    shares_with_machine: list[Shared]
    """The namespaces that are the machine's own, lent by another container or not: network, processes, ipc,
    names, users."""
    engine_socket: EngineSocket
    """none; mounted itself; in-a-folder: a folder that is mounted holds it."""
    socket_place: str
    """Where in the container that is; empty for none."""
    host_folders: list[str]
    """The machine's own folders that are mounted, such as /etc; of somebody's home only that it is one."""
    devices: list[str]
    """The machine's devices that it was given."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "privileged": Text(fr="mode privilégié", en="privileged mode"),
    "shares_with_machine": Text(
        fr="espaces partagés avec la machine", en="namespaces shared with the machine"
    ),
    "engine_socket": Text(fr="socket du moteur", en="socket of the engine"),
    "socket_place": Text(fr="emplacement du socket", en="place of the socket"),
    "host_folders": Text(fr="dossiers de la machine", en="folders of the machine"),
    "devices": Text(fr="périphériques de la machine", en="devices of the machine"),
}


WORDS: Mapping[str, ValueWords] = {
    "shares_with_machine": value_words.SHARED_NAMESPACES,
    "privileged": {
        True: Text(fr="le conteneur tourne en mode privilégié", en="the container runs in privileged mode"),
    },
    "engine_socket": {
        "none": Text(fr="aucun", en="none"),
        "mounted": Text(fr="monté dans le conteneur", en="mounted into the container"),
        "in-a-folder": Text(fr="présent dans un dossier monté", en="inside a mounted folder"),
    },
}


class ContainerHostAccess(ContainerProbe, frozen=True, kw_only=True, tag="container-host-access"):
    """Look at what of the engine's machine is in the container called *container*, running or not."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "engine_socket": DraftedFact(
            {"mounted": Text(fr="a le socket du moteur", en="has the socket of the engine")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read the options that the engine applied, and on what volumes lie."""
        host = inspected.get("HostConfig") or {}
        mounted = list(list_machine_paths(engine, inspected))
        socket, place = find_engine_socket(mounted, [*ENGINE_SOCKETS, *get_own_socket(engine)])
        devices = (str(entry.get("PathOnHost") or "") for entry in host.get("Devices") or [])
        return Facts(
            name=subject.name,
            privileged=bool(host.get("Privileged")),
            shares_with_machine=list_shared_namespaces(engine, inspected),
            engine_socket=socket,
            socket_place=place[:MAX_SHOWN_CHARS],
            host_folders=sorted(set(list_system_folders(source for source, _ in mounted)))[:MAX_SHOWN],
            devices=sorted({device[:MAX_SHOWN_CHARS] for device in devices if device})[:MAX_SHOWN],
        )


def get_own_socket(engine: Engine) -> list[str]:
    """Return the socket by which the engine is reached here; nothing where it is reached otherwise."""
    scheme, _, path = engine.engine.endpoint.partition("://")
    return [path] if scheme == "unix" and path.startswith("/") else []


def list_machine_paths(engine: Engine, inspected: Json) -> Iterator[tuple[str, str]]:
    """Yield each path of the machine that is mounted, with its place; a volume may stand for one, too."""
    for mount in inspected.get("Mounts") or []:
        place, source = str(mount.get("Destination") or ""), ""
        if mount.get("Type") == "bind":
            source = str(mount.get("Source") or "")
        elif mount.get("Type") == "volume" and mount.get("Name"):
            source = find_bound_folder(engine, str(mount["Name"]))
        if source.startswith("/"):
            # Docker Desktop shows the machine's own folders below another one.
            yield posixpath.normpath(source.removeprefix("/host_mnt") or "/"), place


def find_bound_folder(engine: Engine, volume: str) -> str:
    """Return the folder that a volume stands for (`--opt o=bind`); '' for one with its own, or removed."""
    try:
        options = engine.inspect_volume(volume).get("Options") or {}
    except NotThere:
        return ""
    is_bound = BINDING_OPTIONS.intersection(re.split("[, ]", str(options.get("o") or "")))
    return str(options.get("device") or "") if is_bound else ""


def find_engine_socket(
    mounted: Iterable[tuple[str, str]], sockets: Iterable[str]
) -> tuple[EngineSocket, str]:
    """Return how the engine's socket can be reached, and where in the container."""
    known = set(sockets)
    found: list[tuple[EngineSocket, str]] = [("none", "")]
    for source, place in mounted:
        if source in known or posixpath.basename(source) in SOCKET_NAMES:
            return "mounted", place
        if any(socket.startswith(source.rstrip("/") + "/") for socket in known):
            found.append(("in-a-folder", place))
    return found[-1]


def list_system_folders(sources: Iterable[str]) -> Iterator[str]:
    """Yield the folders of the machine among *sources*: where only part is mounted, the whole one's name."""
    for source in sources:
        whole = (folder for folder in WHOLE_FOLDERS if source == folder or source.startswith(folder + "/"))
        if folder := next(whole, ""):
            yield folder
        elif keys := KEYS_PATTERN.fullmatch(source):
            yield f"~/{keys[1]}"
        elif home := HOME_PATTERN.fullmatch(source):
            yield home[1]
        elif source in SYSTEM_FOLDERS:
            yield source
