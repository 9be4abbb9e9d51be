"""Kind `swarm-task`: what a task of a service really has, on the node that is asked."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import HttpAnswer, Json, NoAnswer, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.kernel_mounts import READ_MOUNTS_COMMAND, parse_mounts
from dckgrade.probes.support.lookup import convert_to_observation, uptime_s
from dckgrade.probes.support.secret_names import names_secret
from dckgrade.probes.support.service import Port, ServiceProblem
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_service
from dckgrade.probes.swarm.services import (
    NO_SUCH_SERVICE,
    FoundService,
    ServiceName,
    find_service,
    get_container_id,
    get_task_template,
    is_running_task,
    list_environment_names,
    list_published_ports,
    list_secret_paths,
)
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_PORTS, MAX_LISTED = 3, 50
LARGEST_PAGE_BYTES = 64 * 2**10
"""The kernel counts memory in pages, of 4 to 64 KiB: it rounds a limit down to whole ones."""


class Facts(Struct, frozen=True, kw_only=True):
    """What one task of the service has; where none runs on this node, only what the swarm tells."""

    name: str
    """The service's whole name."""
    local: bool
    """Whether a task of the service runs on this node."""
    container: str | None
    """That task's container."""
    published: list[int]
    """The ports under which the swarm publishes the service."""
    secrets: list[str]
    """Where the service's secrets are to be mounted."""
    mounted: list[str] | None
    """Those of them that the kernel has mounted in the task; null where none could be asked."""
    elsewhere: list[str]
    """Those that are not below /run/secrets."""
    secret_like_env: list[str]
    """The variables of the service whose values are secret, by their names."""
    memory_limit_bytes: int | None
    """In force in the task, as asked for where the kernel only rounded it to whole pages; the machine's
    whole memory without a limit, null where it is not counted."""
    memory_unbounded: bool | None
    """Whether no limit below the machine's memory is in force; null where it is not counted."""
    status_code: int | None
    """What the task answers to itself over HTTP; where none is on this node, what a published port does."""
    via: ReachedVia | None
    problem: ServiceProblem | None
    """Why nothing answers; null where something does, or nothing could be asked."""
    command: str
    """What was run in the task to learn of its mounts; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du service", en="service name"),
    "local": Text(fr="tâche sur ce nœud", en="task on this node"),
    "container": Text(fr="conteneur de la tâche", en="container of the task"),
    "published": Text(fr="ports publiés", en="published ports"),
    "secrets": Text(fr="secrets donnés au service", en="secrets given to the service"),
    "mounted": Text(fr="secrets montés dans la tâche", en="secrets mounted in the task"),
    "elsewhere": Text(fr="secrets montés ailleurs", en="secrets mounted elsewhere"),
    "secret_like_env": Text(fr="variables au nom de secret", en="variables named like a secret"),
    "memory_limit_bytes": Text(fr="limite de mémoire en vigueur", en="memory limit in force"),
    "memory_unbounded": Text(
        fr="aucune limite sous la mémoire de la machine", en="no limit below the machine's memory"
    ),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "via": Text(fr="voie d'accès au service", en="way to the service"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "command": Text(fr="commande exécutée", en="command run"),
}


WORDS: Mapping[str, ValueWords] = {
    "via": value_words.REACHED_VIA,
    "problem": value_words.NO_ANSWER,
    "memory_limit_bytes": {
        None: Text(fr="aucune", en="none"),
    },
    "status_code": value_words.HTTP_STATUS,
    "mounted": {
        None: Text(fr="inconnus", en="not known"),
    },
    "secret_like_env": value_words.NO_ELEMENT_FEMININE,
}


class SwarmTask(Probe, frozen=True, kw_only=True, tag="swarm-task"):
    """
    Look into the task of *service* that runs on this node: its secrets, its memory, its answer at *port*.

    This runs `cat`, and `curl` or `wget`, in the task. Nothing that a secret holds is read. Where no task
    runs on this node, the ports that the swarm publishes on it are asked.
    """

    service: ServiceName
    port: Port = 80
    """Where the task serves, if the swarm publishes none of its ports."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_SUCH_SERVICE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_service("service")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "status_code": DraftedFact(Text(fr="répond {value} en HTTP", en="answers HTTP {value}")),
    }
    example: ClassVar[Mapping[str, Any]] = {"service": "web"}

    def observe(self, engine: Engine) -> Observation:
        """Find the service and its task here, then ask that."""
        try:
            service = find_service(engine, self.service)
            ref, inspected = inspect_local_task(engine, service) or ("", None)
            facts = self.read_facts(engine, service, ref, inspected)
            age_s = uptime_s(inspected, engine.now()) if inspected else None
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("swarm-task", trouble)
        return Seen(kind="swarm-task", facts=msgspec.to_builtins(facts), age_s=age_s)

    def read_facts(self, engine: Engine, service: FoundService, ref: str, inspected: Json | None) -> Facts:
        """Ask the task, or the ports that are published here."""
        published = list_published_ports(service.listed)[:MAX_LISTED]
        wanted = list_secret_paths(service.listed)[:MAX_LISTED]
        environment = list_environment_names(service.listed)
        targets = [port["target"] for port in published if port["target"]]
        # A page at a port to which no published one leads is none that anybody gets.
        ports = list(dict.fromkeys(targets or [self.port]))[:MAX_PORTS]
        answer, via, problem = (
            ask_task(engine, ref, ports) if inspected else ask_published(engine, published[:MAX_PORTS])
        )
        limit = read_memory_limit(engine, ref) if inspected else None
        return Facts(
            name=service.name,
            local=inspected is not None,
            container=str(inspected.get("Name") or "").lstrip("/") if inspected else None,
            published=sorted(port["port"] for port in published),
            secrets=wanted,
            mounted=list_mounted(engine, ref, wanted) if inspected else None,
            elsewhere=[path for path in wanted if not follow_run(path).startswith("/run/secrets/")],
            secret_like_env=[name for name in environment if names_secret(name)][:MAX_LISTED],
            memory_limit_bytes=undo_rounding(limit, service.listed),
            memory_unbounded=is_unbounded(engine, limit),
            status_code=answer.status if answer else None,
            via=via,
            problem=problem,
            command=" ".join(READ_MOUNTS_COMMAND) if inspected else "",
        )


Answered = tuple[HttpAnswer | None, ReachedVia | None, ServiceProblem | None]
"""The answer, the way to it, and why there is none."""


def inspect_local_task(engine: Engine, service: FoundService) -> tuple[str, Json] | None:
    """Return id and inspect answer of the container of a task on this node; None where none runs."""
    own = (engine.inspect_engine().get("Swarm") or {}).get("NodeID")
    for task in engine.list_service_tasks(service.id):
        if own and task.get("NodeID") == own and is_running_task(task) and get_container_id(task):
            try:
                ref = get_container_id(task)
                inspected = engine.inspect_container(ref)
            except NotThere:  # it has just been replaced
                continue
            if (inspected.get("State") or {}).get("Running"):
                return ref, inspected
    return None


def list_mounted(engine: Engine, ref: str, wanted: Sequence[str]) -> list[str] | None:
    """
    List the secrets that are mounted, by the kernel's list; None where the task has no program to read it.

    Raises `OutOfReach` where the engine did not answer well. An inspect answer names none of a
    task's secrets, and its archive has an empty file in their place (20.10 to 28, measured).
    """
    try:
        ran = engine.run_command(ref, READ_MOUNTS_COMMAND)
    except NotThere:
        return None
    except OutOfReach as trouble:
        if trouble.why in {UnobservableReason.ENGINE_ERROR, UnobservableReason.NOT_TRIED}:
            return None
        raise
    mounts = parse_mounts(ran.output)
    in_memory = {mount.destination for mount in mounts if mount.filesystem in {"tmpfs", "ramfs"}}
    return [path for path in wanted if {path, follow_run(path)} & in_memory] if mounts else None


def follow_run(path: str) -> str:
    """Return where the kernel has a mount below /var/run, which images of today have as a link to /run."""
    return path.removeprefix("/var") if path.startswith("/var/run/") else path


def read_memory_limit(engine: Engine, ref: str) -> int | None:
    """Return the limit that is in force; None where memory is not counted."""
    limit = (engine.sample_stats(ref).get("memory_stats") or {}).get("limit")
    return limit if isinstance(limit, int) else None


def undo_rounding(limit: int | None, service: Json) -> int | None:
    """Return the limit that *service* asks for where *limit* is that in whole pages; else *limit*."""
    resources = get_task_template(service["Spec"]).get("Resources") or {}
    asked = (resources.get("Limits") or {}).get("MemoryBytes") or 0
    return asked if limit is not None and 0 <= asked - limit < LARGEST_PAGE_BYTES else limit


def is_unbounded(engine: Engine, limit: int | None) -> bool | None:
    """Return whether *limit* leaves the task all of this machine's memory; None where that is not told."""
    machine = engine.inspect_engine().get("MemTotal")
    return limit >= machine if limit is not None and machine else None


def ask_task(engine: Engine, ref: str, ports: Sequence[int]) -> Answered:
    """Ask the task itself at each port until one answers: a page is a better answer than an error."""
    answers, problems = list[HttpAnswer](), list[ServiceProblem]()
    for port in ports:
        try:
            answers.append(engine.request_http_inside(ref, port, "/"))
        except NoAnswer as failure:
            problems.append(failure.reason)
        except (NotThere, OutOfReach):
            continue
        else:
            if answers[-1].status < HTTPStatus.BAD_REQUEST:
                break
    best = min(answers, key=lambda answer: answer.status, default=None)
    return best, "inside", None if best else next(iter(problems), None)


def ask_published(engine: Engine, published: Sequence[Mapping[str, Any]]) -> Answered:
    """Ask the ports that the swarm publishes on this machine, whichever node the task is on."""
    problems = list[ServiceProblem]()
    for port in published:
        if port["mode"] != "ingress":
            continue
        bindings = {f"{port['target']}/tcp": [{"HostIp": "", "HostPort": str(port["port"])}]}
        as_container = {"State": {"Running": True}, "NetworkSettings": {"Ports": bindings}}
        try:
            for address in engine.find_addresses(as_container, port["target"]):
                return engine.request_http(address, "/"), "published", None
        except NoAnswer as failure:
            problems.append(failure.reason)
        except (NotThere, OutOfReach):
            continue
    return None, None, next(iter(problems), None)
