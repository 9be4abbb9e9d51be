"""Kind `swarm-service`: a service of the swarm, what it asks for, and how many of its tasks run where."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import (
    STEADY_AFTER_RESTART_S,
    STEADY_AFTER_START_S,
    convert_to_observation,
    get_repository_name,
    parse_timestamp,
)
from dckgrade.probes.support.secret_names import names_secret
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_service
from dckgrade.probes.swarm.services import (
    NO_SUCH_SERVICE,
    FoundService,
    ServiceFoundBy,
    ServiceName,
    find_service,
    get_image,
    get_stack,
    get_task_state,
    get_task_template,
    is_running_task,
    is_wanted,
    list_environment_names,
    list_published_ports,
    list_secret_paths,
)
from dckgrade.probes.swarm.task_errors import TASK_REASON_WORDS, TaskReason, find_last_error
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ServiceMode = Literal["replicated", "global", "replicated-job", "global-job"]
MODES: Mapping[str, ServiceMode] = {
    "Replicated": "replicated",
    "Global": "global",
    "ReplicatedJob": "replicated-job",
    "GlobalJob": "global-job",
}
UNSTEADY_STATES = {"failed", "complete", "rejected"}
MAX_LISTED, MAX_CHARS = 50, 200


class PublishedPort(Struct, frozen=True, kw_only=True):
    """A port that the swarm publishes."""

    port: int
    """On every machine (ingress), or on those of its tasks (host)."""
    target: int
    mode: str


class ServiceNetwork(Struct, frozen=True, kw_only=True):
    """A network that the service's tasks are put on; of one that is not there only the name is known."""

    name: str
    driver: str
    scope: str
    attachable: bool
    ingress: bool


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a service. A task counts as running when it runs and is not about to be stopped."""

    name: str
    found_by: ServiceFoundBy
    """name, stack (the name within its stack), near-miss (case, separators, two edits)."""
    others: int
    """How many further services fitted equally."""
    stack: str | None
    """The stack that it was deployed with."""
    mode: ServiceMode | None
    """Null for a mode that is not known."""
    image: str | None
    """As it was asked for, without a digest."""
    repository: str | None
    """The last part of the image's name, without registry and tag."""
    tag: str | None
    """The image's tag; null where none was given, which means latest."""
    desired: int
    """How many tasks are asked for: a global service wants one a machine."""
    running: int
    nodes: list[str]
    """The machines on which tasks run, each once."""
    node_count: int
    set_aside_nodes: list[str]
    """Machines that are ready, and drained or paused."""
    states: list[str]
    """The states of the tasks that are wanted, each once."""
    stable: bool
    """Whether those that run have done so for two seconds, and none has ended or been refused just now."""
    error: str | None
    """Why others do not run, in the swarm's words; null where all run, or nothing is told."""
    reason: TaskReason | None
    """The same by kind; exits: the program ends."""
    exit_code: int | None
    """Of a program that ended."""
    program: str
    """Whose words `text` are."""
    text: str | None
    """The error again; null where there is none."""
    place: str
    """The command that shows it."""
    published: list[PublishedPort]
    networks: list[ServiceNetwork]
    own_overlay: bool
    """Whether one of them spans machines, and is not the one that comes with every swarm."""
    constraints: list[str]
    memory_limit_bytes: int | None
    """As it was asked for; null without one."""
    cpu_limit: float | None
    reserved_memory_bytes: int | None
    secrets: list[str]
    """Where its secrets are to be mounted."""
    configs: list[str]
    env_names: list[str]
    """The names of the variables that it sets; values are never kept."""
    secret_like_env: list[str]
    """Those of them whose value is secret, by their names."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du service", en="service name"),
    "found_by": Text(fr="nom du service trouvé", en="service name found"),
    "others": Text(fr="nombre d'autres services possibles", en="number of other possible services"),
    "stack": Text(fr="pile (stack)", en="stack"),
    "mode": Text(fr="mode du service", en="service mode"),
    "image": Text(fr="image du service", en="service image"),
    "repository": Text(fr="dépôt de l'image", en="image repository"),
    "tag": Text(fr="étiquette de l'image", en="image tag"),
    "desired": Text(fr="nombre de tâches prévues", en="number of tasks planned"),
    "running": Text(fr="nombre de tâches en marche", en="number of tasks running"),
    "nodes": Text(fr="machines où des tâches tournent", en="machines on which tasks run"),
    "node_count": Text(fr="nombre de machines où des tâches tournent", en="number of machines with tasks"),
    "set_aside_nodes": Text(fr="machines en drain ou en pause", en="machines drained or paused"),
    "states": Text(fr="états des tâches", en="states of the tasks"),
    "stable": Text(fr="tâches stables", en="tasks steady"),
    "error": Text(fr="erreur des tâches", en="error of the tasks"),
    "reason": Text(fr="genre de l'erreur", en="kind of the error"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur du programme", en="error of the program"),
    "place": Text(fr="où elle se lit", en="where it can be read"),
    "published": Text(fr="ports publiés", en="published ports"),
    "networks": Text(fr="réseaux du service", en="service networks"),
    "own_overlay": Text(
        fr="réseau propre au service entre les machines", en="service network between machines"
    ),
    "constraints": Text(fr="contraintes de placement", en="placement constraints"),
    "memory_limit_bytes": Text(fr="limite de mémoire déclarée", en="declared memory limit"),
    "cpu_limit": Text(fr="limite de processeurs déclarée", en="declared processor limit"),
    "reserved_memory_bytes": Text(fr="mémoire réservée", en="memory reserved"),
    "secrets": Text(fr="secrets donnés au service", en="secrets given to the service"),
    "configs": Text(fr="configurations données au service", en="configs given to the service"),
    "env_names": Text(fr="variables du service", en="variables of the service"),
    "secret_like_env": Text(fr="variables au nom de secret", en="variables named like a secret"),
}


WORDS: Mapping[str, ValueWords] = {
    "found_by": value_words.FOUND_BY,
    "mode": {
        "replicated": Text(fr="répliqué (replicated)", en="replicated"),
        "global": Text(fr="un par machine (global)", en="one a machine (global)"),
        "replicated-job": Text(fr="tâche répliquée (replicated-job)", en="replicated job"),
        "global-job": Text(fr="tâche sur chaque machine (global-job)", en="global job"),
        None: Text(fr="inconnu", en="not known"),
    },
    "stable": {
        False: Text(
            fr="les tâches viennent de démarrer ou redémarrent",
            en="the tasks have just started or are restarting",
        ),
    },
    "reason": TASK_REASON_WORDS,
    "memory_limit_bytes": {
        None: Text(fr="aucune", en="none"),
    },
    "cpu_limit": {
        None: Text(fr="aucune", en="none"),
    },
    "reserved_memory_bytes": {
        None: Text(fr="aucune", en="none"),
    },
    "own_overlay": {
        False: Text(
            fr="le service n'est sur aucun réseau overlay à lui",
            en="the service is on no overlay network of its own",
        ),
    },
    "nodes": value_words.NO_ELEMENT_FEMININE,
    "set_aside_nodes": value_words.NO_ELEMENT_FEMININE,
    "constraints": value_words.NO_ELEMENT_FEMININE,
    "configs": value_words.NO_ELEMENT_FEMININE,
    "env_names": value_words.NO_ELEMENT_FEMININE,
    "secret_like_env": value_words.NO_ELEMENT_FEMININE,
}


class SwarmService(Probe, frozen=True, kw_only=True, tag="swarm-service"):
    """Look for the service *name*, of a stack too; only a manager of the swarm can tell."""

    name: ServiceName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_SERVICE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_service()
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "running": DraftedFact(
            Text(fr="fait tourner ses répliques ({value})", en="runs its replicas ({value})")
        ),
        "own_overlay": DraftedFact(
            {True: Text(fr="est sur un réseau overlay à lui", en="is on an overlay network of its own")}
        ),
        "secrets": DraftedFact(Text(fr="reçoit le secret {value}", en="is given the secret {value}")),
        "constraints": DraftedFact(
            Text(fr="suit la contrainte {value}", en="follows the constraint {value}")
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "web"}

    def observe(self, engine: Engine) -> Observation:
        """List the services, then the tasks of the one that is meant, the nodes, and its networks."""
        try:
            service = find_service(engine, self.name)
            tasks, nodes = engine.list_service_tasks(service.id), engine.list_nodes()
            facts = read_service_facts(engine, service, tasks, nodes)
            changed = parse_timestamp(str(service.listed.get("UpdatedAt") or ""))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("swarm-service", trouble)
        age_s = max(0.0, round((engine.now() - changed).total_seconds(), 1))
        return Seen(kind="swarm-service", facts=msgspec.to_builtins(facts), age_s=age_s)


def read_service_facts(
    engine: Engine, service: FoundService, tasks: Sequence[Json], nodes: Sequence[Json]
) -> Facts:
    """Put a listed service, its tasks and the swarm's nodes into facts."""
    listed, image = service.listed, get_image(service.listed["Spec"])
    running = [task for task in tasks if is_running_task(task)]
    desired = count_desired(listed, tasks)
    hostnames = {str(node.get("ID") or ""): get_hostname(node) for node in nodes}
    node_ids = {str(task.get("NodeID") or "") for task in running}
    error = find_last_error(tasks) if len(running) < desired else None
    networks, environment = list_networks(engine, listed), list_environment_names(listed)
    return Facts(
        name=service.name,
        found_by=service.found_by,
        others=service.others,
        stack=get_stack(listed),
        mode=next((MODES[mode] for mode in listed["Spec"].get("Mode") or {} if mode in MODES), None),
        image=image,
        repository=get_repository_name(image) if image else None,
        tag=image.rpartition("/")[2].partition(":")[2] or None if image else None,
        desired=desired,
        running=len(running),
        nodes=sorted(hostnames.get(node_id) or node_id for node_id in node_ids)[:MAX_LISTED],
        node_count=len(node_ids),
        set_aside_nodes=sorted(get_hostname(node) for node in nodes if is_set_aside(node))[:MAX_LISTED],
        states=sorted({get_task_state(task) for task in tasks if is_wanted(task)}),
        stable=is_steady(tasks, engine.now()),
        error=error.text or None if error else None,
        reason=error.reason if error else None,
        exit_code=error.exit_code if error else None,
        program="Docker",
        text=error.text or None if error else None,
        place=f"docker service ps --no-trunc {service.name}",
        published=[PublishedPort(**port) for port in list_published_ports(listed)[:MAX_LISTED]],
        networks=networks,
        own_overlay=any(network.driver == "overlay" and not network.ingress for network in networks),
        secrets=list_secret_paths(listed)[:MAX_LISTED],
        env_names=environment[:MAX_LISTED],
        secret_like_env=[name for name in environment if names_secret(name)][:MAX_LISTED],
        **read_template(get_task_template(listed["Spec"])),
    )


def read_template(template: Json) -> dict[str, Any]:
    """Read limits, constraints and configurations out of what tasks are made by."""
    resources = template.get("Resources") or {}
    limits, reserved = resources.get("Limits") or {}, resources.get("Reservations") or {}
    configs = (template.get("ContainerSpec") or {}).get("Configs") or []
    constraints = (template.get("Placement") or {}).get("Constraints") or []
    return {
        "constraints": sorted(constraint[:MAX_CHARS] for constraint in constraints)[:MAX_LISTED],
        "memory_limit_bytes": limits.get("MemoryBytes") or None,
        "cpu_limit": (limits.get("NanoCPUs") or 0) / 1e9 or None,
        "reserved_memory_bytes": reserved.get("MemoryBytes") or None,
        "configs": sorted(str((entry.get("File") or {}).get("Name") or "") for entry in configs)[:MAX_LISTED],
    }


def count_desired(service: Json, tasks: Sequence[Json]) -> int:
    """
    Return how many tasks are asked for: told by the specification, else by the list's own count, which only
    the list with `status` has (API 1.41 and later), else as many as are wanted now.
    """
    replicated = ((service["Spec"].get("Mode") or {}).get("Replicated") or {}).get("Replicas")
    counted = (service.get("ServiceStatus") or {}).get("DesiredTasks")
    known = replicated if replicated is not None else counted
    return int(known) if known is not None else sum(map(is_wanted, tasks))


def is_steady(tasks: Sequence[Json], now: datetime) -> bool:
    """Return whether all that run have done so for a while, and no other has just ended or been refused."""
    return all(
        measure_state_s(task, now) >= STEADY_AFTER_START_S
        if is_running_task(task)
        else get_task_state(task) not in UNSTEADY_STATES
        or measure_state_s(task, now) >= STEADY_AFTER_RESTART_S
        for task in tasks
    )


def measure_state_s(task: Json, now: datetime) -> float:
    """Return for how many seconds a task has been in its state."""
    return (now - parse_timestamp(str((task.get("Status") or {}).get("Timestamp") or ""))).total_seconds()


def list_networks(engine: Engine, service: Json) -> list[ServiceNetwork]:
    """Inspect the networks that its tasks are put on; the specification has their ids."""
    targets = get_task_template(service["Spec"]).get("Networks") or []
    return [inspect_target(engine, str(target.get("Target") or "")) for target in targets[:MAX_LISTED]]


def inspect_target(engine: Engine, target: str) -> ServiceNetwork:
    """Inspect one of them; one that is not there has a name alone."""
    try:
        network = engine.inspect_network(target)
    except NotThere:
        network = {"Name": target}
    return ServiceNetwork(
        name=str(network.get("Name") or ""),
        driver=str(network.get("Driver") or ""),
        scope=str(network.get("Scope") or ""),
        attachable=bool(network.get("Attachable")),
        ingress=bool(network.get("Ingress")),
    )


def get_hostname(node: Json) -> str:
    """Return the machine's own name, else its id."""
    return str((node.get("Description") or {}).get("Hostname") or node.get("ID") or "")


def is_set_aside(node: Json) -> bool:
    """Return whether it is ready and takes no tasks."""
    available = (node.get("Spec") or {}).get("Availability") or "active"
    return (node.get("Status") or {}).get("State") == "ready" and available != "active"
