"""What was seen of the world, without any opinion: the closed union of observations, a run's recording."""

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field


class UnobservableReason(StrEnum):
    """Why a thing could not be observed. Never the trainee's fault."""

    DEADLINE = "deadline"
    """The engine did not answer this question in time."""
    STUCK = "stuck"
    """The container is stuck at its start: every question about it blocks."""
    ENGINE_OUT_OF_REACH = "engine-out-of-reach"
    ENGINE_ERROR = "engine-error"
    """The engine answered with an error of its own (HTTP 5xx or a refusal)."""
    UNREADABLE = "unreadable"
    """The answer was cut short, too large, or not what the API promises."""
    ADDRESS_OUT_OF_REACH = "address-out-of-reach"
    """The container's address cannot be reached from the machine that grades."""
    NOT_TRIED = "not-tried"
    """What would show it cannot be run inside the container, or would tell nothing there."""
    ELSEWHERE = "elsewhere"
    """It is on the trainee's machine, of which only the engine is seen from the trainer's desk."""
    CRASH = "crash"
    """A bug of ours; it costs nobody a point."""


class Seen(Struct, frozen=True, tag="seen", tag_field="state", kw_only=True):
    """The thing is there, and these are its facts."""

    kind: str
    facts: dict[str, Any]
    age_s: float | None = None
    """Seconds since the thing started, while it still may change by itself; None when waiting cannot help."""
    duration_ms: int = 0


class Absent(Struct, frozen=True, tag="absent", tag_field="state", kw_only=True):
    """The world answered: there is no such thing."""

    kind: str
    duration_ms: int = 0


class Unobservable(Struct, frozen=True, tag="unobservable", tag_field="state", kw_only=True):
    """The world did not answer, refused, or cannot be seen from here."""

    kind: str
    why: UnobservableReason
    detail: str = ""
    duration_ms: int = 0


Observation = Seen | Absent | Unobservable


class EngineInfo(Struct, frozen=True, kw_only=True):
    """The engine that was looked at. `id` and `name` are known only where a check asked for them."""

    endpoint: str
    version: str | None = None
    api: str | None = None
    """The version of the API that was spoken."""
    untested_api: str | UnsetType = UNSET
    """The newest that the engine offers, where that is newer than what dckgrade was tested with."""
    rootless: bool = False
    id: str | None = None
    name: str | None = None


class Recording(Struct, frozen=True, kw_only=True):
    """Everything one run saw: enough to judge it again, anywhere, at any time."""

    engine: EngineInfo
    started_at: str
    """RFC 3339, UTC."""
    duration_ms: int = 0
    complete: bool = True
    """False when the run's deadline came before everything had been looked at."""
    passive: bool = False
    only: list[str] = field(default_factory=list)
    """The checks that the user chose; empty means all."""
    starting: list[str] = field(default_factory=list)
    """Checks whose subject was still inside its start-up budget when the run stopped waiting."""
    observations: dict[str, Observation] = field(default_factory=dict)
