"""Find where a trainee is stuck in a lab, and since when."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dckgrade.classroom.attempts import Attempt
from dckgrade.report.class_report import Stuck
from dckgrade.report.result import Verdict


def find_stuck(chosen: Attempt, attempts: Sequence[Attempt], newest: float) -> Stuck | None:
    """
    Return the first failure of *chosen* that follows from no other; None where nothing fails.

    It counts since the first of *attempts* in which that check did not pass, with no pass since; *newest* is
    the moment of the class's newest report, in seconds since 1970.
    """
    if not chosen.root_failures:
        return None
    check = chosen.root_failures[0]
    tries: list[Attempt] = []
    for attempt in sorted(attempts, key=lambda attempt: (attempt.moment, attempt.source)):
        if attempt.verdicts.get(check) is Verdict.PASSED and attempt is not chosen:
            tries.clear()
        elif not attempt.unreached:
            tries.append(attempt)
        if attempt is chosen:
            break
    since = next((attempt.moment for attempt in tries if attempt.moment), 0.0)
    return Stuck(
        check=check,
        code=chosen.mistakes.get(check, ""),
        since=f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}" if since else "",
        minutes=round((newest - since) / 60) if since else 0,
        attempts=len(tries),
    )
