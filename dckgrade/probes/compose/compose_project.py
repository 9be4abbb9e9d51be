"""Kind `compose-project`: the Compose project that has given services, and whether all of it is up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.compose.projects import (
    Project,
    ServiceName,
    get_label,
    list_hand_run,
    list_projects,
    show_name,
)
from dckgrade.probes.support.lookup import convert_to_observation, is_restart_looping, uptime_s
from dckgrade.probes.support.reachability import is_running
from dckgrade.probes.support.supply import EACH_PROJECT, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.text import Text

MAX_PROJECTS, MAX_INSPECTED = 10, 20


class Facts(Struct, frozen=True, kw_only=True):
    """The project in which the most of the services run, and what is wrong with each."""

    project: str | None
    """Its name; null where the services' names are borne by containers of no project alone."""
    projects: list[str]
    """All projects that have a container of one of the services; ten at most."""
    by_hand: list[str]
    """Containers that bear a service's name and are of no project: `docker run --name`."""
    up: bool
    """Every service runs, and none of its containers is stopped, paused or restarting over and over."""
    missing: list[str]
    """Services without any container."""
    one_off: list[str]
    """Services of which there is none but what `docker compose run` has started."""
    not_running: list[str]
    """Services with a container that does not run: never started, stopped, paused."""
    never_started: list[str]
    """Those among them with a container that was created and never ran."""
    looping: list[str]
    """Services with a container that the engine keeps restarting."""
    config_files: int | None
    """Of how many files the project was made; null where its labels do not tell."""


LABELS: Mapping[str, Text] = {
    "project": Text(fr="projet Compose", en="Compose project"),
    "projects": Text(fr="projets qui ont ces services", en="projects with these services"),
    "by_hand": Text(
        fr="conteneurs de ce nom hors de tout projet", en="containers of that name in no project"
    ),
    "up": Text(fr="services tous en marche", en="all services running"),
    "missing": Text(fr="services sans conteneur", en="services without a container"),
    "one_off": Text(fr="services lancés isolément", en="services run one-off alone"),
    "not_running": Text(fr="services arrêtés", en="services that do not run"),
    "never_started": Text(fr="services jamais démarrés", en="services never started"),
    "looping": Text(fr="services qui redémarrent sans cesse", en="services that keep restarting"),
    "config_files": Text(fr="nombre de fichiers Compose", en="number of Compose files"),
}


WORDS: Mapping[str, ValueWords] = {
    "up": {
        False: Text(
            fr="les services du projet ne tournent pas tous", en="not all services of the project are running"
        ),
    },
}


class ComposeProject(Probe, frozen=True, kw_only=True, tag="compose-project"):
    """Find the Compose project that has *services*, whatever it is called, and look whether they all run."""

    services: Annotated[list[ServiceName], Meta(min_length=1, max_length=10)]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucun projet Compose n'a de tels services", en="no Compose project has such services"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_PROJECT
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "up": DraftedFact(
            {True: Text(fr="a tous ses services en marche", en="has all its services running")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"services": ["db", "wordpress"]}

    def observe(self, engine: Engine) -> Observation:
        """List, choose, inspect each container."""
        try:
            projects = list_projects(engine, self.services)
            by_hand = list_hand_run(engine, self.services)
            if not projects and not by_hand:
                return Absent(kind="compose-project")
            chosen = projects[0] if projects else Project("", ())
            inspected = inspect_services(engine, chosen, self.services)
            facts = build_project_facts(projects, by_hand, inspected, engine.now())
            ages = [uptime_s(container, engine.now()) for each in inspected.values() for container in each]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("compose-project", trouble)
        return Seen(
            kind="compose-project",
            facts=msgspec.to_builtins(facts),
            # A container that does not run may be about to: what the youngest of the others says counts.
            age_s=min((age for age in ages if age is not None), default=None),
        )


def inspect_services(
    engine: Engine, project: Project, services: Sequence[str]
) -> Mapping[str, Sequence[Json]]:
    """Inspect the containers of each service, those of one-off runs left out."""
    return {
        service: [
            engine.inspect_container(str(entry["Id"])) for entry in project.list_of(service)[:MAX_INSPECTED]
        ]
        for service in services
    }


def build_project_facts(
    projects: Sequence[Project], by_hand: list[str], inspected: Mapping[str, Sequence[Json]], now: datetime
) -> Facts:
    """Put the first of *projects* and its inspected containers, by service, into facts."""
    chosen = projects[0] if projects else Project("", ())
    looping = [
        service
        for service, each in inspected.items()
        if any(is_restart_looping(container, now) for container in each)
    ]
    not_running = [
        service
        for service, each in inspected.items()
        if service not in looping and not all(is_running(container) for container in each)
    ]
    missing = [service for service, each in inspected.items() if not each]
    files = [file for entry in chosen.entries if (file := count_config_files(entry))]
    return Facts(
        project=show_name(chosen.name) if projects else None,
        projects=[show_name(project.name) for project in projects[:MAX_PROJECTS]],
        by_hand=by_hand,
        up=bool(projects) and not (missing or not_running or looping),
        missing=[service for service in missing if not chosen.list_of(service, one_off=True)],
        one_off=[service for service in missing if chosen.list_of(service, one_off=True)],
        not_running=not_running,
        never_started=[
            service
            for service in not_running
            if any(
                (container.get("State") or {}).get("Status") == "created" for container in inspected[service]
            )
        ],
        looping=looping,
        config_files=max(files, default=None),
    )


def count_config_files(entry: Json) -> int:
    """Return of how many files a container's project was made; 0 where the label is not there."""
    return len([name for name in get_label(entry, "project.config_files").split(",") if name])
