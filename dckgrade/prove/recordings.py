"""What engines said once, kept beside the cases: judged again, compared with what they say now, renewed."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from dckgrade.grading import run
from dckgrade.i18n import N_, UserError
from dckgrade.lab.load import LoadedLab
from dckgrade.prove.case import Case, Derived, code
from dckgrade.prove.proof import Outcome, cell
from dckgrade.report import codec
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.proof import Fault
from dckgrade.report.report import Report


def replayed(loaded: LoadedLab, case: Case) -> Outcome:
    """Judge the recording of one case again."""
    try:
        report = codec.from_json(case.recording.read_bytes(), str(case.recording))
    except OSError as error:
        return Outcome(case=case, trouble=f"{case.recording}: {error.strerror}")
    except UserError as trouble:
        return Outcome(case=case, trouble=str(trouble))
    return Outcome(case=case, report=run.again(loaded, report, "fr"))


def renewed(_loaded: LoadedLab, one: Outcome) -> Iterator[Fault]:
    """Keep what the engine says, unless that is not what was expected: a fault is not worth keeping."""
    if one.report and all(cell(one.case, line).sound for line in one.report.checks):
        one.case.recording.write_bytes(codec.to_json(anywhere(one.report)))
    yield from ()


def compared(loaded: LoadedLab, one: Outcome) -> Iterator[Fault]:
    """Tell where the recording no longer says what the engine says."""
    if one.report is None:
        return
    before = replayed(loaded, one.case)
    if before.report is None:
        yield Fault(what=N_("{case} has no recording: {detail}"), case=one.case.name, detail=before.trouble)
        return
    for old, new in zip(before.report.checks, one.report.checks, strict=True):
        if (old.verdict, code(old)) != (new.verdict, code(new)):
            yield Fault(
                what=N_("{check}: the recording of {case} says otherwise than the engine: {detail}."),
                check=new.id,
                case=one.case.name,
                detail=f"{old.verdict} {code(old) or ''} → {new.verdict} {code(new) or ''}",
            )


def anywhere(report: Report) -> Report:
    """Leave out where the private engine listened: a folder of this machine that no longer exists."""
    return replace(report, engine=replace(report.engine, endpoint="unix:///var/run/docker.sock"))


def derive(handmade: Sequence[Case], every: Sequence[Case]) -> None:
    """Make the recordings of hand-made cases out of those that they say they are derived from."""
    for one in handmade:
        if change := one.expectation.derived:
            source = next(other for other in every if other.name == change.from_)
            report = codec.from_json(source.recording.read_bytes(), str(source.recording))
            seen = {name: without(found, change) for name, found in report.observations.items()}
            one.recording.write_bytes(codec.to_json(replace(report, observations=seen)))


def without(found: Observation, change: Derived) -> Observation:
    """Leave out what such an engine does not tell."""
    if not isinstance(found, Seen) or found.kind != change.kind:
        return found
    return replace(found, facts=found.facts | dict.fromkeys(change.nulls))
