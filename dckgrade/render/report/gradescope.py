"""Reports → Gradescope's `results.json`: https://gradescope-autograders.readthedocs.io/en/latest/specs/."""

from collections.abc import Sequence
from typing import Any

import msgspec

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import HINTS, named, titled, told, worth_knowing
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, Verdict


def gradescope(reports: Sequence[Report], hints: int = HINTS) -> bytes:
    """Write the whole; the score is what was earned, and the output says what is undecided."""
    several = len(reports) > 1
    whole = {
        "score": sum_scores(reports).earned,
        # The labs of a session are graded at the same time.
        "execution_time": round(max(one.duration_ms for one in reports) / 1000, 3),
        "output": "\n".join(line(f"{named(one)}. {messages.total(one.score, one.lang)}") for one in reports),
        "output_format": "text",
        "visibility": "visible",
        "tests": [
            test(one, report, hints, titled(one, report) if several else one.title)
            for report in reports
            for one in report.checks
        ],
        "extra_data": {"labs": [of_lab(one) for one in reports]},
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def of_lab(report: Report) -> dict[str, Any]:
    """Write what Gradescope has no place for."""
    return {
        "lab": line(report.lab.id),
        "digest": line(report.lab.digest),
        "possible": report.score.possible,
        "undecided": report.score.undecided,
    }


def test(one: CheckResult, report: Report, hints: int, title: str) -> dict[str, Any]:
    """Write one check; what is undecided has neither score nor status, since neither is known."""
    said = [*told(one, report, hints), *worth_knowing(one, report, hints)]
    known = {
        "score": one.earned,
        "max_score": one.points,
        "status": "passed" if one.verdict is Verdict.PASSED else "failed",
    }
    return {
        "name": line(title),
        "number": line(one.id),
        **({} if one.verdict.undecided else known),
        "output": "\n".join(map(line, said)) or messages.word(one.verdict, report.lang),
        "output_format": "text",
        "extra_data": {"verdict": one.verdict.value, "points": one.points},
    }
