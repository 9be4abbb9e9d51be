"""A recording and the verdicts on it, in one document, and several of them: what is rendered and kept."""

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from dckgrade.report.observation import EngineInfo, Observation
from dckgrade.report.result import CheckResult, Score

REPORT_SCHEMA: Literal["dckgrade-report/1"] = "dckgrade-report/1"


class LabRef(Struct, frozen=True, kw_only=True):
    """Which lab was graded, to the byte."""

    id: str
    title: str
    digest: str
    """`sha256:` and the digest of the lab's file."""


class Signature(Struct, frozen=True, kw_only=True):
    """Made with the key that the trainer gave to the trainee; see `dckgrade.report.signature`."""

    mac: str
    """HMAC-SHA256 over the document's bytes with 64 zeros in this place, in hexadecimal."""


class Report(Struct, frozen=True, kw_only=True):
    """One lab graded on one engine, in one language; the JSON report is this document."""

    schema: Literal["dckgrade-report/1"] = REPORT_SCHEMA
    dckgrade: str
    lang: Literal["fr", "en"]
    trainee: str | None = None
    lab: LabRef
    engine: EngineInfo
    started_at: str
    duration_ms: int
    complete: bool
    passive: bool = False
    only: list[str] = field(default_factory=list)
    starting: list[str] = field(default_factory=list)
    score: Score
    checks: list[CheckResult]
    observations: dict[str, Observation]
    signature: Signature | UnsetType = UNSET


SESSION_SCHEMA: Literal["dckgrade-session/1"] = "dckgrade-session/1"


class Session(Struct, frozen=True, kw_only=True):
    """Several labs graded in one run: their reports, each whole, and what they come to together."""

    schema: Literal["dckgrade-session/1"] = SESSION_SCHEMA
    dckgrade: str
    complete: bool
    score: Score
    reports: list[Report]


def sum_scores(reports: Sequence[Report]) -> Score:
    """Add up the scores of *reports*."""
    return Score(
        earned=sum(report.score.earned for report in reports),
        possible=sum(report.score.possible for report in reports),
        undecided=sum(report.score.undecided for report in reports),
    )
