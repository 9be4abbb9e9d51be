"""Render one trainee of a class report as Gradescope's `results.json`."""

from typing import Any

from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.class_report import ClassCell, ClassCheck, ClassLab, ClassReport, ClassRow
from dckgrade.report.codec import encode_document
from dckgrade.report.result import Verdict


def render_trainee_gradescope(report: ClassReport, row: ClassRow) -> bytes:
    """Write `results.json` of one trainee as Gradescope reads it (Autograder specifications)."""
    tests = [
        test
        for lab in report.labs
        if (cell := row.cells.get(lab.id))
        for test in build_trainee_tests(lab, cell)
    ]
    document = {"score": row.score.earned, "visibility": "visible", "tests": tests}
    return encode_document(document)


def build_trainee_tests(lab: ClassLab, cell: ClassCell) -> list[dict[str, Any]]:
    """Build a test for each check of one lab."""
    return [
        {
            "name": sanitize_line(f"{lab.id}: {check.title}"),
            **build_score_fields(check, cell.verdicts[check.id]),
            "output": sanitize_line(cell.mistakes.get(check.id, str(cell.verdicts[check.id]))),
            "output_format": "text",
        }
        for check in lab.checks
    ]


def build_score_fields(check: ClassCheck, verdict: Verdict) -> dict[str, Any]:
    """Build score and status; an undecided check has neither."""
    if verdict.is_undecided:
        return {}
    passed = verdict is Verdict.PASSED
    return {
        "score": check.points if passed else 0,
        "max_score": check.points,
        "status": "passed" if passed else "failed",
    }
