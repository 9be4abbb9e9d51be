"""Kind `network`: a network that somebody made, its addresses, whether it leads outside, and who is on it."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import convert_to_observation, is_near_miss
from dckgrade.probes.support.supply import EACH_NETWORK, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

COMPOSE_LABEL = "com.docker.compose.network"
PREDEFINED = {"bridge", "host", "none"}

NetworkFoundBy = Literal["name", "label", "near-miss"]
"""Exact name; Compose's label, whatever the project's prefix; a name that is nearly the same."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a network."""

    id: str
    name: str
    found_by: NetworkFoundBy
    """name, label (Compose's name of it), near-miss (case, separators, two edits, or a longer name)."""
    others: int
    """How many further networks fitted equally: Docker allows two of one name."""
    driver: str
    """bridge, overlay, macvlan, ipvlan, host, null, or a plug-in's."""
    scope: str
    """local: on this engine; swarm: on all engines of a swarm."""
    internal: bool
    """Whether it has no way outside."""
    subnets: list[str]
    """Its ranges of addresses, such as 172.18.0.0/16."""
    members: list[str]
    """The running containers that are on it: a stopped one is none."""


LABELS: Mapping[str, Text] = {
    "id": Text(fr="identifiant du réseau", en="network id"),
    "name": Text(fr="nom du réseau", en="network name"),
    "found_by": Text(fr="nom du réseau trouvé", en="network name found"),
    "others": Text(fr="nombre d'autres réseaux possibles", en="number of other possible networks"),
    "driver": Text(fr="pilote du réseau", en="network driver"),
    "scope": Text(fr="portée du réseau", en="network scope"),
    "internal": Text(fr="réseau sans accès à l'extérieur", en="network without a way outside"),
    "subnets": Text(fr="sous-réseaux", en="subnets"),
    "members": Text(fr="conteneurs du réseau", en="containers on the network"),
}


WORDS: Mapping[str, ValueWords] = {
    "found_by": value_words.FOUND_BY,
    "internal": {
        False: Text(
            fr="le réseau {name} donne accès à l'extérieur", en="network {name} has access to the outside"
        ),
    },
}


class Network(Probe, frozen=True, kw_only=True, tag="network"):
    """Look for the network *name*; Compose's network of that name will do."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", max_length=128)]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucun réseau nommé {asked} n'a été trouvé", en="no network named {asked} was found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_NETWORK
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "driver": DraftedFact(Text(fr="existe", en="exists"), existence=True),
        "internal": DraftedFact({True: Text(fr="n'a pas d'accès à l'extérieur", en="has no way outside")}),
        "members": DraftedFact(Text(fr="relie {value}", en="connects {value}")),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "front"}

    def observe(self, engine: Engine) -> Observation:
        """List, then inspect by id: a name may be ambiguous."""
        try:
            listed, found_by, others = find_network(engine, self.name)
            inspected = engine.inspect_network(str(listed.get("Id") or ""))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("network", trouble)
        facts = read_network_facts(inspected, found_by, others)
        return Seen(kind="network", facts=msgspec.to_builtins(facts))


def find_network(engine: Engine, name: str) -> tuple[Json, NetworkFoundBy, int]:
    """Return the network called *name*, how it was found, and how many others fit; `NotThere` for none."""
    listed = sorted(engine.list_networks(), key=lambda network: str(network.get("Id") or ""))
    matches: tuple[tuple[NetworkFoundBy, list[Json]], ...] = (
        ("name", [network for network in listed if network.get("Name") == name]),
        (
            "label",
            [network for network in listed if (network.get("Labels") or {}).get(COMPOSE_LABEL) == name],
        ),
        ("near-miss", [network for network in listed if is_near_name(name, str(network.get("Name") or ""))]),
    )
    for found_by, fitting in matches:
        if fitting:
            return fitting[0], found_by, len(fitting) - 1
    raise NotThere(name)


def is_near_name(wanted: str, found: str) -> bool:
    """Return whether *found* may be meant for *wanted*: `Front`, `frontend`, `tp_front` for `front`."""
    if found in PREDEFINED or found == wanted:
        return False
    words = re.split(r"[-_.]", found.casefold())
    begins = found.casefold().startswith(wanted.casefold())
    return is_near_miss(wanted, found) or begins or wanted.casefold() in words


def format_range(text: str) -> str:
    """
    Return a range of addresses in its usual spelling; what is none as it is.

    Engines keep a range as it was typed: `172.18.0.1/16` is the same one as `172.18.0.0/16`.
    """
    try:
        return ip_network(text, strict=False).compressed
    except ValueError:
        return text


def read_network_facts(inspected: Json, found_by: NetworkFoundBy, others: int) -> Facts:
    """Read the facts out of an inspect answer."""
    ranges = (inspected.get("IPAM") or {}).get("Config") or []
    members = (inspected.get("Containers") or {}).values()
    return Facts(
        id=str(inspected.get("Id") or ""),
        name=str(inspected.get("Name") or ""),
        found_by=found_by,
        others=others,
        driver=str(inspected.get("Driver") or ""),
        scope=str(inspected.get("Scope") or ""),
        internal=bool(inspected.get("Internal")),
        subnets=sorted(format_range(str(entry["Subnet"])) for entry in ranges if entry.get("Subnet")),
        members=sorted(str((member or {}).get("Name") or "") for member in members),
    )
