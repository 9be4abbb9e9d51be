"""Find the containers of Compose projects by their labels, and the project that a lab is about."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.support.lookup import ONE_OFF_LABEL, list_container_names

LABEL_PREFIX = "com.docker.compose."
"""Of the labels that Compose 1 and 2 give: https://docs.docker.com/compose/ (github.com/docker/compose,
pkg/api/labels.go)."""
MAX_NAME_CHARS = 100
STATES_THAT_RUN = {"running", "restarting", "paused"}

ServiceName = Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$")]
"""A name below `services:` of a Compose file."""


class Project(Struct, frozen=True):
    """One project's containers, as the engine lists them."""

    name: str
    entries: Sequence[Json]

    def list_of(self, service: str, *, one_off: bool = False) -> list[Json]:
        """List the containers of *service*, those of the service itself or else of `docker compose run`."""
        return [
            entry
            for entry in self.entries
            if get_label(entry, "service") == service and is_one_off(entry) is one_off
        ]

    def count_running(self, services: Iterable[str]) -> int:
        """Return how many of *services* have a container that runs."""
        return sum(
            any(entry.get("State") in STATES_THAT_RUN for entry in self.list_of(service))
            for service in services
        )

    def count_present(self, services: Iterable[str]) -> int:
        """Return how many of *services* have a container at all."""
        return sum(bool(self.list_of(service)) for service in services)


def get_label(entry: Json, name: str) -> str:
    """Return one of Compose's labels of a listed or inspected container, or of a network; '' without it."""
    labels = entry.get("Labels") or (entry.get("Config") or {}).get("Labels") or {}
    return str(labels.get(f"{LABEL_PREFIX}{name}") or "")


def is_one_off(entry: Json) -> bool:
    """Return whether `docker compose run` has started it."""
    return (entry.get("Labels") or {}).get(ONE_OFF_LABEL) == "True"


def list_projects(engine: Engine, services: Sequence[str]) -> list[Project]:
    """
    List the projects that have a container of one of *services*, the best first.

    Best is where the most of them run, then where the most of them are, then what was created last.
    """
    entries: dict[str, list[Json]] = {}
    for entry in engine.list_containers():
        if name := get_label(entry, "project"):
            entries.setdefault(name, []).append(entry)
    projects = [Project(name, members) for name, members in entries.items()]
    fitting = [
        project
        for project in projects
        if any(get_label(entry, "service") in services for entry in project.entries)
    ]
    return sorted(
        fitting,
        key=lambda project: (
            project.count_running(services),
            project.count_present(services),
            max(entry.get("Created") or 0 for entry in project.entries),
        ),
        reverse=True,
    )


def list_hand_run(engine: Engine, services: Sequence[str]) -> list[str]:
    """Name the containers that bear a service's own name and no label of Compose."""
    return sorted(
        name
        for entry in engine.list_containers()
        if not get_label(entry, "project")
        for name in list_container_names(entry)
        if name in services
    )


def show_name(name: str) -> str:
    """Return a name as it may be shown: secrets masked, shortened."""
    return mask_secrets(name)[:MAX_NAME_CHARS]
