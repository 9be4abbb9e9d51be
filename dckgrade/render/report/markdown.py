"""Reports → Markdown, for a job's summary or a chat."""

from collections.abc import Iterator, Sequence

from dckgrade.render.text import messages
from dckgrade.render.text.escape import markdown as plain
from dckgrade.render.text.escape import markdown_prose as prose
from dckgrade.render.text.sentences import HINTS, named, told, worth_knowing
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict


def markdown(reports: Sequence[Report], hints: int = HINTS) -> bytes:
    """Write of each lab the engine, the table of the checks, what to mend, and what to do next."""
    return "\n".join("".join(f"{one}\n" for one in lines(report, hints)) for report in reports).encode()


def lines(report: Report, hints: int) -> Iterator[str]:
    """Write it line by line."""
    say = messages.labels(report.lang)
    yield f"## {plain(named(report))}"
    yield ""
    for label, words in (("engine", messages.engine(report)), ("trainee", report.trainee or "")):
        if words:
            yield f"{plain(messages.labelled(say[label], words, report.lang))}  "
    if not report.complete:
        yield f"**{plain(say['incomplete'])}**"
    yield ""
    yield f"| | | {plain(say['points'])} |"
    yield "|---|---|--:|"
    for one in report.checks:
        yield f"| {mark(one, report.lang)} | {plain(one.title)} | {plain(messages.worth(one))} |"
    yield ""
    yield from section(say["to_mend"], messages.causes_first(report), report, hints)
    yield from section(say["undecided"], messages.of(report, Verdict.UNKNOWN), report, hints)
    yield from section(say["remarks"], [one for one in report.checks if one.remarks], report, hints)
    yield f"**{plain(messages.total(report.score, report.lang))}**"
    yield ""
    yield from (f"- {prose(step)}" for step in messages.next_steps(report))


def mark(one: CheckResult, lang: str) -> str:
    """Show a verdict by its sign and its word."""
    return f"{messages.SYMBOLS[one.verdict]} {plain(messages.word(one.verdict, lang))}"


def section(heading: str, checks: Sequence[CheckResult], report: Report, hints: int) -> Iterator[str]:
    """Write each check with what is said of it; without checks, nothing."""
    if not checks:
        return
    yield f"### {plain(heading)}"
    yield ""
    for one in checks:
        yield f"- **{plain(one.title) or '-'}**"
        said = (
            worth_knowing(one, report, hints) if one.verdict is Verdict.PASSED else told(one, report, hints)
        )
        yield from (f"  - {prose(words)}" for words in said if words.strip())
    yield ""
