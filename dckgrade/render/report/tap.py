"""Render reports as TAP version 14: a test point for each check, its points and its mistake below it."""

import json
from collections.abc import Iterator, Sequence

from dckgrade.render.text import messages
from dckgrade.render.text.escape import escape_tap
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
    format_title_with_lab,
)
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


def render_tap(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write a plan, then a test point for each check. https://testanything.org/tap-version-14-specification"""
    return "".join(f"{line}\n" for line in format_tap_lines(reports, hints)).encode()


def format_tap_lines(reports: Sequence[Report], hints: int) -> Iterator[str]:
    """Number the checks of all labs in one series, which every reader of TAP understands."""
    yield "TAP version 14"
    yield f"1..{sum(len(report.checks) for report in reports)}"
    before = 0
    for report in reports:
        yield from (
            f"# {sanitize_line(comment)}"
            for comment in (
                format_lab_and_score(report),
                messages.describe_engine(report),
                messages.describe_score(report.score, report.lang),
            )
        )
        for at, check in enumerate(report.checks, before + 1):
            yield from format_test_point(
                at,
                check,
                report,
                format_title_with_lab(check, report) if len(reports) > 1 else check.title,
                hints,
            )
        before += len(report.checks)


def format_test_point(at: int, check: CheckResult, report: Report, title: str, hints: int) -> Iterator[str]:
    """
    List the lines of one check.

    TAP has no third outcome: an undecided check is `not ok`; the verdict below says that it did not fail.
    """
    if check.verdict is Verdict.SKIPPED:
        reasons = " ".join(describe_failure(check, report, hints))
        yield f"ok {at} - {escape_tap(title)} # SKIP {escape_tap(reasons)}"
        return
    yield f"{'ok' if check.verdict is Verdict.PASSED else 'not ok'} {at} - {escape_tap(title)}"
    sentences = [*describe_failure(check, report, hints), *describe_remarks(check, report, hints)]
    block = {
        "id": sanitize_line(check.id),
        "verdict": check.verdict.value,
        "points": check.points,
        "earned": check.earned,
        **({"code": sanitize_line(check.diagnosis.code)} if check.diagnosis else {}),
        **({"message": sanitize_line(sentences[0])} if sentences else {}),
        **({"more": [sanitize_line(more) for more in sentences[1:]]} if sentences[1:] else {}),
    }
    yield "  ---"
    # JSON is YAML, and sanitized text holds no character that YAML could take for a line end.
    yield from (f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in block.items())
    yield "  ..."
