"""Judge a submission with the trainer's own labs; the score that it claims is never believed."""

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct, field

from dckgrade.i18n import Lang
from dckgrade.judge.judge import judge_recording
from dckgrade.lab.checked import load_checked_lab
from dckgrade.lab.discovery import find_lab_path
from dckgrade.lab.model import LoadedLab
from dckgrade.report import codec
from dckgrade.report.class_report import Trust
from dckgrade.report.observation import Seen, Unobservable, UnobservableReason
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Score, Verdict, sum_points

IDENTITY_FACTS = {"id", "node_id"}
"""Facts that name one thing in all the world: random numbers of the engine."""
MIN_IDENTITY_CHARS = 12
"""Of an id that is not short for another."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One report, judged again and made small: ten thousand of them are kept at once."""

    trainee: str
    lab: str
    source: str
    started_at: str
    complete: bool
    score: Score
    verdicts: dict[str, Verdict]
    """By check."""
    mistakes: dict[str, str] = field(default_factory=dict)
    """Codes, by check."""
    other_lab: bool = False
    """The trainee's lab file was not the trainer's: their own report may have said otherwise."""
    claimed_otherwise: bool = False
    """The report's score is not what its recording comes to."""
    trust: Trust = "declared"
    unreached: str = ""
    """Why nothing at all could be seen; empty where something was."""
    engine: str = ""
    """The engine's own id, where the lab asked for it."""
    traces: frozenset[int] = frozenset()
    """Digests of what two trainees cannot have in common by chance."""


def judge_attempt(
    report: Report, trainee: str, source: str, lang: Lang, trust: Trust = "declared"
) -> tuple[Attempt, list[CheckResult]]:
    """Judge *report* again; raises `UserError` for a lab that there is not."""
    loaded = load_trainer_lab(report.lab.id)
    lines = judge_recording(loaded.lab, codec.extract_recording(report), lang)
    again = sum_points(lines)
    attempt = Attempt(
        trainee=trainee,
        lab=loaded.lab.id,
        source=source,
        started_at=report.started_at,
        complete=report.complete,
        score=again,
        verdicts={line.id: line.verdict for line in lines},
        mistakes={line.id: line.diagnosis.code for line in lines if line.diagnosis},
        other_lab=report.lab.digest != loaded.digest,
        claimed_otherwise=report.lab.digest == loaded.digest and contradicts_recording(report, lines, again),
        trust=trust,
        unreached=get_unreached_reason(report),
        engine=report.engine.id or "",
        traces=frozenset(compute_traces(report)),
    )
    return attempt, lines


def get_unreached_reason(report: Report) -> str:
    """Return why the engine was not reached, in the words of that moment."""
    seen = list(report.observations.values())
    if seen and all(
        isinstance(observation, Unobservable) and observation.why is UnobservableReason.ENGINE_OUT_OF_REACH
        for observation in seen
    ):
        return next(observation.detail for observation in seen if isinstance(observation, Unobservable))
    return ""


def contradicts_recording(report: Report, lines: list[CheckResult], score: Score) -> bool:
    """Return whether the report's own verdicts are not those of its recording, by the same lab."""
    reported = {line.id: (line.verdict, line.earned) for line in report.checks}
    return report.score != score or reported != {line.id: (line.verdict, line.earned) for line in lines}


@cache
def load_trainer_lab(name: str) -> LoadedLab:
    """Load a lab of the trainer's, once."""
    return load_checked_lab(find_lab_path(name))


def compute_traces(report: Report) -> Iterator[int]:
    """Yield digests of the engine's random ids, and of all that was seen together with the moment."""
    facts = [seen.facts for seen in report.observations.values() if isinstance(seen, Seen)]
    yield from map(compute_trace_digest, find_identity_values(facts))
    if facts:
        yield compute_trace_digest(
            [report.started_at, report.duration_ms, sorted(report.observations.items(), key=itemgetter(0))]
        )


def find_identity_values(facts: list[Any]) -> list[str]:
    """Find the ids among facts, however deep."""
    found: list[str] = []
    waiting: list[Any] = [*facts]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            named = (value[name] for name in IDENTITY_FACTS & value.keys())
            found += [given for given in named if isinstance(given, str) and len(given) >= MIN_IDENTITY_CHARS]
            value = value.values()
        waiting += [item for item in value if isinstance(item, (dict, list))]
    return found


def compute_trace_digest(value: object) -> int:
    """Make a small number of it: what is compared need not be kept."""
    try:
        content = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        # No encoder takes every number and every string that a hostile report may hold.
        content = ascii(value).encode()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")
