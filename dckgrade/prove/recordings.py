"""Recordings of engines, kept beside the cases: judged again, compared with what engines say now, renewed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from dckgrade.grading import judging
from dckgrade.i18n import N_, UserError
from dckgrade.lab.model import LoadedLab
from dckgrade.prove.case import Case, Derivation, get_diagnosis_code
from dckgrade.prove.proof import CaseOutcome, classify_result
from dckgrade.report import codec
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.proof import ProofFault
from dckgrade.report.report import Report

PRIVATE_ENDPOINT = "unix:///var/run/docker.sock"
"""Said of engines of our own, whose socket lies in a folder that is gone when a recording is read."""


def rejudge_recording(loaded: LoadedLab, case: Case, path: Path | None = None) -> CaseOutcome:
    """Judge the recording of one case again: that of the usual engine, else the one at *path*."""
    path = path or case.recording_path
    try:
        report = codec.from_json(path.read_bytes(), str(path))
    except OSError as error:
        return CaseOutcome(case=case, failure=f"{path}: {error.strerror}")
    except UserError as trouble:
        return CaseOutcome(case=case, failure=str(trouble))
    return CaseOutcome(case=case, report=judging.judge_report_again(loaded, report, "fr"))


def is_as_expected(outcome: CaseOutcome) -> bool:
    """Return whether every check ended as the case expects."""
    report = outcome.report
    return report is not None and all(
        classify_result(outcome.case, line).is_expected for line in report.checks
    )


def renew_recording(outcome: CaseOutcome, engine: str) -> None:
    """Keep what *engine* says, unless that is not what was expected: a fault is not worth keeping."""
    if outcome.report and is_as_expected(outcome):
        path = outcome.case.get_recording_path(engine)
        path.write_bytes(codec.to_json(replace_private_endpoint(outcome.report)))


def judge_other_recordings(loaded: LoadedLab, case: Case) -> Iterator[ProofFault]:
    """Yield where what other engines recorded of *case* does not end as expected."""
    for engine, path in case.list_other_recordings().items():
        outcome = rejudge_recording(loaded, case, path)
        lines = outcome.report.checks if outcome.report else []
        wrong = [line for line in lines if not classify_result(case, line).is_expected]
        details = [f"{line.id} {line.verdict} {get_diagnosis_code(line) or ''}".strip() for line in wrong]
        if detail := outcome.failure or ", ".join(details):
            yield ProofFault(
                what=N_("{case}: what another engine recorded of it is not as expected: {detail}."),
                case=case.name,
                detail=f"{engine}: {detail}",
            )


def compare_recording(loaded: LoadedLab, outcome: CaseOutcome) -> Iterator[ProofFault]:
    """Yield where the recording differs from what the engine says now."""
    if outcome.report is None:
        return
    before = rejudge_recording(loaded, outcome.case)
    if before.report is None:
        yield ProofFault(
            what=N_("{case} has no recording: {detail}"), case=outcome.case.name, detail=before.failure
        )
        return
    for old, new in zip(before.report.checks, outcome.report.checks, strict=True):
        was, now = (f"{check.verdict} {get_diagnosis_code(check) or ''}".strip() for check in (old, new))
        if was != now:
            yield ProofFault(
                what=N_("{check}: the recording of {case} says otherwise than the engine: {detail}."),
                check=new.id,
                case=outcome.case.name,
                detail=f"{was} → {now}",
            )


def replace_private_endpoint(report: Report) -> Report:
    """Leave out where the private engine listened: a folder of this machine that no longer exists."""
    return replace(report, engine=replace(report.engine, endpoint=PRIVATE_ENDPOINT))


def derive_recordings(handmade: Sequence[Case], every: Sequence[Case]) -> None:
    """Make the recordings of hand-made cases out of those that they say they are derived from."""
    for case in handmade:
        if change := case.expectation.derived:
            source = next(other for other in every if other.name == change.from_)
            report = codec.from_json(source.recording_path.read_bytes(), str(source.recording_path))
            seen = {name: nullify_facts(found, change) for name, found in report.observations.items()}
            case.recording_path.write_bytes(codec.to_json(replace(report, observations=seen)))


def nullify_facts(found: Observation, change: Derivation) -> Observation:
    """Leave out what such an engine does not tell."""
    if not isinstance(found, Seen) or found.kind != change.kind:
        return found
    return replace(found, facts=found.facts | dict.fromkeys(change.nulls))
