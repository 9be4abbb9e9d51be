"""Find the container that a lab names, in the engine's list; read its times."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import dropwhile
from typing import Annotated, Literal, get_type_hints

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Probe
from dckgrade.report.observation import Absent, Observation, Unobservable, UnobservableReason
from dckgrade.report.text import Text

ContainerName = Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$")]
"""What Docker accepts: two characters at least."""

ContainerSelector = Annotated[str, Meta(pattern="^(@apparmor|@seccomp|[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62})$")]
"""A name; or, where the course gives none, the container with a profile: `@apparmor`, `@seccomp`."""

FoundBy = Literal["name", "label", "near-miss", "arguments", "image"]
"""Exact name; service label; a name within two edits; `--name` after the image; only the image fits."""

NAME_MATCHES: tuple[FoundBy, ...] = ("name", "label", "near-miss", "arguments")
"""The ways that go by a name, the surest first."""
MAX_NAME_EDITS = 2

NO_SUCH_CONTAINER = Text(
    fr="aucun conteneur nommé {asked} n'a été trouvé", en="no container named {asked} was found"
)
"""What is said where no container has the name that a lab gives."""

INIT_PROGRAMS = {"tini", "dumb-init", "docker-init"}
"""Programs that start the one that is given to them, after their own options."""

ONE_OFF_LABEL = "com.docker.compose.oneoff"
SERVICE_LABELS = ("com.docker.compose.service", "com.docker.swarm.service.name")


class FoundContainer(Struct, frozen=True):
    """The container that a probe looks at, as the engine lists it."""

    id: str
    name: str
    state: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    found_by: FoundBy
    others: int
    """How many further containers fitted equally and were passed over."""


STEADY_AFTER_START_S = 2
"""A container that dies of its configuration does so within its first second (measured: PostgreSQL 0.7 s)."""
RESTING_STATES = {"created", "paused", "exited", "dead"}
"""States that last until somebody acts."""
STEADY_AFTER_RESTART_S = 10
"""Docker itself resets its restart delay once a container has stayed up for ten seconds."""


def list_named_containers(probes: Iterable[Probe]) -> dict[str, str | None]:
    """Return the containers that *probes* name, each with the image that one of them gives."""
    named: dict[str, str | None] = {}
    for probe in probes:
        for parameter in list_name_parameters(type(probe)):
            name = getattr(probe, parameter)
            if not name.startswith("@"):
                named[name] = named.get(name) or getattr(probe, "image", None)
    return named


def list_name_parameters(kind: type[Probe]) -> tuple[str, ...]:
    """Return the parameters of a kind that name a container."""
    return list_parameters_of(kind, ContainerName, ContainerSelector)


@cache
def list_parameters_of(kind: type[Probe], *wanted: object) -> tuple[str, ...]:
    """Return the parameters of a kind whose type is one of *wanted*."""
    types = get_type_hints(kind, include_extras=True)
    return tuple(name for name in kind.__struct_fields__ if types[name] in wanted)


def find_container(engine: Engine, name: str, image: str | None = None) -> FoundContainer:
    """
    Find the container called *name*; failing that by service label, then by a name nearly the same, then,
    with *image*, one whose program was given the name, then one that runs the image. One that is nearer to
    another name of the lab stands for that one alone. Among several the running ones come first, then the
    newest. `NotThere` when none fits.
    """
    listed = engine.list_containers()
    lab_names = {**engine.lab_containers, name: image or engine.lab_containers.get(name)}
    nearest = list_nearest_names(listed, lab_names)
    for rank, found_by in enumerate(NAME_MATCHES if image else NAME_MATCHES[:-1]):
        if candidates := [
            entry
            for entry, nearer in zip(listed, nearest, strict=True)
            if nearer == name and (measure_distance(entry, name) or (None,))[0] == rank
        ]:
            return describe_best_match(rank_matches(candidates, image), found_by)
    if image and name not in nearest:
        unnamed = [entry for entry, nearer in zip(listed, nearest, strict=True) if nearer is None]
        running = rank_matches([entry for entry in unnamed if runs_image(entry, image)], image)
        # Names of the same image that nobody bears share these, in the order of the lab.
        nameless = [other for other in lab_names if lab_names[other] == image and other not in nearest]
        if candidates := running[nameless.index(name) :]:
            return describe_best_match(candidates, "image")
    raise NotThere(name)


def list_nearest_names(listed: Sequence[Json], lab_names: Mapping[str, str | None]) -> list[str | None]:
    """Return for each container the name of the lab that it stands for; None when it is near to none."""
    borne = {name for entry in listed for name in list_container_names(entry)}
    return [find_nearest_name(entry, lab_names, borne) for entry in listed]


def find_nearest_name(entry: Json, lab_names: Mapping[str, str | None], borne: set[str]) -> str | None:
    """Return the nearest name; of two the one whose image fits, else the one that nobody bears."""
    distances = [
        (distance, get_repository_name(str(entry.get("Image") or "")) != image, name in borne, name)
        for name, image in lab_names.items()
        if (distance := measure_distance(entry, name)) is not None
    ]
    return min(distances, key=lambda found: found[:-1])[-1] if distances else None


def measure_distance(entry: Json, name: str) -> tuple[int, int] | None:
    """Return in which of `NAME_MATCHES` a container is called *name*, and by how many edits; None in none."""
    names = list_container_names(entry)
    if name in names:
        return 0, 0
    if name in list_service_names(entry):
        return 1, 0
    if near := [count_name_edits(name, other) for other in names if is_near_miss(name, other)]:
        return 2, min(near)
    return (3, 0) if gives_name_to_program(entry, name) else None


def rank_matches(candidates: Sequence[Json], image: str | None) -> list[Json]:
    """Return those that run the image first, then others that run, then the newest."""
    return sorted(
        candidates,
        key=lambda entry: (
            image is not None and runs_image(entry, image),
            entry.get("State") == "running",
            entry.get("Created") or 0,
        ),
        reverse=True,
    )


def describe_best_match(ranked: Sequence[Json], found_by: FoundBy) -> FoundContainer:
    """Return the first, and how many others there are."""
    best = ranked[0]
    return FoundContainer(
        id=str(best.get("Id") or ""),
        name=next(iter(list_container_names(best)), ""),
        state=str(best.get("State") or ""),
        found_by=found_by,
        others=len(ranked) - 1,
    )


def list_container_names(entry: Json) -> list[str]:
    """Return the container's own names: `/web` is one, `/other/web` is a link's alias and is not."""
    return [name[1:] for name in entry.get("Names") or [] if name.count("/") == 1]


def list_service_names(entry: Json) -> Iterable[str]:
    """
    Return the Compose or Swarm service names; a stack's prefix (`lab_web`) is left off too.

    What `docker compose run` starts bears the service's label, and is not the service.
    """
    labels = entry.get("Labels") or {}
    if labels.get(ONE_OFF_LABEL) == "True":
        return
    for label in SERVICE_LABELS:
        if service := labels.get(label):
            yield service
            if stack := labels.get("com.docker.stack.namespace"):
                yield service.removeprefix(f"{stack}_")


def runs_image(entry: Json, image: str) -> bool:
    """Return whether it runs, and of an image whose repository is *image*, whatever registry or tag."""
    return entry.get("State") == "running" and get_repository_name(str(entry.get("Image") or "")) == image


def get_repository_name(reference: str) -> str:
    """Return the last part of an image's name: `registry.example/web/nginx:1.27@sha256:…` is `nginx`."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def is_of_repository(reference: str, wanted: str) -> bool:
    """Return whether an image is of the repository *wanted*, or of its twin that needs no root."""
    return get_repository_name(reference) in {wanted, f"{wanted}-unprivileged"}


def starts_program(command: Sequence[str], program: str) -> bool:
    """Return whether a command starts *program*: it stands first, or behind the image's entrypoint."""
    words = list(command)
    if words and get_program_name(words[0]) in INIT_PROGRAMS:
        words = list(dropwhile(lambda word: word.startswith("-"), words[1:]))
    # An option may end like a path: `--upstream=http://nginx`.
    return program in (get_program_name(word) for word in words[:2] if not word.startswith("-"))


def get_program_name(word: str) -> str:
    """Return the program's name of a path: of `/usr/sbin/nginx`, `nginx`."""
    return word.strip("'\"").rpartition("/")[2]


def gives_name_to_program(entry: Json, name: str) -> bool:
    """Return whether `--name` stands after the image, so that the program was given it, and not Docker."""
    return bool(re.search(rf"(?<!\S)--name[= ]{re.escape(name)}(?!\S)", str(entry.get("Command") or "")))


def is_near_miss(wanted: str, found: str) -> bool:
    """Return whether *found* is *wanted* but for case, separators or at most two edits, yet not the same."""
    # Two edits turn any four letters into something else.
    most = MAX_NAME_EDITS if len(wanted) > 5 else 0  # noqa: PLR2004
    return wanted != found and count_name_edits(wanted, found) <= most


def count_name_edits(wanted: str, found: str) -> int:
    """Return by how many edits two names differ, case and separators apart; more than two are three."""
    left, right = (re.sub(r"[-_.]", "", name.casefold()) for name in (wanted, found))
    return count_edits(left, right, most=MAX_NAME_EDITS)


def count_edits(left: str, right: str, most: int) -> int:
    """Count insertions, deletions and replacements (Levenshtein) between the two; *most* + 1 means more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return min(row[-1], most + 1)


def convert_to_observation(
    kind: str, trouble: NotThere | OutOfReach, subject: FoundContainer | None = None
) -> Observation:
    """Return the observation of *kind* that the exception stands for."""
    if isinstance(trouble, NotThere):
        return Absent(kind=kind)
    # A container whose start never ends keeps its lock: the list answers, every question about it blocks.
    if trouble.why is UnobservableReason.DEADLINE and subject and subject.state == "created":
        return Unobservable(kind=kind, why=UnobservableReason.STUCK, detail=subject.name)
    return Unobservable(kind=kind, why=trouble.why, detail=trouble.detail)


def uptime_s(inspected: Json, now: datetime) -> float | None:
    """Return for how many seconds the container has been running; None if it does not run, or is paused."""
    state = inspected.get("State") or {}
    if not state.get("Running") or state.get("Paused") or state.get("Restarting"):
        return None
    if not state.get("StartedAt"):
        return 0.0
    return max(0.0, round((now - parse_timestamp(state["StartedAt"])).total_seconds(), 1))


def is_restart_looping(inspected: Json, now: datetime) -> bool:
    """Return whether the engine keeps restarting the container, so that what it does now will not last."""
    if not inspected.get("RestartCount"):
        return False
    up = uptime_s(inspected, now)
    restarting = (inspected.get("State") or {}).get("Restarting")
    return bool(restarting) or (up is not None and up < STEADY_AFTER_RESTART_S)


def parse_timestamp(text: str) -> datetime:
    """Read a time as the engine writes it: up to nine digits after the second, `Z` or an offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise OutOfReach(UnobservableReason.UNREADABLE, text) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
