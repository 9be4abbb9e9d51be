"""Kind `network-reach`: whether one container reaches another, by a name and at a port."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.net.vantage import ANSWERED, Outcome, Trial, Vantage
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import (
    ContainerName,
    convert_to_observation,
    find_container,
    list_container_names,
    uptime_s,
)
from dckgrade.probes.support.reachability import (
    get_networks,
    is_running,
    share_network_stack,
)
from dckgrade.probes.support.service import Port, get_network_mode, inspect_network_owner
from dckgrade.probes.support.service_settings import list_exposed_ports
from dckgrade.probes.support.supply import EACH_CONNECTION, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

NO_NETWORKS = {"none", "host"}
MAX_ADDRESSES, MAX_NEIGHBOURS = 4, 3
"""An address where nothing answers costs 2 s."""
CLOSED_PORT = 1
"""tcpmux: nobody listens there, and a machine that may be asked refuses at once."""
USUAL_PORT = 80
FIRST_TO_LAST: tuple[Outcome, ...] = ("open", "refused", "silent", "no-route")
"""Of several outcomes the one that shows most."""


class Facts(Struct, frozen=True, kw_only=True):
    """What one container can do to reach the other. What was not asked for is null."""

    from_runs: bool
    to_runs: bool
    """A container that does not run has no name and no address: nothing was tried then."""
    shared_networks: list[str]
    """The networks that both are on; Docker's own bridge counts."""
    linked: bool
    """Whether the one was given `--link` to the other."""
    resolves: bool | None
    """Whether the name is known there; null without a name."""
    addresses: list[str]
    """What the name is there."""
    right_address: bool | None
    """Whether all of them are the other container's: of two containers of one name, either may be called."""
    connects: bool | None
    """Whether a connection to the port comes about, at an address of the other container's own."""
    how: Literal["open", "refused", "silent", "no-route"] | None
    """open: it does. refused: the container was reached, and nothing listens. silent, no-route: nothing came
    back, or there is no way. Of several addresses, the one that shows most."""
    by_published: bool | None
    """Whether it comes about at the machine's address, where the port is published."""
    control: bool | None
    """Whether anything answered at all, the other container or one beside: else silence proves nothing."""
    via: Literal["exec", "beside", "inspect"]
    """By a command in the container; by a container of our own in its network; by what inspect says alone."""


LABELS: Mapping[str, Text] = {
    "from_runs": Text(fr="premier conteneur en marche", en="first container running"),
    "to_runs": Text(fr="second conteneur en marche", en="second container running"),
    "shared_networks": Text(fr="réseaux communs", en="shared networks"),
    "linked": Text(fr="lien par --link", en="link by --link"),
    "resolves": Text(fr="nom connu", en="name known"),
    "addresses": Text(fr="adresses du nom", en="addresses of the name"),
    "right_address": Text(fr="adresse du bon conteneur", en="address of the right container"),
    "connects": Text(fr="connexion établie", en="connection made"),
    "how": Text(fr="issue de la connexion", en="connection outcome"),
    "by_published": Text(fr="joint par un port publié de la machine", en="reached by a published port"),
    "control": Text(fr="essai témoin réussi", en="control trial answered"),
    "via": Text(fr="voie de l'essai", en="way of the trial"),
}


WORDS: Mapping[str, ValueWords] = {
    "resolves": {
        False: Text(
            fr="le nom n'est pas connu dans le conteneur", en="the name is not known in the container"
        ),
        None: Text(fr="aucun nom à chercher", en="no name to look up"),
    },
    "right_address": {
        False: Text(
            fr="le nom ne mène pas au bon conteneur", en="the name does not lead to the right container"
        ),
        None: Text(fr="l'adresse n'a pas pu être vérifiée", en="the address could not be checked"),
    },
    "connects": {
        True: Text(fr="la connexion s'établit", en="the connection is made"),
        False: Text(fr="la connexion ne s'établit pas", en="the connection cannot be made"),
        None: Text(fr="la connexion n'a pas pu être essayée", en="the connection could not be tried"),
    },
    "by_published": {
        True: Text(
            fr="un port publié de la machine y mène", en="a published port of the machine leads there"
        ),
        None: Text(
            fr="on ne sait pas si un port publié y mène",
            en="whether a published port leads there is not known",
        ),
    },
    "control": {
        False: Text(
            fr="même l'essai témoin échoue : le silence ne prouve rien",
            en="even the control trial fails: silence proves nothing",
        ),
        None: Text(fr="aucun essai témoin n'a été possible", en="no control trial was possible"),
    },
    "how": {
        "open": Text(fr="ouverte", en="open"),
        "refused": Text(fr="refusée", en="refused"),
        "silent": Text(fr="sans réponse", en="no answer"),
        "no-route": Text(fr="aucun chemin", en="no route"),
        None: Text(fr="pas essayée", en="not tried"),
    },
    "via": {
        "exec": Text(fr="commande dans le conteneur", en="command inside the container"),
        "beside": Text(fr="conteneur d'essai sur le même réseau", en="trial container on the same network"),
        "inspect": Text(fr="ce que dit le moteur", en="what the engine says"),
    },
    "addresses": value_words.NO_ELEMENT_FEMININE,
}


class NetworkReach(Probe, frozen=True, kw_only=True, tag="network-reach"):
    """
    From the container *from*, look up *name* and connect to *port* of the container *to*.

    A name is asked of Docker's own name server. A connection is tried at the addresses of the container,
    and at those of the machine where the port is published; it sends nothing, and ends by itself.
    """

    from_: ContainerName
    """The container from which it is tried."""
    to: ContainerName
    """The container that is to be reached, or not."""
    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$")] | None = None
    """The name that is looked up: the container's own, or an alias."""
    port: Port | None = None
    """The port in the container *to*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = Text(
        fr="l'un des deux conteneurs n'a pas été trouvé", en="one of the two containers was not found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONNECTION
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "resolves": DraftedFact({True: Text(fr="trouve {name} par son nom", en="finds {name} by its name")}),
        "connects": DraftedFact(
            {True: Text(fr="joint {to} sur le port {port}", en="reaches {to} at port {port}")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"from": "api", "to": "db", "name": "base", "port": 5432}

    def observe(self, engine: Engine) -> Observation:
        """Find both, look the name up, try the addresses."""
        try:
            here, there = (
                engine.inspect_container(find_container(engine, name).id) for name in (self.from_, self.to)
            )
            facts = self.try_reaching(engine, here, there)
            age_s = uptime_s(there, engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("network-reach", trouble)
        return Seen(kind="network-reach", facts=msgspec.to_builtins(facts), age_s=age_s)

    def try_reaching(self, engine: Engine, here: Json, there: Json) -> Facts:
        """Try what is asked for, where both run."""
        both_run = is_running(here) and is_running(there)
        vantage = Vantage(engine, here)
        lookup = vantage.look_up(self.name) if self.name and both_run else None
        # Where a network is borrowed, its owner has the addresses.
        near, far = (inspect_network_owner(engine, container) for container in (here, there))
        reached = try_port(engine, vantage, near, far, self.port) if self.port and both_run else None
        own_addresses = {*list_own_addresses(near, far), *iter_all_addresses(far)}
        return Facts(
            from_runs=is_running(here),
            to_runs=is_running(there),
            shared_networks=sorted((get_networks(near).keys() & get_networks(far).keys()) - NO_NETWORKS),
            linked=is_linked(here, there),
            resolves=bool(lookup.addresses) if lookup else None,
            addresses=list(lookup.addresses) if lookup else [],
            right_address=(
                bool(lookup.addresses) and own_addresses.issuperset(lookup.addresses) if lookup else None
            ),
            connects=reached.outcome == "open" if reached else None,
            how=reached.outcome if reached else None,
            by_published=reached.by_published if reached else None,
            control=reached.control if reached else None,
            via=(lookup and lookup.via) or (reached and reached.via) or "inspect",
        )


class Reached(Struct, frozen=True, kw_only=True):
    """What became of the connections to one port."""

    outcome: Outcome | None
    """At the container's own addresses; None: it has none."""
    by_published: bool
    control: bool
    via: Literal["exec", "beside", "inspect"]


def try_port(engine: Engine, vantage: Vantage, here: Json, there: Json, port: int) -> Reached:
    """
    Try the addresses of the container *there*, then those at which the machine publishes its *port*.

    Raises `OutOfReach` where nothing answers, and nothing that must answer does so either.
    """
    own = list_own_addresses(here, there)[:MAX_ADDRESSES]
    trials = [vantage.connect(address, port) for address in own]
    published = list_published_addresses(here, there, port)[:MAX_ADDRESSES]
    published_trials = [vantage.connect(*address) for address in published]
    tried = [*trials, *published_trials]
    if own and not has_answer(tried) and not try_neighbours(engine, vantage, here, there):
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{own[0]}:{port}")
    outcomes = [trial.outcome for trial in trials]
    return Reached(
        outcome=min(outcomes, key=FIRST_TO_LAST.index) if outcomes else None,
        by_published=any(trial.outcome == "open" for trial in published_trials),
        control=bool(tried),
        via=tried[-1].via if tried else "inspect",
    )


def has_answer(trials: Sequence[Trial]) -> bool:
    """Return whether one of them was answered, if only by a refusal."""
    return any(trial.outcome in ANSWERED for trial in trials)


def try_neighbours(engine: Engine, vantage: Vantage, here: Json, there: Json) -> bool:
    """Return whether something beside *here* answers: another container of its networks, or a gateway."""
    return any(
        has_answer([vantage.connect(address, port)])
        for address, port in list_neighbour_addresses(engine, here, there)
    )


def list_neighbour_addresses(engine: Engine, here: Json, there: Json) -> Iterator[tuple[str, int]]:
    """Yield addresses at which a container beside *here* listens, then closed ones of its gateways."""
    own_networks = {*get_networks(here)} - NO_NETWORKS
    neighbours = [
        entry
        for entry in engine.list_containers()
        if entry.get("State") == "running"
        and entry.get("Id") not in {here.get("Id"), there.get("Id")}
        and own_networks & {*get_networks(entry)}
    ]
    for entry in sorted(neighbours, key=lambda entry: str(list_container_names(entry)))[:MAX_NEIGHBOURS]:
        inspected = engine.inspect_container(str(entry.get("Id") or ""))
        networks = get_networks(inspected)
        addresses = (get_address(networks.get(name)) for name in sorted(own_networks & {*networks}))
        port = next(iter(list_exposed_ports(inspected)), USUAL_PORT)
        yield from ((address, port) for address in addresses if address)
    yield from ((gateway, CLOSED_PORT) for gateway in list_gateways(here))


def list_own_addresses(here: Json, there: Json) -> list[str]:
    """Return the addresses of *there* as they are for *here*: those of a network that both are on first."""
    if share_network_stack(here, there):
        return ["127.0.0.1"]
    if get_network_mode(there) == "host":
        return list_gateways(here)
    here_too = get_networks(here)
    networks = sorted(
        get_networks(there).items(), key=lambda network: (network[0] not in here_too, network[0])
    )
    return [address for _, settings in networks if (address := get_address(settings))]


def iter_all_addresses(inspected: Json) -> Iterator[str]:
    """Yield the addresses of a container on its networks, of both kinds: a name is known by both."""
    for settings in get_networks(inspected).values():
        yield get_address({**(settings or {}), "GlobalIPv6Address": ""})
        yield get_address({**(settings or {}), "IPAddress": ""})


def get_address(settings: Json | None) -> str:
    """Return the address of a container on one network; '' for a malformed one or none."""
    return format_address(
        str((settings or {}).get("IPAddress") or (settings or {}).get("GlobalIPv6Address") or "")
    )


def format_address(text: str) -> str:
    """Return the address in its usual spelling; '' for what is none."""
    try:
        return ip_address(text).compressed
    except ValueError:
        return ""


def list_gateways(inspected: Json) -> list[str]:
    """Return the machine's addresses on the networks of a container; on the machine's own, its loopback."""
    if get_network_mode(inspected) == "host":
        return ["127.0.0.1"]
    gateways = (str((settings or {}).get("Gateway") or "") for settings in get_networks(inspected).values())
    return sorted({address for gateway in gateways if (address := format_address(gateway))})


def list_published_addresses(here: Json, there: Json, port: int) -> list[tuple[str, int]]:
    """Return where the machine publishes *port* of *there*, as far as *here* may get to it."""
    bindings = ((there.get("NetworkSettings") or {}).get("Ports") or {}).get(f"{port}/tcp") or []
    found: dict[tuple[str, int], None] = {}
    for binding in bindings:
        host, on_machine = str(binding.get("HostIp") or ""), str(binding.get("HostPort") or "")
        if on_machine.isdecimal():
            hosts = list_gateways(here) if is_any_host(host) else [format_address(host)]
            found |= dict.fromkeys((address, int(on_machine)) for address in hosts if address)
    return [at for at in found if not ip_address(at[0]).is_loopback or get_network_mode(here) == "host"]


def is_any_host(host: str) -> bool:
    """Return whether a binding is to every address of the machine."""
    return host in {"", "0.0.0.0", "::"}  # noqa: S104 - nothing is bound here


def is_linked(here: Json, there: Json) -> bool:
    """Return whether *here* was given a `--link` to *there*: `/db:/api/base`."""
    name = str(there.get("Name") or "")
    links = (here.get("HostConfig") or {}).get("Links") or []
    return bool(name) and any(str(link).partition(":")[0] == name for link in links)
