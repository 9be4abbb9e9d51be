"""Statistics of the attempts that count: shared mistakes, each check, suspicious results."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from dckgrade.classroom.attempts import Attempt, load_trainer_lab
from dckgrade.i18n import Lang
from dckgrade.report.class_report import ClassCell, ClassCheck, ClassLab
from dckgrade.report.result import Verdict

MIN_TRAINEES_TO_SUSPECT = 5
"""With fewer trainees, a check that everybody or nobody passes tells nothing about the check."""


def find_shared_traces(attempts: Iterable[Attempt], *, cloned: bool) -> dict[int, set[str]]:
    """Find the traces, and the engines, that more than one trainee has."""
    # Nearly every trace is one trainee's alone: a set for each would be most of a class's memory.
    first: dict[int, str] = {}
    shared: dict[int, set[str]] = {}
    for attempt in attempts:
        engines = [hash(attempt.engine)] if attempt.engine and not cloned else []
        for trace in (*attempt.traces, *engines):
            owner = first.setdefault(trace, attempt.trainee)
            if owner != attempt.trainee:
                shared.setdefault(trace, {owner}).add(attempt.trainee)
    return shared


def summarize_lab(lab_id: str, cells: Sequence[ClassCell], lang: Lang) -> ClassLab:
    """Count one lab over the class."""
    checks = []
    for check in load_trainer_lab(lab_id).lab.checks:
        counts = Counter(cell.verdicts[check.id] for cell in cells)
        checks.append(
            ClassCheck(
                id=check.id,
                title=check.title.in_language(lang),
                points=check.points,
                counts=dict(sorted(counts.items())),
                suspicious=find_suspicion(counts),
            )
        )
    return ClassLab(
        id=lab_id,
        title=load_trainer_lab(lab_id).lab.title.in_language(lang),
        possible=sum_possible_points(lab_id),
        handed_in=len(cells),
        average=round(sum(cell.score.earned for cell in cells) / len(cells), 2) if cells else None,
        checks=checks,
    )


def find_suspicion(counts: Mapping[Verdict, int]) -> Literal["nobody-passes", "everybody-passes"] | None:
    """Return whether the check may be at fault rather than the class; blocked, it tells nothing."""
    attempted = counts.get(Verdict.PASSED, 0) + counts.get(Verdict.FAILED, 0)
    if attempted < MIN_TRAINEES_TO_SUSPECT:
        return None
    if not counts.get(Verdict.PASSED):
        return "nobody-passes"
    return "everybody-passes" if counts[Verdict.PASSED] == attempted else None


def sum_possible_points(lab_id: str) -> int:
    """Return the points that a lab is worth."""
    return sum(check.points for check in load_trainer_lab(lab_id).lab.checks)
