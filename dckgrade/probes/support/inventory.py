"""Read what there is on an engine, so that the kinds of probes have their parameters from it."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import ONE_OFF_LABEL, get_repository_name, uptime_s
from dckgrade.probes.support.mount_points import ANONYMOUS_PATTERN, list_mount_points
from dckgrade.probes.support.service_settings import iter_tcp_ports, list_exposed_ports
from dckgrade.probes.support.supply import ContainerEntry, Inventory

PREDEFINED_NETWORKS = {"bridge", "host", "none", "ingress", "docker_gwbridge"}
COMPOSE_PROJECT, COMPOSE_SERVICE = "com.docker.compose.project", "com.docker.compose.service"
SWARM_TASK = "com.docker.swarm.task"


def read_inventory(engine: Engine) -> Inventory:
    """Read what there is; raises `OutOfReach` where the engine does not tell."""
    # The engine lists the newest first, and its times have no fractions of a second.
    listed = [*engine.list_containers()][::-1]
    listed.sort(key=lambda entry: entry.get("Created") or 0)
    own = [entry for entry in listed if not is_passing(read_labels(entry))]
    return Inventory(
        containers=tuple(describe_containers(engine, own)),
        images=tuple(sorted(iter_tags(engine))),
        networks=tuple(sorted(find_networks(engine))),
        volumes=tuple(sorted(iter_volumes(engine))),
        services=tuple(sorted(iter_services(engine))),
        projects=group_projects(own),
    )


def read_labels(entry: Json) -> Mapping[str, str]:
    """Return the labels of what is listed."""
    return entry.get("Labels") or {}


def is_passing(labels: Mapping[str, str]) -> bool:
    """Return whether it is a task of a service, replaced by another at will, or ran once (`compose run`)."""
    return SWARM_TASK in labels or labels.get(ONE_OFF_LABEL) == "True"


def describe_containers(engine: Engine, listed: list[Json]) -> Iterator[ContainerEntry]:
    """Describe each container; one that went meanwhile is left out."""
    services, now = [read_labels(entry).get(COMPOSE_SERVICE) for entry in listed], engine.now()
    for entry, service in zip(listed, services, strict=True):
        try:
            inspected = engine.inspect_container(str(entry.get("Id") or ""))
        except NotThere:
            continue
        name = str(inspected.get("Name") or "").lstrip("/")
        is_only_one = service is not None and services.count(service) == 1
        yield describe_container(inspected, str(service) if is_only_one else name, now)


def describe_container(inspected: Json, name: str, now: datetime) -> ContainerEntry:
    """Describe the container that a lab calls *name*."""
    host, settings = inspected.get("HostConfig") or {}, inspected.get("NetworkSettings") or {}
    bindings = dict(iter_tcp_ports(host.get("PortBindings") or {}))
    asked = (str(binding.get("HostPort") or "") for listed in bindings.values() for binding in listed or ())
    return ContainerEntry(
        name=name,
        repository=get_repository_name(str((inspected.get("Config") or {}).get("Image") or "")),
        running=bool((inspected.get("State") or {}).get("Running")),
        up_s=uptime_s(inspected, now),
        ports=tuple(dict.fromkeys([*map(int, bindings), *list_exposed_ports(inspected)])),
        machine_ports=tuple(dict.fromkeys(int(port) for port in asked if port.isdecimal() and int(port))),
        destinations=tuple(
            mount.destination for mount in list_mount_points(inspected) if not mount.is_anonymous
        ),
        networks=frozenset(settings.get("Networks") or {}) - PREDEFINED_NETWORKS,
    )


def iter_tags(engine: Engine) -> Iterator[str]:
    """Yield the tags of all images."""
    for image in engine.list_images():
        yield from (str(tag) for tag in image.get("RepoTags") or [] if tag != "<none>:<none>")


def find_networks(engine: Engine) -> set[str]:
    """Return the networks that somebody made; the names of Compose's begin with the folder's name."""
    own = [network for network in engine.list_networks() if COMPOSE_PROJECT not in read_labels(network)]
    return {str(network.get("Name") or "") for network in own} - PREDEFINED_NETWORKS


def iter_volumes(engine: Engine) -> Iterator[str]:
    """Yield the volumes that somebody named; the names of Compose's begin with the folder's name."""
    own = (volume for volume in engine.list_volumes() if COMPOSE_PROJECT not in read_labels(volume))
    names = (str(volume.get("Name") or "") for volume in own)
    yield from (name for name in names if name and not ANONYMOUS_PATTERN.fullmatch(name))


def iter_services(engine: Engine) -> Iterator[str]:
    """Yield the services of the swarm; none where this engine is not its manager."""
    if (engine.inspect_engine().get("Swarm") or {}).get("ControlAvailable"):
        yield from (str((service.get("Spec") or {}).get("Name") or "") for service in engine.list_services())


def group_projects(listed: list[Json]) -> dict[str, tuple[str, ...]]:
    """Return the services of each Compose project."""
    found: dict[str, set[str]] = {}
    for labels in map(read_labels, listed):
        if project := labels.get(COMPOSE_PROJECT):
            found.setdefault(project, set()).add(labels.get(COMPOSE_SERVICE, ""))
    return {project: tuple(sorted(names - {""})) for project, names in sorted(found.items())}
