"""Find the container that a lab names, in the engine's list; read its times."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.report.observation import Absent, Observation, Unobservable, UnobservableReason
from dckgrade.report.text import Text

ContainerName = Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}$")]
"""What Docker accepts: two characters at least."""

ContainerSelector = Annotated[str, Meta(pattern="^(@apparmor|@seccomp|[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62})$")]
"""A name; or, where the course gives none, the container with a profile: `@apparmor`, `@seccomp`."""

FoundBy = Literal["name", "label", "near-miss", "image"]
"""Exact name; Compose or Swarm service label; a name within two edits; only the image fits."""

NO_SUCH_CONTAINER = Text(
    fr="aucun conteneur de ce nom n'a été trouvé", en="no container of that name was found"
)
"""What is said where no container has the name that a lab gives."""

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


def find_container(engine: Engine, name: str, image: str | None = None) -> FoundContainer:
    """
    Find the container called *name*; failing that by service label, then by a name nearly the same, then
    by *image*. Among several the running ones come first, then the newest. `NotThere` when none fits.
    """
    ways: Mapping[FoundBy, Callable[[Json], bool]] = {
        "name": lambda entry: name in list_container_names(entry),
        "label": lambda entry: name in list_service_names(entry),
        "near-miss": lambda entry: any(is_near_miss(name, other) for other in list_container_names(entry)),
        "image": lambda entry: image is not None and runs_image(entry, image),
    }
    listed = engine.list_containers()
    for found_by, fits in ways.items():
        if candidates := [entry for entry in listed if fits(entry)]:
            return choose_best_match(candidates, found_by, image)
    raise NotThere(name)


def choose_best_match(candidates: Sequence[Json], found_by: FoundBy, image: str | None) -> FoundContainer:
    """Return the one that runs the image, else one that runs, else the newest."""
    best = max(
        candidates,
        key=lambda entry: (
            image is not None and runs_image(entry, image),
            entry.get("State") == "running",
            entry.get("Created") or 0,
        ),
    )
    return FoundContainer(
        id=str(best.get("Id") or ""),
        name=next(iter(list_container_names(best)), ""),
        state=str(best.get("State") or ""),
        found_by=found_by,
        others=len(candidates) - 1,
    )


def list_container_names(entry: Json) -> list[str]:
    """Return the container's own names: `/web` is one, `/other/web` is a link's alias and is not."""
    return [name[1:] for name in entry.get("Names") or [] if name.count("/") == 1]


def list_service_names(entry: Json) -> Iterable[str]:
    """Return the Compose or Swarm service names; a stack's prefix (`lab_web`) is left off too."""
    labels = entry.get("Labels") or {}
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


def is_near_miss(wanted: str, found: str) -> bool:
    """Return whether *found* is *wanted* but for case, separators or at most two edits, yet not the same."""
    if wanted == found:
        return False
    left, right = (re.sub(r"[-_.]", "", name.casefold()) for name in (wanted, found))
    # Two edits turn any four letters into something else.
    return left == right or (len(wanted) > 5 and count_edits(left, right, most=2) <= 2)  # noqa: PLR2004


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
