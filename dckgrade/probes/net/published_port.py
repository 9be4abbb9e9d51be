"""Kind `published-port`: a port of the machine that leads to a container, and from where it is reached."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Address, Json, NoAnswer, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    ContainerName,
    FoundContainer,
    convert_to_observation,
    find_container,
    uptime_s,
)
from dckgrade.probes.support.reachability import get_networks, is_running
from dckgrade.probes.support.service import MachinePort
from dckgrade.probes.support.service_settings import iter_tcp_ports, list_exposed_ports
from dckgrade.probes.support.supply import EACH_MACHINE_PORT, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_GATEWAYS = 3


class Binding(Struct, frozen=True, order=True):
    """A port of the machine that leads to one of the container."""

    ip: str
    """The machine's address; 0.0.0.0 and :: are all of them."""
    port: int
    """The machine's port."""
    inner: int
    """The container's own port."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is published, and who may get there."""

    runs: bool
    """A container that does not run has no port on the machine."""
    bindings: list[Binding]
    """All TCP ports of the machine that lead to the container now."""
    bound: bool
    """Whether the promised port of the machine is among them."""
    loopback_only: bool
    """Whether there are some, all of them at the machine's loopback."""
    answers: bool | None
    """Whether a program answers at the promised port; null where it is not bound."""
    elsewhere: bool
    """Whether the container is reached at another address of the machine than the loopback; where that
    cannot be tried from here, whether it is published so."""
    elsewhere_at: str | None
    """The address at which it was."""
    exposed_only: bool
    """Ports are named as open, by the image or by --expose, and none was asked to be published."""
    asked_not_bound: bool
    """It runs, publishing was asked for, and nothing came of it: as on an internal or the host's network."""
    random_port: bool
    """Docker was left to choose the machine's port."""


LABELS: Mapping[str, Text] = {
    "runs": Text(fr="conteneur en marche", en="container running"),
    "bindings": Text(fr="ports publiés", en="published ports"),
    "bound": Text(fr="port promis ouvert sur la machine", en="promised port open on the machine"),
    "loopback_only": Text(
        fr="publication sur la boucle locale seulement", en="published on the loopback alone"
    ),
    "answers": Text(fr="réponse au port publié", en="answer at the published port"),
    "elsewhere": Text(
        fr="joignable à une autre adresse de la machine", en="reached at another address of the machine"
    ),
    "elsewhere_at": Text(fr="autre adresse qui répond", en="other address that answers"),
    "exposed_only": Text(fr="port annoncé sans être publié", en="port exposed and not published"),
    "asked_not_bound": Text(fr="publication demandée sans effet", en="publishing asked for and of no effect"),
    "random_port": Text(fr="port choisi par Docker", en="port chosen by Docker"),
}


WORDS: Mapping[str, ValueWords] = {
    "bound": {
        False: Text(
            fr="le port demandé n'est pas ouvert sur la machine",
            en="the port asked for is not open on the machine",
        ),
    },
    "loopback_only": {
        False: Text(
            fr="le port n'est pas publié sur la seule boucle locale (127.0.0.1)",
            en="the port is not published on the loopback (127.0.0.1) alone",
        ),
    },
    "answers": {
        False: Text(fr="rien ne répond au port publié", en="nothing answers at the published port"),
        None: Text(fr="aucun port publié ne peut être essayé", en="there is no published port to try"),
    },
    "elsewhere": {
        True: Text(
            fr="le service répond aussi à une autre adresse de la machine",
            en="the service also answers at another address of the machine",
        ),
    },
}


class PublishedPort(Probe, frozen=True, kw_only=True, tag="published-port"):
    """
    Look at what the container *container* publishes, and ask at *port*, a port of the machine.

    It is asked over HTTP; any answer is one, and so is a connection that is kept open.
    """

    container: ContainerName
    port: MachinePort
    """That at which something is promised."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_MACHINE_PORT
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact(
            {
                True: Text(
                    fr="répond sur le port {port} de la machine", en="answers at the machine's port {port}"
                )
            }
        ),
        "loopback_only": DraftedFact(
            {True: Text(fr="ne l'ouvre qu'à la machine elle-même", en="opens it to the machine itself alone")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "proxy", "port": 8080}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, ask."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.container)
            inspected = engine.inspect_container(subject.id)
            facts = read_publishing(engine, inspected, self.port)
            age_s = uptime_s(inspected, engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("published-port", trouble, subject)
        return Seen(kind="published-port", facts=msgspec.to_builtins(facts), age_s=age_s)


def read_publishing(engine: Engine, inspected: Json, port: int) -> Facts:
    """Read the facts, and ask where there is something to ask."""
    host = inspected.get("HostConfig") or {}
    runs = is_running(inspected)
    bindings = list_bindings((inspected.get("NetworkSettings") or {}).get("Ports") or {}) if runs else []
    asked = list_asked_ports(host.get("PortBindings") or {})
    wants_all = bool(host.get("PublishAllPorts"))
    promised = [binding for binding in bindings if binding.port == port]
    elsewhere_at = find_answer_elsewhere(engine, inspected, bindings)
    wide = any(not is_loopback(binding.ip) for binding in bindings)
    return Facts(
        runs=runs,
        bindings=bindings,
        bound=bool(promised),
        loopback_only=bool(bindings) and not wide,
        answers=answers_at(engine, inspected, promised) if promised else None,
        elsewhere=elsewhere_at is not None or (wide and not engine.is_on_this_machine()),
        elsewhere_at=elsewhere_at,
        exposed_only=not asked and not wants_all and not bindings and bool(list_exposed_ports(inspected)),
        asked_not_bound=runs and bool(asked or wants_all) and not bindings,
        random_port=wants_all or None in asked,
    )


def list_bindings(ports: Json) -> list[Binding]:
    """Return the bindings of an inspect answer, in a lasting order."""
    return sorted(
        {
            Binding(str(binding.get("HostIp") or "0.0.0.0"), int(binding["HostPort"]), int(number))  # noqa: S104
            for number, bindings in iter_tcp_ports(ports)
            for binding in bindings or ()
            if str(binding.get("HostPort") or "").isdecimal()
        }
    )


def list_asked_ports(bindings: Json) -> list[int | None]:
    """Return the ports of the machine that were asked for; None for one that Docker was to choose."""
    return [
        int(text) if (text := str(binding.get("HostPort") or "")).isdecimal() else None
        for _, asked in iter_tcp_ports(bindings)
        for binding in asked or ()
    ]


def is_loopback(host: str) -> bool:
    """Return whether only the machine itself gets there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def answers_at(engine: Engine, inspected: Json, promised: Sequence[Binding]) -> bool:
    """Ask at the promised port; raises `OutOfReach` where the machine's port cannot be reached from here."""
    reachable = [
        address
        for address in engine.find_addresses(inspected, promised[0].inner)
        if address.via == "published" and address.port == promised[0].port
    ]
    if not reachable:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{promised[0].ip}:{promised[0].port}")
    return any(is_answering(engine, address) for address in reachable)


def is_answering(engine: Engine, address: Address) -> bool:
    """
    Return whether a program is there.

    Docker itself takes every connection to a published port, and drops it where nothing listens in the
    container: only an answer, or a connection that lasts, is a program's.
    """
    try:
        engine.request_http(address, "/")
    except NoAnswer as problem:
        return problem.reason in {"garbled", "silent"}
    return True


def find_answer_elsewhere(engine: Engine, inspected: Json, bindings: Sequence[Binding]) -> str | None:
    """Return another address of the machine at which a published port answers; None where none does."""
    if not engine.is_on_this_machine():
        return None
    for port in sorted({binding.port for binding in bindings}):
        for host in iter_machine_addresses(inspected, bindings):
            try:
                if is_answering(engine, Address(host, port, "published")):
                    return host
            except OutOfReach:
                continue
    return None


def iter_machine_addresses(inspected: Json, bindings: Sequence[Binding]) -> Iterator[str]:
    """Yield addresses of the machine that are no loopback: those bound by name, then the gateways."""
    named = {binding.ip for binding in bindings}
    yield from sorted(host for host in named if not is_loopback(host) and not stands_for_all(host))
    gateways = {str((settings or {}).get("Gateway") or "") for settings in get_networks(inspected).values()}
    yield from sorted(gateways - named - {""})[:MAX_GATEWAYS]


def stands_for_all(host: str) -> bool:
    """Return whether it is no address of its own: 0.0.0.0, ::, or malformed."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return True
