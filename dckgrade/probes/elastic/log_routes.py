"""Find the routes by which containers' log lines may reach Logstash."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.probe_container_form import SENDING_DRIVERS
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support import reachability
from dckgrade.probes.support.candidates import inspect_candidates, is_orchestrated, runs_image_or_program
from dckgrade.probes.support.lookup import get_repository_name
from dckgrade.probes.support.service_settings import order_ports

DOCKER_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
SELF_READING_IMAGES = {"cadvisor", "node-exporter", "portainer", "portainer-ce"}
"""Programs that mount the engine's folders or its socket, and send no logs anywhere."""
JOURNAL_FOLDERS = ("/var/log/journal", "/run/log/journal")
"""Where the machine keeps its journal: a shipper that has it reads what the driver journald writes."""
KEEPING_DRIVERS = frozenset({"", "none", "json-file", "local", "db", "journald", "etwlogs"})
"""Log drivers that send nothing anywhere; any other does, a plugin's too."""
WEB_SERVERS = ("nginx", "httpd", "caddy")
"""Programs that may log a request for a page that there is not."""
HTTP_PORTS, MAX_HTTP_PORTS = (80, 8080), 4
SYSTEM_FOLDERS = ("/etc", "/proc", "/sys", "/dev", "/run", "/var/run", "/lib", "/usr/share/zoneinfo")
"""Folders of the machine that containers have in common without passing lines on in them."""
STORE_IMAGES = ("elasticsearch", "kibana")
"""Where lines end: none of these carries any."""
LOG_PORTS = {"5044", "5000", "514", "24224"}
"""Ports at which Logstash usually takes lines: a shipper on the machine may use one that is published."""
MAX_INSPECTED_CONTAINERS = 60
"""So many containers are inspected, the newest; a lab has ten."""


class LogSource(Struct, frozen=True):
    """A container whose lines are kept or sent in some way."""

    ref: str
    name: str
    image: str
    """The image's id."""
    running: bool
    is_web_server: bool
    ports: Sequence[int]
    """Its own TCP ports at which it may serve pages, the likeliest first."""
    driver: str
    log: Json
    """Its LogConfig."""
    error: str
    """The engine's own error when it could not be started because of that."""
    shares_files: bool
    """It writes to a volume or folder that another container has too: its log may be a file in there."""

    @property
    def sends(self) -> bool:
        """Return whether its driver sends lines away."""
        return self.driver not in KEEPING_DRIVERS

    @property
    def can_be_copied(self) -> bool:
        """Return whether a container of ours may be given the same driver and options."""
        return self.driver in SENDING_DRIVERS


class LogTailer(Struct, frozen=True):
    """A container that reads the files in which Docker keeps lines."""

    ref: str
    name: str
    folder: str
    """Where it has them."""
    running: bool
    logstash: bool


class LogRoutes(Struct, frozen=True):
    """What there is."""

    senders: Sequence[LogSource]
    reader: LogTailer | None
    socket: bool
    """Some container asks the engine for logs."""
    journal: bool
    """Some container reads the machine's journal."""
    taking: bool
    """Some container takes lines at a port of the machine: what sends them may be no container."""
    factory: str
    """The driver that the engine gives a container without one of its own."""

    @property
    def names(self) -> list[str]:
        """Name the ways: drivers, `files`, `volumes`, `engine`, `journal`, `machine`."""
        drivers = {source.driver for source in self.senders if source.sends} | (
            {self.factory} - KEEPING_DRIVERS
        )
        others = {
            "files": self.reader,
            "volumes": any(source.shares_files for source in self.senders),
            "engine": self.socket,
            "journal": self.journal,
            "machine": self.taking,
        }
        return [*sorted(drivers), *(name for name, there in others.items() if there)]


def survey_log_routes(engine: Engine) -> LogRoutes:
    """Inspect the engine's containers, and find the ways."""
    listed = sorted(
        (entry for entry in engine.list_containers() if not is_orchestrated(entry)),
        key=lambda entry: -int(entry.get("Created") or 0),
    )
    seen = [
        (entry, inspected)
        for entry, inspected in inspect_candidates(engine, listed[:MAX_INSPECTED_CONTAINERS])
        if not isinstance(inspected, Exception)
    ]
    info = engine.inspect_engine()
    root = str(info.get("DockerRootDir") or "/var/lib/docker")
    others = [
        (entry, inspected)
        for entry, inspected in seen
        if get_image_repository(inspected) not in SELF_READING_IMAGES
    ]
    carriers = [
        inspected
        for entry, inspected in others
        if not is_web_server(entry) and get_image_repository(inspected) not in STORE_IMAGES
    ]
    return LogRoutes(
        senders=[describe_log_source(entry, inspected, carriers) for entry, inspected in seen],
        reader=next(
            iter(sorted(iter_log_tailers(others, root), key=lambda tailer: not tailer.running)), None
        ),
        socket=any(
            place in DOCKER_SOCKETS for _, inspected in others for place in iter_mount_sources(inspected)
        ),
        journal=any(
            place.startswith(JOURNAL_FOLDERS)
            for _, inspected in others
            for place in iter_mount_sources(inspected)
        ),
        taking=any(
            key.partition("/")[0] in LOG_PORTS
            for _, inspected in seen
            for key in get_port_bindings(inspected)
        ),
        factory=str(info.get("LoggingDriver") or ""),
    )


def describe_log_source(entry: Json, inspected: Json, carriers: Sequence[Json]) -> LogSource:
    """Return how a container's lines are kept or sent, and whether one of *carriers* has its files."""
    state, log = inspected.get("State") or {}, (inspected.get("HostConfig") or {}).get("LogConfig") or {}
    error = str(state.get("Error") or "") if not state.get("Running") else ""
    return LogSource(
        ref=str(inspected.get("Id") or entry.get("Id") or ""),
        name=str(inspected.get("Name") or "").lstrip("/"),
        image=str(inspected.get("Image") or ""),
        running=reachability.is_running(inspected),
        is_web_server=is_web_server(entry),
        ports=order_ports(inspected, (), HTTP_PORTS, None)[:MAX_HTTP_PORTS],
        driver=str(log.get("Type") or ""),
        log={"Type": str(log.get("Type") or ""), "Config": dict(log.get("Config") or {})},
        error=error if "logging driver" in error else "",
        shares_files=any(shares_files(inspected, carrier) for carrier in carriers),
    )


def shares_files(inspected: Json, other: Json) -> bool:
    """Return whether the container writes where *other* reads: in one volume or one folder of the machine."""
    if inspected.get("Id") == other.get("Id"):
        return False
    written = [mount for mount in inspected.get("Mounts") or [] if mount.get("RW")]
    return any(is_same_place(mount, read) for mount in written for read in other.get("Mounts") or [])


def is_web_server(entry: Json) -> bool:
    """Return whether it runs one of the programs that log requests."""
    return any(runs_image_or_program(entry, program) for program in WEB_SERVERS)


def is_same_place(written: Json, read: Json) -> bool:
    """Return whether two mounts are of one volume, or of one folder of the machine and one in it."""
    if written.get("Name") or read.get("Name"):
        return bool(written.get("Name")) and written.get("Name") == read.get("Name")
    path, other = (PurePosixPath(str(mount.get("Source") or "")) for mount in (written, read))
    if not (path.is_absolute() and other.is_absolute()) or str(path).startswith(SYSTEM_FOLDERS):
        return False
    return path.is_relative_to(other) or other.is_relative_to(path)


def iter_log_tailers(seen: Sequence[tuple[Json, Json]], root: str) -> Iterator[LogTailer]:
    """Find who has Docker's folder of containers, or one above it, mounted."""
    kept = PurePosixPath(root, "containers")
    for _, inspected in seen:
        for mount in inspected.get("Mounts") or []:
            source = PurePosixPath(str(mount.get("Source") or ""))
            if source.is_absolute() and kept.is_relative_to(source):
                place = PurePosixPath(str(mount.get("Destination") or "/"))
                yield LogTailer(
                    ref=str(inspected.get("Id") or ""),
                    name=str(inspected.get("Name") or "").lstrip("/"),
                    folder=str(place / kept.relative_to(source)),
                    running=reachability.is_running(inspected),
                    logstash=get_image_repository(inspected) == "logstash"
                    or str(inspected.get("Name") or "") == "/logstash",
                )


def get_image_repository(inspected: Json) -> str:
    """Return the last part of its image's name."""
    return get_repository_name(str((inspected.get("Config") or {}).get("Image") or ""))


def iter_mount_sources(inspected: Json) -> Iterator[str]:
    """Yield what of the machine is mounted."""
    yield from (str(mount.get("Source") or "") for mount in inspected.get("Mounts") or [])


def get_port_bindings(inspected: Json) -> Mapping[str, Any]:
    """Return the bindings of its ports on the machine: `12201/udp` → where."""
    bindings = (inspected.get("HostConfig") or {}).get("PortBindings") or {}
    return {port: bindings[port] for port in bindings if bindings[port]}


def get_driver_address(log: Json) -> str:
    """Return the address that a driver sends to; empty where it has its own idea of it."""
    return str((log.get("Config") or {}).get(f"{log.get('Type')}-address") or "")


def is_published_for_other_protocol(where: str, engine: Engine) -> bool:
    """Return whether the machine's port that lines are sent to is published for the other protocol alone."""
    try:
        parts = urlsplit(where)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in {"udp", "tcp"} or port is None:
        return False
    listed = [
        inspected
        for _, inspected in inspect_candidates(engine, engine.list_containers()[:MAX_INSPECTED_CONTAINERS])
        if not isinstance(inspected, Exception)
    ]
    # Sent to a container's own address, the machine's ports play no part.
    if is_container_address(host, listed):
        return False
    protocols = {
        key.partition("/")[2]
        for inspected in listed
        for key, there in get_port_bindings(inspected).items()
        if is_bound_to(there, port)
    }
    return bool(protocols) and parts.scheme not in protocols


def is_container_address(host: str, listed: Sequence[Json]) -> bool:
    """Return whether that is a container's own address."""
    try:
        if ip_address(host).is_loopback:
            return False
    except ValueError:
        return False
    owned = (
        str((net or {}).get("IPAddress") or "")
        for inspected in listed
        for net in reachability.get_networks(inspected).values()
    )
    return host in set(owned)


def is_bound_to(bindings: Any, port: int) -> bool:
    """Return whether one of the bindings is that port of the machine."""
    return any(str((binding or {}).get("HostPort") or "") == str(port) for binding in bindings)
