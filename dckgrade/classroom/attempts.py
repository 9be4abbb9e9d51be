"""Judge a submission with the trainer's own labs; the score that it claims is never believed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

from msgspec import Struct, field

from dckgrade.classroom.forgeries import SignatureState, find_forgery_flags, parse_time
from dckgrade.classroom.root_failures import find_root_failures
from dckgrade.classroom.traces import compute_traces
from dckgrade.i18n import Lang
from dckgrade.judge.judge import judge_recording
from dckgrade.lab.catalogue import translate_with_blanks
from dckgrade.lab.checked import load_checked_lab
from dckgrade.lab.discovery import find_lab_path
from dckgrade.lab.model import Lab, LoadedLab
from dckgrade.report import codec, signature
from dckgrade.report.class_report import Flag, Trust
from dckgrade.report.observation import Unobservable, UnobservableReason
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Score, Verdict, sum_points


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
    root_failures: list[str] = field(default_factory=list)
    """The checks that failed and follow from no other failure, in the order of the lab."""
    said: dict[str, str] = field(default_factory=dict)
    """By code, what was said of the mistake where that is not what the lab says of everybody."""
    other_lab: bool = False
    """The trainee's lab file was not the trainer's: their own report may have said otherwise."""
    claimed_otherwise: bool = False
    """The report's score is not what its recording comes to."""
    trust: Trust = "declared"
    moment: float = 0.0
    """When it began, in seconds since 1970; 0 where that cannot be."""
    forgeries: list[Flag] = field(default_factory=list)
    """What in it cannot be as it says, the signature apart."""
    signature: SignatureState = "absent"
    mac: str = ""
    """The signature itself: another report that bears it is no better for it."""
    unreached: str = ""
    """Why nothing at all could be seen; empty where something was."""
    engine: str = ""
    """The engine's own id, where the lab asked for it."""
    traces: frozenset[int] = frozenset()
    """Digests of what two trainees cannot have in common by chance."""


def judge_attempt(
    report: Report,
    trainee: str,
    source: str,
    lang: Lang,
    *,
    now: datetime,
    trust: Trust = "declared",
    signed: SignatureState = "absent",
) -> tuple[Attempt, list[CheckResult]]:
    """Judge *report* again; raises `UserError` for a lab that there is not."""
    loaded = load_trainer_lab(report.lab.id)
    lines = judge_recording(loaded.lab, codec.extract_recording(report), lang)
    again = sum_points(lines)
    traces = frozenset(compute_traces(report))
    began = parse_time(report.started_at, now)
    attempt = Attempt(
        trainee=trainee,
        lab=loaded.lab.id,
        source=source,
        started_at=report.started_at,
        complete=report.complete,
        score=again,
        verdicts={line.id: line.verdict for line in lines},
        mistakes={line.id: line.diagnosis.code for line in lines if line.diagnosis},
        root_failures=list(find_root_failures(loaded.lab, lines, report.observations)),
        said=dict(list_own_sentences(loaded.lab, lines, lang)),
        other_lab=report.lab.digest != loaded.digest,
        claimed_otherwise=report.lab.digest == loaded.digest and contradicts_recording(report, lines, again),
        trust=trust,
        unreached=get_unreached_reason(report),
        engine=report.engine.id or "",
        moment=began.timestamp() if began else 0.0,
        # What the trainer saw is the trainer's own report.
        forgeries=[] if trust == "observed" else list(find_forgery_flags(report, traces, now)),
        signature=signed,
        mac=signature.get_mac(report) or "",
        traces=traces,
    )
    return attempt, lines


def list_own_sentences(lab: Lab, lines: Sequence[CheckResult], lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield the code and the sentence of the mistakes whose sentence names something of this report."""
    for line in lines:
        if line.diagnosis:
            written = lab.written_diagnoses.get(line.diagnosis.code)
            if written and line.diagnosis.message != translate_with_blanks(written.message, lang):
                yield line.diagnosis.code, line.diagnosis.message


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
