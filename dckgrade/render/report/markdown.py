"""Reports → Markdown, for a job's summary or a chat."""

from collections.abc import Iterator, Sequence

from dckgrade.render.text import messages
from dckgrade.render.text.escape import escape_markdown as plain
from dckgrade.render.text.escape import escape_markdown_prose as prose
from dckgrade.render.text.sentences import (
    DEFAULT_HINTS,
    describe_failure,
    describe_remarks,
    format_lab_and_score,
)
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


def render_markdown(reports: Sequence[Report], hints: int = DEFAULT_HINTS) -> bytes:
    """Write of each lab the engine, the table of the checks, what to mend, and what to do next."""
    return "\n".join(
        "".join(f"{line}\n" for line in format_markdown_lines(report, hints)) for report in reports
    ).encode()


def format_markdown_lines(report: Report, hints: int) -> Iterator[str]:
    """Write it line by line."""
    labels = messages.translate_labels(report.lang)
    yield f"## {plain(format_lab_and_score(report))}"
    yield ""
    for label, words in (("engine", messages.describe_engine(report)), ("trainee", report.trainee or "")):
        if words:
            yield f"{plain(messages.add_label(labels[label], words, report.lang))}  "
    if not report.complete:
        yield f"**{plain(labels['incomplete'])}**"
    yield ""
    yield f"| | | {plain(labels['points'])} |"
    yield "|---|---|--:|"
    for check in report.checks:
        points = plain(messages.format_check_points(check))
        yield f"| {format_verdict(check, report.lang)} | {plain(check.title)} | {points} |"
    yield ""
    yield from format_section(labels["to_mend"], messages.list_failed_and_blocked(report), report, hints)
    yield from format_section(
        labels["undecided"], messages.list_checks_with(report, Verdict.UNKNOWN), report, hints
    )
    yield from format_section(
        labels["remarks"], [check for check in report.checks if check.remarks], report, hints
    )
    yield f"**{plain(messages.describe_score(report.score, report.lang))}**"
    yield ""
    yield from (f"- {prose(step)}" for step in messages.list_next_steps(report))


def format_verdict(check: CheckResult, lang: str) -> str:
    """Show a verdict by its sign and its word."""
    return (
        f"{messages.VERDICT_SYMBOLS[check.verdict]} {plain(messages.translate_verdict(check.verdict, lang))}"
    )


def format_section(heading: str, checks: Sequence[CheckResult], report: Report, hints: int) -> Iterator[str]:
    """Write each check with what is said of it; without checks, nothing."""
    if not checks:
        return
    yield f"### {plain(heading)}"
    yield ""
    for check in checks:
        yield f"- **{plain(check.title) or '-'}**"
        said = (
            describe_remarks(check, report, hints)
            if check.verdict is Verdict.PASSED
            else describe_failure(check, report, hints)
        )
        yield from (f"  - {prose(words)}" for words in said if words.strip())
    yield ""
