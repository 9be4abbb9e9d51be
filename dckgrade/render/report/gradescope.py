"""Reports → Gradescope's `results.json`: https://gradescope-autograders.readthedocs.io/en/latest/specs/."""

from collections.abc import Sequence
from typing import Any

import msgspec

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
    format_title_with_lab,
)
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, Verdict


def render_gradescope(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write the whole; the score is what was earned, and the output says what is undecided."""
    several = len(reports) > 1
    whole = {
        "score": sum_scores(reports).earned,
        # The labs of a session are graded at the same time.
        "execution_time": round(max(one.duration_ms for one in reports) / 1000, 3),
        "output": "\n".join(
            sanitize_line(f"{format_lab_and_score(one)}. {messages.describe_score(one.score, one.lang)}")
            for one in reports
        ),
        "output_format": "text",
        "visibility": "visible",
        "tests": [
            build_gradescope_test(
                one, report, hints, format_title_with_lab(one, report) if several else one.title
            )
            for report in reports
            for one in report.checks
        ],
        "extra_data": {"labs": [build_lab_data(one) for one in reports]},
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def build_lab_data(report: Report) -> dict[str, Any]:
    """Write what Gradescope has no place for."""
    return {
        "lab": sanitize_line(report.lab.id),
        "digest": sanitize_line(report.lab.digest),
        "possible": report.score.possible,
        "undecided": report.score.undecided,
    }


def build_gradescope_test(one: CheckResult, report: Report, hints: int, title: str) -> dict[str, Any]:
    """Write one check; what is undecided has neither score nor status, since neither is known."""
    said = [*describe_failure(one, report, hints), *describe_remarks(one, report, hints)]
    known = {
        "score": one.earned,
        "max_score": one.points,
        "status": "passed" if one.verdict is Verdict.PASSED else "failed",
    }
    return {
        "name": sanitize_line(title),
        "number": sanitize_line(one.id),
        **({} if one.verdict.is_undecided else known),
        "output": "\n".join(map(sanitize_line, said)) or messages.translate_verdict(one.verdict, report.lang),
        "output_format": "text",
        "extra_data": {"verdict": one.verdict.value, "points": one.points},
    }
