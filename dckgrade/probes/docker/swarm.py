"""Kind `swarm`: the engine's part in a swarm, and, asked of a manager, the machines that make it up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.error_lines import shorten_error
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import convert_to_observation, parse_timestamp
from dckgrade.probes.support.product import is_podman
from dckgrade.probes.support.supply import ONCE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

LocalNodeState = Literal["inactive", "pending", "active", "error", "locked"]
Role = Literal["manager", "worker"]
NodeState = Literal["unknown", "down", "ready", "disconnected"]
Availability = Literal["active", "pause", "drain"]
Reachability = Literal["reachable", "unreachable", "unknown"]
LEADERLESS_ERROR = "does not have a leader"
"""What moby answers, word for word, when too few managers are left to elect one (20.10, measured)."""
SILENT_STATES = {"down", "disconnected"}
ENOUGH_ACTIVE_WORKERS = 2
DOCKER_DESKTOP = "Docker Desktop"
LONE_SWARM: Json = {"LocalNodeState": "active", "ControlAvailable": True}
LONE_NODE: Json = {
    "CreatedAt": "2000-01-01T00:00:00Z",
    "Spec": {"Role": "manager", "Availability": "active"},
    "Status": {"State": "ready"},
    "ManagerStatus": {"Leader": True, "Reachability": "reachable"},
}
"""What a swarm of one machine answers, as far as it is read here."""


class Node(Struct, frozen=True, kw_only=True):
    """One machine of the swarm, as its newest entry tells it."""

    hostname: str
    address: str
    role: Role
    state: NodeState
    availability: Availability
    leader: bool
    reachability: Reachability | None
    """Of a manager, by the other managers; null for a worker."""
    engine_version: str


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a swarm. The lists of machines are null where only a manager could tell them."""

    local_state: LocalNodeState
    """inactive: in no swarm; pending: still joining; error: the join has failed; locked: needs its key."""
    role: Role | None
    """This engine's own; null while it is in no swarm, or locked."""
    error: str
    """The engine's own words about its part in the swarm, secrets masked; mostly empty."""
    program: str
    """Whose words `text` are."""
    text: str | None
    """The error again, shortened; null where there is none."""
    place: str
    """The command that shows it."""
    node_address: str
    """The address under which this engine lets itself be reached."""
    manager_addresses: list[str]
    """Where this node knows managers to be."""
    operating_system: str
    has_leader: bool | None
    """Asked of a manager: whether the swarm can decide anything; false when too few managers are left."""
    node_id: str
    """This engine's own, a random number; empty outside a swarm."""
    nodes: list[Node] | None
    manager_count: int | None
    leader_reachable: bool | None
    """Whether a manager leads, and can be reached."""
    workers: list[str] | None
    """Names of all workers, in whatever state."""
    ready_workers: list[str] | None
    silent_workers: list[str] | None
    """Those that no longer answer the manager."""
    unsettled_workers: list[str] | None
    """Those whose state a newly elected leader does not know yet."""
    set_aside_workers: list[str] | None
    """Those that are ready, and drained or paused; none where two others are active."""
    earlier_lives: int | None
    """Entries that are down, of machines that have a newer entry (same host name, same address)."""


LABELS: Mapping[str, Text] = {
    "local_state": Text(fr="état de ce moteur dans le swarm", en="state of this engine in the swarm"),
    "role": Text(fr="rôle de ce moteur", en="role of this engine"),
    "error": Text(fr="erreur du swarm", en="error of the swarm"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur du programme", en="error of the program"),
    "place": Text(fr="où elle se lit", en="where it can be read"),
    "node_address": Text(fr="adresse de ce nœud", en="address of this node"),
    "manager_addresses": Text(fr="adresses des managers", en="addresses of the managers"),
    "operating_system": Text(fr="système d'exploitation", en="operating system"),
    "has_leader": Text(fr="leader élu", en="elected leader"),
    "node_id": Text(fr="identifiant de ce nœud", en="id of this node"),
    "nodes": Text(fr="nœuds du swarm", en="nodes of the swarm"),
    "manager_count": Text(fr="nombre de managers", en="number of managers"),
    "leader_reachable": Text(fr="leader joignable", en="reachable leader"),
    "workers": Text(fr="workers du swarm", en="workers of the swarm"),
    "ready_workers": Text(fr="workers prêts", en="ready workers"),
    "silent_workers": Text(fr="workers qui ne répondent plus", en="workers that no longer answer"),
    "unsettled_workers": Text(
        fr="workers dont l'état n'est pas encore connu", en="workers whose state is not known yet"
    ),
    "set_aside_workers": Text(
        fr="workers prêts, mais en drain ou en pause", en="workers ready, but drained or paused"
    ),
    "earlier_lives": Text(
        fr="anciennes entrées de machines revenues", en="old entries of machines that came back"
    ),
}


WORDS: Mapping[str, ValueWords] = {
    "local_state": {
        "inactive": Text(fr="inactif (inactive)", en="inactive"),
        "pending": Text(fr="en attente (pending)", en="pending"),
        "active": Text(fr="actif (active)", en="active"),
        "error": Text(fr="en erreur (error)", en="in error (error)"),
        "locked": Text(fr="verrouillé (locked)", en="locked"),
    },
    "role": {
        "manager": Text(fr="manager", en="manager"),
        "worker": Text(fr="worker", en="worker"),
        None: Text(fr="aucun", en="none"),
    },
    "manager_count": {
        None: Text(fr="inconnu", en="not known"),
    },
    "leader_reachable": {
        False: Text(
            fr="le leader du swarm ne peut pas être joint", en="the swarm's leader cannot be reached"
        ),
        None: Text(
            fr="on ne sait pas si le leader du swarm peut être joint",
            en="whether the swarm's leader can be reached is not known",
        ),
    },
    "manager_addresses": value_words.NO_ELEMENT_FEMININE,
}


class Swarm(Probe, frozen=True, kw_only=True, tag="swarm"):
    """Look at the swarm that this engine belongs to."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="ce moteur ne fait partie d'aucun swarm", en="this engine is part of no swarm"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "local_state": DraftedFact({"active": Text(fr="fait partie d'un swarm", en="is part of a swarm")}),
        "manager_count": DraftedFact(
            Text(fr="compte ses managers ({value})", en="counts its managers ({value})")
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask the engine, then, if it manages a swarm that can answer, for the nodes."""
        try:
            info = engine.inspect_engine()
            swarm = get_swarm_info(info)
            rows = engine.list_nodes() if can_list_nodes(swarm) else None
            age_s = compute_unsettled_s(rows or [], engine.now())
            facts = read_swarm_facts(swarm, rows, str(info.get("OperatingSystem") or ""))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("swarm", trouble)
        return Seen(kind="swarm", facts=msgspec.to_builtins(facts), age_s=age_s)

    def foresee(self, engine: Engine) -> Observation | None:
        """Docker Desktop can form a swarm of itself alone; any other engine's part is what it is now."""
        seen = self.observe(engine)
        if not isinstance(seen, Seen) or seen.facts["operating_system"] != DOCKER_DESKTOP:
            return seen
        facts = read_swarm_facts(LONE_SWARM, [LONE_NODE], DOCKER_DESKTOP)
        return Seen(kind="swarm", facts=msgspec.to_builtins(facts))


def get_swarm_info(info: Json) -> Json:
    """Return `.Swarm` of `/info`; `OutOfReach` without one, and for Podman, which makes it up."""
    if is_podman(info):
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, "Podman has no Swarm")
    swarm: Json = info.get("Swarm") or {}
    if swarm.get("LocalNodeState") is None:
        # Every engine tells it, one that is in no swarm too.
        raise OutOfReach(UnobservableReason.UNREADABLE, "Swarm.LocalNodeState")
    return swarm


def can_list_nodes(swarm: Json) -> bool:
    """Return whether this engine can list the nodes; `OutOfReach` for an error that is not understood."""
    if not swarm.get("ControlAvailable"):
        return False
    error = str(swarm.get("Error") or "")
    if error and LEADERLESS_ERROR not in error:
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, mask_secrets(error))
    return not error


def read_swarm_facts(swarm: Json, rows: Sequence[Json] | None, operating_system: str) -> Facts:
    """Read the facts out of `.Swarm` and of the nodes; *rows* is None where there is no answer to that."""
    state = require_known_word(swarm.get("LocalNodeState") or "inactive", LocalNodeState)
    manages, error = bool(swarm.get("ControlAvailable")), str(swarm.get("Error") or "")
    machines = None if rows is None else keep_newest_entries(rows)
    nodes = None if machines is None else [parse_node(row) for row in machines]
    managers = None if nodes is None else [node for node in nodes if node.role == "manager"]
    return Facts(
        local_state=state,
        role="manager" if manages else "worker" if state == "active" else None,
        error=mask_secrets(error),
        program="Docker",
        text=shorten_error(error) if error else None,
        place="docker info",
        node_address=str(swarm.get("NodeAddr") or ""),
        manager_addresses=sorted(
            str(manager.get("Addr") or "") for manager in swarm.get("RemoteManagers") or []
        ),
        operating_system=operating_system,
        node_id=str(swarm.get("NodeID") or ""),
        has_leader=rows is not None if manages else None,
        nodes=nodes,
        manager_count=None if managers is None else len(managers),
        leader_reachable=None if managers is None else any(map(is_reachable_leader, managers)),
        workers=list_worker_names(nodes),
        ready_workers=list_worker_names(nodes, {"ready"}),
        silent_workers=list_worker_names(nodes, SILENT_STATES),
        unsettled_workers=list_worker_names(nodes, {"unknown"}),
        set_aside_workers=list_needed_set_aside(nodes),
        earlier_lives=None if rows is None else sum(map(is_down, rows)) - sum(map(is_down, machines or [])),
    )


def keep_newest_entries(rows: Iterable[Json]) -> list[Json]:
    """
    Keep of each machine its newest entry: one that left and joined again has an older one, which stays
    `ready` for some seconds and `down` for ever. Cloned machines may share a host name, not an address too.
    """
    machines: dict[tuple[str, str], Json] = {}
    for row in sorted(rows, key=lambda row: parse_timestamp(str(row.get("CreatedAt") or "")), reverse=True):
        machines.setdefault((get_node_hostname(row), get_node_address(row)), row)
    return sorted(machines.values(), key=lambda row: (get_node_hostname(row), get_node_address(row)))


def parse_node(row: Json) -> Node:
    """Read one entry of `GET /nodes` (`Leader` is left out, not false, of a manager that is none)."""
    spec, manager = row.get("Spec") or {}, row.get("ManagerStatus") or {}
    described = row.get("Description") or {}
    reachability = require_known_word(manager.get("Reachability") or "unknown", Reachability)
    return Node(
        hostname=get_node_hostname(row),
        address=get_node_address(row),
        role=require_known_word(spec.get("Role"), Role),
        state=require_known_word((row.get("Status") or {}).get("State"), NodeState),
        availability=require_known_word(spec.get("Availability"), Availability),
        leader=bool(manager.get("Leader")),
        reachability=reachability if manager else None,
        engine_version=str((described.get("Engine") or {}).get("EngineVersion") or ""),
    )


def is_down(row: Json) -> bool:
    """Return whether the manager has given this entry up."""
    return bool((row.get("Status") or {}).get("State") == "down")


def get_node_hostname(row: Json) -> str:
    """Return the machine's own name; a node that has never been heard of has none."""
    return str((row.get("Description") or {}).get("Hostname") or "")


def get_node_address(row: Json) -> str:
    """Return the address from which the machine speaks to the manager."""
    return str((row.get("Status") or {}).get("Addr") or "")


def is_reachable_leader(manager: Node) -> bool:
    """Return whether it decides for the swarm, and can be reached."""
    return manager.leader and manager.reachability == "reachable"


def list_worker_names(
    nodes: Sequence[Node] | None,
    states: Iterable[str] = get_args(NodeState),
    availabilities: Iterable[str] = get_args(Availability),
) -> list[str] | None:
    """List the names of the workers in some states; None where the nodes are not known."""
    if nodes is None:
        return None
    chosen = [node for node in nodes if node.state in states and node.availability in availabilities]
    return [node.hostname or node.address for node in chosen if node.role == "worker"]


def list_needed_set_aside(nodes: Sequence[Node] | None) -> list[str] | None:
    """List the ready workers that get no task, unless two others do: a swarm may have a machine to spare."""
    active = list_worker_names(nodes, {"ready"}, {"active"})
    set_aside = list_worker_names(nodes, {"ready"}, {"drain", "pause"})
    return [] if active is not None and len(active) >= ENOUGH_ACTIVE_WORKERS else set_aside


def compute_unsettled_s(rows: Sequence[Json], now: datetime) -> float | None:
    """Return for how many seconds a node's state has been unknown after an election; None when none is."""
    if not any((row.get("Status") or {}).get("State") == "unknown" for row in rows):
        return None
    changed = max(parse_timestamp(str(row.get("UpdatedAt") or "")) for row in rows)
    return max(0.0, round((now - changed).total_seconds(), 1))


def require_known_word(word: object, words: Any) -> Any:
    """Return *word* when it is one of Docker's *words*; else raises `OutOfReach`."""
    if word in get_args(words):
        return word
    raise OutOfReach(UnobservableReason.UNREADABLE, f"a swarm's {word}")
