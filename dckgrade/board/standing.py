"""Where a trainee stands in a lab: what is known of each check, and since when it fails. Pure."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.classroom.attempts import Attempt
from dckgrade.report.result import CheckResult, Score, Verdict


class StandingMistake(Struct, frozen=True, kw_only=True):
    """As much of a named mistake as the board shows of everybody at once."""

    code: str
    message: str


class Standing(Struct, frozen=True, kw_only=True):
    """One trainee in one lab, over all their reports of it."""

    attempt: Attempt
    """The latest, with what is known of the checks that it left undecided."""
    report_id: int
    received_at: int
    """When the latest came, by the board's own clock, in milliseconds since 1970."""
    reports: int
    best: int
    """The most points that one report earned."""
    failing_since: dict[str, int]
    """By check that fails: when the first report came since which it has not passed."""
    titles: dict[str, str]
    """Of the checks that fail."""
    mistakes: dict[str, StandingMistake]
    """By check that fails, where it has a name."""

    @property
    def has_passed(self) -> bool:
        """Return whether every check passes."""
        verdicts = self.attempt.verdicts.values()
        return bool(verdicts) and all(verdict is Verdict.PASSED for verdict in verdicts)

    @property
    def stuck_on(self) -> str:
        """Return the check that has been failing for longest, of several the lab's first; '' for none."""
        return min(self.failing_since, key=self.failing_since.__getitem__, default="")


def advance_standing(
    before: Standing | None, attempt: Attempt, lines: Sequence[CheckResult], report_id: int, received_at: int
) -> Standing:
    """Return where the trainee stands after another report."""
    known = before.attempt.verdicts if before else {}
    # What was not attempted or not seen this time is as it was.
    verdicts = {
        line.id: known.get(line.id, line.verdict) if line.verdict.is_undecided else line.verdict
        for line in lines
    }
    undecided = {line.id for line in lines if line.verdict.is_undecided}
    failing = [line for line in lines if verdicts[line.id] is Verdict.FAILED]
    since, titles, mistakes = (
        (before.failing_since, before.titles, before.mistakes) if before else ({}, {}, {})
    )
    named = {
        line.id: StandingMistake(code=line.diagnosis.code, message=line.diagnosis.message)
        for line in failing
        if line.diagnosis
    }
    named |= {check: mistake for check, mistake in mistakes.items() if check in undecided}
    named = {line.id: named[line.id] for line in failing if line.id in named}
    score = Score(
        earned=sum(line.points for line in lines if verdicts[line.id] is Verdict.PASSED),
        possible=sum(line.points for line in lines),
        undecided=sum(line.points for line in lines if verdicts[line.id].is_undecided),
    )
    codes = {check: mistake.code for check, mistake in named.items()}
    return Standing(
        attempt=replace(attempt, verdicts=verdicts, score=score, mistakes=codes),
        report_id=report_id,
        received_at=received_at,
        reports=(before.reports if before else 0) + 1,
        best=max(before.best if before else 0, attempt.score.earned),
        failing_since={line.id: since.get(line.id, received_at) for line in failing},
        titles={line.id: line.title or titles.get(line.id, "") for line in failing},
        mistakes=named,
    )
