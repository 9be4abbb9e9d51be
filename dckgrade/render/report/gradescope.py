"""Render reports as Gradescope's `results.json`: https://gradescope-autograders.readthedocs.io/en/latest/specs/."""

from collections.abc import Sequence
from typing import Any

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
    format_title_with_lab,
)
from dckgrade.report.codec import encode_document
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, Verdict


def render_gradescope(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write `results.json`; the score is what was earned, and the output says what is undecided."""
    several = len(reports) > 1
    document = {
        "score": sum_scores(reports).earned,
        # The labs of a session are graded at the same time.
        "execution_time": round(max(report.duration_ms for report in reports) / 1000, 3),
        "output": "\n".join(
            sanitize_line(
                f"{format_lab_and_score(report)}. {messages.describe_score(report.score, report.lang)}"
            )
            for report in reports
        ),
        "output_format": "text",
        "visibility": "visible",
        "tests": [
            build_gradescope_test(
                check, report, hints, format_title_with_lab(check, report) if several else check.title
            )
            for report in reports
            for check in report.checks
        ],
        "extra_data": {"labs": [build_lab_data(report) for report in reports]},
    }
    return encode_document(document)


def build_lab_data(report: Report) -> dict[str, Any]:
    """Build the data of one lab that Gradescope has no field for."""
    return {
        "lab": sanitize_line(report.lab.id),
        "digest": sanitize_line(report.lab.digest),
        "possible": report.score.possible,
        "undecided": report.score.undecided,
    }


def build_gradescope_test(check: CheckResult, report: Report, hints: int, title: str) -> dict[str, Any]:
    """Build the test of one check; an undecided one has neither score nor status."""
    sentences = [*describe_failure(check, report, hints), *describe_remarks(check, report, hints)]
    fields = {
        "score": check.earned,
        "max_score": check.points,
        "status": "passed" if check.verdict is Verdict.PASSED else "failed",
    }
    return {
        "name": sanitize_line(title),
        "number": sanitize_line(check.id),
        **({} if check.verdict.is_undecided else fields),
        "output": "\n".join(map(sanitize_line, sentences))
        or messages.translate_verdict(check.verdict, report.lang),
        "output_format": "text",
        "extra_data": {"verdict": check.verdict.value, "points": check.points},
    }
