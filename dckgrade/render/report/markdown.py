"""Render reports as Markdown, for a job's summary or a chat."""

from collections.abc import Iterator, Sequence

from dckgrade.render.text import causes, messages
from dckgrade.render.text.escape import escape_markdown, escape_markdown_prose
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
)
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


def render_markdown(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write for each lab the engine, the table of the checks, what to mend, and what to do next."""
    return "\n".join(
        "".join(f"{line}\n" for line in format_markdown_lines(report, hints)) for report in reports
    ).encode()


def format_markdown_lines(report: Report, hints: int) -> Iterator[str]:
    """List the lines of one report."""
    labels = messages.translate_labels(report.lang)
    yield f"## {escape_markdown(format_lab_and_score(report))}"
    yield ""
    for label, words in (("engine", messages.describe_engine(report)), ("trainee", report.trainee or "")):
        if words:
            yield f"{escape_markdown(messages.add_label(labels[label], words, report.lang))}  "
    if incomplete := messages.describe_incompleteness(report):
        yield f"**{escape_markdown(incomplete)}**"
    yield ""
    yield f"| | | {escape_markdown(labels['points'])} |"
    yield "|---|---|--:|"
    for check in report.checks:
        points = escape_markdown(messages.format_check_points(check))
        yield f"| {format_verdict(check, report.lang)} | {escape_markdown(check.title)} | {points} |"
    yield ""
    yield from format_section(labels["to_mend"], messages.list_failed_and_blocked(report), report, hints)
    yield from format_section(
        labels["undecided"], messages.list_checks_with(report, Verdict.UNKNOWN), report, hints
    )
    yield from format_section(
        labels["remarks"], [check for check in report.checks if check.remarks], report, hints
    )
    yield f"**{escape_markdown(messages.describe_score(report.score, report.lang))}**"
    yield ""
    yield from (f"- {escape_markdown_prose(step)}" for step in messages.list_next_steps(report))


def format_verdict(check: CheckResult, lang: str) -> str:
    """Format a verdict as its sign and its word."""
    word = escape_markdown(messages.translate_verdict(check.verdict, lang))
    return f"{messages.VERDICT_SYMBOLS[check.verdict]} {word}"


def format_section(heading: str, checks: Sequence[CheckResult], report: Report, hints: int) -> Iterator[str]:
    """List the lines of each check with its sentences; none without checks."""
    if not checks:
        return
    yield f"### {escape_markdown(heading)}"
    yield ""
    for group in causes.group_by_cause(checks, report):
        if causes.are_waiting(group):
            yield f"- {escape_markdown_prose(causes.describe_waiting(report.lang))}"
            continue
        yield "- " + ", ".join(f"**{escape_markdown(check.title) or '-'}**" for check in group)
        describe = describe_remarks if group[0].verdict is Verdict.PASSED else describe_failure
        sentences = dict.fromkeys(
            sentence for check in group for sentence in describe(check, report, hints) if sentence.strip()
        )
        yield from (f"  - {escape_markdown_prose(sentence)}" for sentence in sentences)
    yield ""
