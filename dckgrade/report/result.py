"""What was judged of one check: the closed set of verdicts, what missed, and the mistake's name."""

from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Verdict(StrEnum):
    """How a check ended. Only `passed` earns; `unknown` and `skipped` leave the points undecided."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"

    @property
    def is_undecided(self) -> bool:
        """Return whether the points are neither earned nor lost."""
        return self in {Verdict.UNKNOWN, Verdict.SKIPPED}


class Mismatch(Struct, frozen=True):
    """One demand that does not hold: the fact, what was wanted of it (as labs write it), what was found."""

    fact: str
    wanted: Any
    found: Any


class Quotation(Struct, frozen=True, kw_only=True):
    """What a program said itself: at most 300 characters, secrets masked."""

    program: str
    text: str
    place: str
    """Where it says so: a command that shows it, or a file and its line."""


class NamedMistake(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mistake by its name: a stable *code*, and words for the trainee in the report's language."""

    code: str
    name: str
    message: str
    hint: str = ""
    """Where to look."""
    why: str = ""
    """The concept behind it."""
    look: str = ""
    """How to look for oneself."""
    source: str = ""
    """The address of the documentation."""
    quotation: Quotation | None = None
    """The program's own words about it."""


class Reason(Struct, frozen=True, kw_only=True):
    """Why a check is unknown or skipped: a stable code, and what it is about."""

    code: str
    detail: str = ""


class CheckResult(Struct, frozen=True, kw_only=True):
    """One check of a report."""

    id: str
    title: str
    points: int
    earned: int
    verdict: Verdict
    blocked_by: list[str] = field(default_factory=list)
    misses: list[Mismatch] = field(default_factory=list)
    diagnosis: NamedMistake | None = None
    remarks: list[NamedMistake] = field(default_factory=list)
    """Worth knowing although the check passed."""
    reason: Reason | None = None
    observations: list[str] = field(default_factory=list)
    """Keys into the report's observations: the evidence."""
    duration_ms: int = 0


class Score(Struct, frozen=True, kw_only=True):
    """Whole points: earned, possible, and undecided (neither earned nor lost)."""

    earned: int
    possible: int
    undecided: int


def sum_points(lines: list[CheckResult]) -> Score:
    """Add up *lines*."""
    return Score(
        earned=sum(line.earned for line in lines),
        possible=sum(line.points for line in lines),
        undecided=sum(line.points for line in lines if line.verdict.is_undecided),
    )
