"""Reports → annotations of a GitHub workflow: what is to be mended first comes first."""

from collections.abc import Iterator, Sequence

from dckgrade.render.text import messages
from dckgrade.render.text.escape import annotation
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import HINTS, named, told, worth_knowing
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict


def github(reports: Sequence[Report], hints: int = HINTS) -> bytes:
    """Write an annotation for each check that did not pass or is remarked upon, and one for each lab."""
    return "".join(one for report in reports for one in annotations(report, hints)).encode()


def annotations(report: Report, hints: int) -> Iterator[str]:
    """
    Write errors for what failed, warnings for what waits for that or is undecided, notices for the rest.

    GitHub shows ten annotations of a kind in a step: a check that only waits must not crowd out its cause.
    """
    for one in messages.causes_first(report):
        kind = "error" if one.verdict is Verdict.FAILED else "warning"
        yield annotation(kind, safe(told(one, report, hints)), title=line(one.title))
    for one in messages.of(report, Verdict.UNKNOWN):
        yield annotation("warning", safe(told(one, report, hints)), title=line(one.title))
    for one in report.checks:
        if one.remarks:
            yield annotation("notice", safe(worth_knowing(one, report, hints)), title=line(one.title))
    yield annotation("notice", line(messages.total(report.score, report.lang)), title=line(named(report)))


def safe(sentences: Iterator[str]) -> str:
    """Put each sentence on a line of its own."""
    return "\n".join(map(line, sentences))
