"""Kind `compose-service`: what one service of a Compose project is, by its labels and its containers."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.compose.projects import Project, ServiceName, get_label, list_projects, show_name
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import convert_to_observation, uptime_s
from dckgrade.probes.support.reachability import can_reach_other, get_networks, is_running
from dckgrade.probes.support.service import get_network_mode
from dckgrade.probes.support.supply import EACH_COMPOSE_SERVICE, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.text import Text

MAX_INSPECTED, MAX_LISTED = 20, 50

HealthState = Literal["none", "starting", "healthy", "unhealthy"]
HEALTH_STATES: Sequence[HealthState] = ("unhealthy", "starting", "none", "healthy")
"""The worst first."""
LABEL_OF_WAITING = "com.docker.compose.depends_on"
"""Compose 2 gives it to each service, empty where that waits for none."""


class Facts(Struct, frozen=True, kw_only=True):
    """The service's containers together; one-off runs are none of them."""

    project: str
    containers: int
    running: int
    image: str
    """As the file names it."""
    health: HealthState
    """That of the container that is worst off; none: nothing checks it."""
    restart: str
    """The restart policy: no, always, unless-stopped, on-failure."""
    published: list[str]
    """The machine's ports that were asked for, as `8080:80`; `:80` is one that Docker chooses."""
    host_network: bool
    """It stands in the machine's network, where each of its ports is the machine's."""
    networks: list[str]
    """Its networks, without the project's name before theirs."""
    reached_by_other: bool | None
    """Whether the other service can call it: a network in common. Null where no other one is asked for."""
    tells_waiting: bool
    """Whether its labels tell what it waits for: Compose 2 writes that down, Compose 1 does not."""
    waits_for: list[str]
    """What it waits for when it is started, as `db:service_healthy`."""
    empty_variables: list[str]
    """Variables without a value."""
    one_file: bool
    """Whether all its containers are of one state of the file: Compose's own digest is the same."""


LABELS: Mapping[str, Text] = {
    "project": Text(fr="projet Compose", en="Compose project"),
    "containers": Text(fr="nombre de conteneurs", en="number of containers"),
    "running": Text(fr="nombre de conteneurs en marche", en="number of running containers"),
    "image": Text(fr="image", en="image"),
    "health": Text(fr="état de santé", en="health"),
    "restart": Text(fr="politique de redémarrage", en="restart policy"),
    "published": Text(fr="ports publiés", en="published ports"),
    "host_network": Text(fr="réseau de la machine", en="network of the machine"),
    "networks": Text(fr="réseaux", en="networks"),
    "reached_by_other": Text(fr="joignable par l'autre service", en="reached by the other service"),
    "tells_waiting": Text(fr="attentes écrites dans les étiquettes", en="waiting told by the labels"),
    "waits_for": Text(fr="ce que le service attend", en="what the service waits for"),
    "empty_variables": Text(fr="variables vides", en="empty variables"),
    "one_file": Text(fr="conteneurs d'un même état du fichier", en="containers of one state of the file"),
}


WORDS: Mapping[str, ValueWords] = {
    "health": value_words.HEALTH,
    "restart": value_words.RESTART_POLICY,
    "waits_for": {
        (): Text(fr="rien", en="nothing"),
        "db:service_started": Text(
            fr="le démarrage de db (service_started)", en="the start of db (service_started)"
        ),
        "db:service_healthy": Text(
            fr="la bonne santé de db (service_healthy)", en="db to be healthy (service_healthy)"
        ),
    },
    "host_network": {
        True: Text(
            fr="le service partage le réseau de la machine", en="the service shares the machine's network"
        ),
    },
    "reached_by_other": {
        False: Text(fr="l'autre service ne le joint pas", en="the other service does not reach it"),
        None: Text(
            fr="on ne sait pas si l'autre service le joint",
            en="whether the other service reaches it is not known",
        ),
    },
}


class ComposeService(Probe, frozen=True, kw_only=True, tag="compose-service"):
    """Look at *service* of the Compose project that has it, and, with *other*, that service too."""

    service: ServiceName
    other: ServiceName | None = None
    """A service of the same project that is to reach it."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucun projet Compose n'a de service nommé {asked}",
        en="no Compose project has a service named {asked}",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_COMPOSE_SERVICE
    example: ClassVar[Mapping[str, Any]] = {"service": "db", "other": "wordpress"}

    def observe(self, engine: Engine) -> Observation:
        """List, choose the project that has both, inspect."""
        try:
            wanted = [self.service, *([self.other] if self.other else [])]
            projects = list_projects(engine, wanted)
            inspected = inspect_each(engine, projects, self.service)
            others = inspect_each(engine, projects, self.other) if self.other else None
            if not inspected:
                return Absent(kind="compose-service")
            facts = build_service_facts(projects[0], inspected, others)
            age_s = uptime_s(inspected[0], engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("compose-service", trouble)
        return Seen(kind="compose-service", facts=msgspec.to_builtins(facts), age_s=age_s)


def inspect_each(engine: Engine, projects: Sequence[Project], service: str) -> list[Json]:
    """Inspect the containers of *service* in the first project; none where there is none."""
    entries = projects[0].list_of(service)[:MAX_INSPECTED] if projects else ()
    return [engine.inspect_container(str(entry["Id"])) for entry in entries]


def build_service_facts(project: Project, inspected: Sequence[Json], others: Sequence[Json] | None) -> Facts:
    """Put the containers of one service into facts; *others* are those of the service that is to reach it."""
    first = inspected[0]
    config, host = first.get("Config") or {}, first.get("HostConfig") or {}
    waits_for = get_label(first, "depends_on")
    digests = {get_label(container, "config-hash") for container in inspected}
    return Facts(
        project=show_name(project.name),
        containers=len(inspected),
        running=sum(is_running(container) for container in inspected),
        image=show_name(str(config.get("Image") or "")),
        health=find_worst_health(inspected),
        restart=str((host.get("RestartPolicy") or {}).get("Name") or "no"),
        published=sorted({port for container in inspected for port in list_asked_ports(container)})[
            :MAX_LISTED
        ],
        host_network=any(get_network_mode(container) == "host" for container in inspected),
        networks=sorted(
            {
                show_name(name.removeprefix(f"{project.name}_"))
                for container in inspected
                for name in get_networks(container)
            }
        )[:MAX_LISTED],
        reached_by_other=None
        if others is None
        else any(can_reach_other(container, other) for container in inspected for other in others),
        tells_waiting=LABEL_OF_WAITING in (config.get("Labels") or {}),
        waits_for=[":".join(wait.split(":")[:2]) for wait in waits_for.split(",") if wait][:MAX_LISTED],
        empty_variables=sorted(
            variable[:-1]
            for variable in config.get("Env") or []
            if variable.endswith("=") and variable.count("=") == 1
        )[:MAX_LISTED],
        one_file=len(digests) == 1,
    )


def find_worst_health(inspected: Sequence[Json]) -> HealthState:
    """Return the health of the container that is worst off."""
    found = {
        str(((container.get("State") or {}).get("Health") or {}).get("Status") or "none")
        for container in inspected
    }
    return next((state for state in HEALTH_STATES if state in found), "none")


def list_asked_ports(inspected: Json) -> list[str]:
    """Return what it was asked to publish, whether it runs or not, as `8080:80`."""
    bindings = (inspected.get("HostConfig") or {}).get("PortBindings") or {}
    return [
        f"{binding.get('HostPort') or ''}:{inner.partition('/')[0]}"
        for inner, bound in bindings.items()
        for binding in bound or ()
    ]
