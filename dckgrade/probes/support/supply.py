"""What an engine holds, and how its containers, images, networks and volumes supply a kind's parameters."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from dckgrade.report.text import Text

Parameters = dict[str, Any]
"""The parameters of one probe, as a lab writes them."""


class ContainerEntry(Struct, frozen=True, kw_only=True):
    """One container, by what leads to further questions about it."""

    name: str
    """By which a lab finds it: the service's name for one of Compose's."""
    repository: str = ""
    """Of its image, without registry and tag: `nginx`."""
    running: bool = False
    up_s: float | None = None
    """For how many seconds it has been up; None for one that is not."""
    ports: tuple[int, ...] = ()
    """TCP ports inside that its image or its options name."""
    machine_ports: tuple[int, ...] = ()
    """TCP ports of the machine that were asked for by number."""
    destinations: tuple[str, ...] = ()
    """Where something is mounted, but for volumes that Docker named itself."""
    networks: frozenset[str] = frozenset()
    """The networks that somebody made."""


class Inventory(Struct, frozen=True, kw_only=True):
    """What there is on an engine, by name; what Docker made by itself is left out."""

    containers: tuple[ContainerEntry, ...] = ()
    """The oldest first."""
    images: tuple[str, ...] = ()
    """Each tag: `nginx:1.27`."""
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    """Of the swarm."""
    projects: Mapping[str, tuple[str, ...]] = {}
    """Of Compose: the services of each."""

    def list_running(self, repository: str | None = None) -> list[ContainerEntry]:
        """List the containers that run, of one repository or of all."""
        return [
            entry
            for entry in self.containers
            if entry.running and (repository is None or entry.repository == repository)
        ]


class Supply(Struct, frozen=True, kw_only=True):
    """How an engine's things supply the parameters of a kind, and what that kind is then about."""

    list_parameters: Callable[[Inventory], Iterable[Parameters]]
    subject: Text
    """What is looked at, before a verb: `Container {container}`."""


class NotSupplied(Struct, frozen=True):
    """Of a kind whose parameters no engine tells."""

    reason: str


def each_container(parameter: str = "container", repository: str | None = None) -> Supply:
    """Return the supply of a kind about one container: each there is, or each running one of *repository*."""

    def list_parameters(inventory: Inventory) -> Iterator[Parameters]:
        entries = inventory.list_running(repository) if repository else inventory.containers
        yield from ({parameter: entry.name} for entry in entries)

    return Supply(list_parameters=list_parameters, subject=name_container(parameter))


def name_container(parameter: str = "container") -> Text:
    """Return the words for the container that *parameter* names."""
    return Text(fr=f"Le conteneur {{{parameter}}}", en=f"Container {{{parameter}}}")


def _list_ports(inventory: Inventory) -> Iterator[Parameters]:
    for entry in inventory.list_running():
        yield from ({"container": entry.name, "port": port} for port in entry.ports)


def _list_machine_ports(inventory: Inventory) -> Iterator[Parameters]:
    for entry in inventory.containers:
        yield from ({"container": entry.name, "port": port} for port in entry.machine_ports)


def _list_mounts(inventory: Inventory) -> Iterator[Parameters]:
    for entry in inventory.containers:
        yield from ({"container": entry.name, "destination": path} for path in entry.destinations)


def _list_neighbours(inventory: Inventory) -> Iterator[tuple[ContainerEntry, ContainerEntry]]:
    """
    Yield the pairs that share a network of somebody's own, each with one that is older.

    What a program depends on is started before it; and on Docker's own bridge everybody is.
    """
    running = inventory.list_running()
    yield from (
        (entry, other)
        for at, entry in enumerate(running)
        for other in running[:at]
        if entry.networks & other.networks
    )


def _list_connections(inventory: Inventory) -> Iterator[Parameters]:
    for entry, other in _list_neighbours(inventory):
        for port in other.ports:
            yield {"from": entry.name, "to": other.name, "name": other.name, "port": port}


def _list_proxies(inventory: Inventory) -> Iterator[Parameters]:
    for entry, other in _list_neighbours(inventory):
        for port in entry.ports:
            for behind in other.ports:
                yield {"proxy": entry.name, "port": port, "backend": other.name, "backend-port": behind}


ONCE = Supply(list_parameters=lambda _inventory: [{}], subject=Text(fr="Le moteur", en="The engine"))
"""Of a kind without parameters."""
EACH_CONTAINER = each_container()
EACH_PORT = Supply(list_parameters=_list_ports, subject=name_container())
EACH_MACHINE_PORT = Supply(list_parameters=_list_machine_ports, subject=name_container())
EACH_MOUNT = Supply(list_parameters=_list_mounts, subject=name_container())
EACH_CONNECTION = Supply(list_parameters=_list_connections, subject=name_container("from"))
EACH_PROXY = Supply(list_parameters=_list_proxies, subject=name_container("proxy"))
EACH_IMAGE = Supply(
    list_parameters=lambda inventory: [{"name": name} for name in inventory.images],
    subject=Text(fr="L'image {name}", en="Image {name}"),
)
EACH_NETWORK = Supply(
    list_parameters=lambda inventory: [{"name": name} for name in inventory.networks],
    subject=Text(fr="Le réseau {name}", en="Network {name}"),
)
EACH_VOLUME = Supply(
    list_parameters=lambda inventory: [{"name": name} for name in inventory.volumes],
    subject=Text(fr="Le volume {name}", en="Volume {name}"),
)


def each_service(parameter: str = "name") -> Supply:
    """Return the supply of a kind about one service of the swarm."""
    return Supply(
        list_parameters=lambda inventory: [{parameter: name} for name in inventory.services],
        subject=Text(fr=f"Le service {{{parameter}}}", en=f"Service {{{parameter}}}"),
    )


EACH_PROJECT = Supply(
    list_parameters=lambda inventory: [{"services": [*names]} for names in inventory.projects.values()],
    subject=Text(fr="Le projet Compose de {services}", en="The Compose project of {services}"),
)
EACH_COMPOSE_SERVICE = Supply(
    list_parameters=lambda inventory: [
        {"service": name} for names in inventory.projects.values() for name in names
    ],
    subject=Text(fr="Le service {service}", en="Service {service}"),
)


class DraftedFact(Struct, frozen=True):
    """
    Of a fact that a solution changes: what is said of its value, after the subject: `runs`.

    A fact without one explains a failure, or is another each time: an id, an address, a figure, a date.
    """

    words: Text | Mapping[Any, Text]
    """Of any value, as `{value}`; or of each value that somebody has worked for."""
    usual: Any = None
    """The value that comes by itself; demanded of nobody, as are null, 0, false, and what is empty."""
    existence: bool = False
    """Whether it only shows that the thing is there: not demanded where something else is, of that thing."""


def find_words(drafted: DraftedFact, value: Any) -> Text | None:
    """Return what is said of *value*; None where it is not what somebody has worked for."""
    if isinstance(drafted.words, Text):
        return drafted.words if value and value != drafted.usual else None
    return drafted.words.get(value) if isinstance(value, (str, bool, int, float)) else None
