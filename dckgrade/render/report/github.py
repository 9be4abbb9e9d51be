"""Render reports as annotations of a GitHub workflow: what to mend first comes first."""

from collections.abc import Iterator, Sequence

from dckgrade.render.text import messages
from dckgrade.render.text.escape import format_annotation
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
)
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict


def render_github(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write an annotation for each check that did not pass or has remarks, and one for each lab."""
    return "".join(annotation for report in reports for annotation in annotate_report(report, hints)).encode()


def annotate_report(report: Report, hints: int) -> Iterator[str]:
    """
    Write errors for what failed, warnings for what waits for that or is undecided, notices for the rest.

    GitHub shows ten annotations of a kind in a step: a check that only waits must not crowd out its cause.
    """
    for check in messages.list_failed_and_blocked(report):
        kind = "error" if check.verdict is Verdict.FAILED else "warning"
        yield format_annotation(
            kind, join_sentences(describe_failure(check, report, hints)), title=sanitize_line(check.title)
        )
    for check in messages.list_checks_with(report, Verdict.UNKNOWN):
        yield format_annotation(
            "warning",
            join_sentences(describe_failure(check, report, hints)),
            title=sanitize_line(check.title),
        )
    for check in report.checks:
        if check.remarks:
            yield format_annotation(
                "notice",
                join_sentences(describe_remarks(check, report, hints)),
                title=sanitize_line(check.title),
            )
    yield format_annotation(
        "notice",
        sanitize_line(messages.describe_score(report.score, report.lang)),
        title=sanitize_line(format_lab_and_score(report)),
    )


def join_sentences(sentences: Iterator[str]) -> str:
    """Put each sentence on a line of its own."""
    return "\n".join(map(sanitize_line, sentences))
