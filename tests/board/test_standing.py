"""Where a trainee stands: what is known, since when a check fails."""

from dckgrade.board.standing import Standing, StandingMistake, advance_standing
from dckgrade.classroom.attempts import Attempt
from dckgrade.report.result import CheckResult, NamedMistake, Score, Verdict

P, F, U, S, B = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN, Verdict.SKIPPED, Verdict.BLOCKED
NO_PASSWORD = NamedMistake(code="ST-01", name="no-password", message="No password.", hint="Look.")
STANDING_MISTAKE = StandingMistake(code="ST-01", message="No password.")


def advance(
    before: Standing | None, at: int, *verdicts: Verdict, mistake: NamedMistake | None = None
) -> Standing:
    lines = [
        CheckResult(
            id=f"c{number}",
            title=f"Check {number}",
            points=2,
            earned=2 if verdict is P else 0,
            verdict=verdict,
            diagnosis=mistake if verdict is F else None,
        )
        for number, verdict in enumerate(verdicts)
    ]
    attempt = Attempt(
        trainee="Ada",
        lab="tp5",
        source="1",
        started_at="",
        complete=True,
        score=Score(earned=2 * verdicts.count(P), possible=2 * len(verdicts), undecided=0),
        verdicts={line.id: line.verdict for line in lines},
    )
    return advance_standing(before, attempt, lines, at, at)


def test_a_check_fails_since_the_first_report_in_which_it_failed_without_a_pass_between() -> None:
    standing = advance(None, 100, P, F, F)
    standing = advance(standing, 200, P, F, P)
    assert (standing.failing_since, standing.stuck_on) == ({"c1": 100}, "c1")
    standing = advance(standing, 300, P, P, F)
    assert (standing.failing_since, standing.stuck_on) == ({"c2": 300}, "c2")
    standing = advance(standing, 400, P, P, P)
    assert (standing.failing_since, standing.stuck_on, standing.has_passed) == ({}, "", True)


def test_of_checks_that_fail_for_equally_long_the_lab_s_first_is_named() -> None:
    assert advance(None, 1, P, F, F).stuck_on == "c1"


def test_what_is_not_attempted_or_not_seen_stays_as_it_was() -> None:
    standing = advance(None, 100, P, F, F, mistake=NO_PASSWORD)
    standing = advance(standing, 200, S, U, P)
    assert list(standing.attempt.verdicts.values()) == [P, F, P]
    assert standing.attempt.score == Score(earned=4, possible=6, undecided=0)
    assert standing.failing_since == {"c1": 100}
    assert standing.mistakes == {"c1": STANDING_MISTAKE}
    assert standing.attempt.mistakes == {"c1": "ST-01"}


def test_a_mistake_is_forgotten_when_the_check_passes_or_fails_without_a_name() -> None:
    standing = advance(None, 100, F, mistake=NO_PASSWORD)
    assert standing.mistakes == {"c0": STANDING_MISTAKE}
    assert advance(standing, 200, F).mistakes == {}
    assert advance(standing, 200, P).mistakes == {}


def test_what_is_blocked_is_nobody_s_obstacle_and_what_was_never_seen_is_undecided() -> None:
    assert advance(None, 1, B, U).stuck_on == ""
    standing = advance(None, 1, U, P)
    assert (standing.attempt.score.undecided, standing.has_passed) == (2, False)


def test_the_best_report_stays_the_best() -> None:
    standing = advance(None, 1, P, P)
    standing = advance(standing, 2, F, P)
    assert (standing.best, standing.attempt.score.earned, standing.reports) == (4, 2, 2)
