"""Reports → one HTML page that can be mailed, printed and opened offline: no script, nothing loaded."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from dckgrade.render.html_template import page, spans
from dckgrade.render.report.cards import Card, card
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import HINTS
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, Verdict

ROOM = 5
"""More characters than this fit into the ring only when they are smaller."""


class Arc(Struct, frozen=True, kw_only=True):
    """A check's part of the ring, in points; a gap parts it from the next."""

    verdict: str
    length: float
    start: float


class Part(Struct, frozen=True, kw_only=True):
    """One lab as the page shows it."""

    id: str
    title: str
    trainee: str
    score: "Scored"
    tally: list[tuple[str, str, str]]
    incomplete: bool
    steps: list[list[str]]
    sections: list[tuple[str, bool, list[Card]]]
    footer: list[tuple[str, str]]


class Scored(Struct, frozen=True, kw_only=True):
    """The ring, what stands in it, and the same in words."""

    points: str
    long: bool
    total: str
    ring: list[Arc]
    whole: int


def html_page(report: Report, hints: int = HINTS) -> str:
    """Render *report* as one page; helps above *hints* are one click away, unless none at all were wanted."""
    return session_page([report], hints)


def session_page(reports: Sequence[Report], hints: int = HINTS) -> str:
    """Render the reports of one run as one page, a part for each lab."""
    parts, lang = [part(one, hints) for one in reports], reports[0].lang
    say = messages.labels(lang)
    whole = scored(reports)
    single = f"{line(reports[0].lab.id)} — {line(reports[0].lab.title)}"
    return page(
        "render/report/report.html.j2",
        lang,
        say=say,
        heading=single if len(parts) == 1 else say["labs"],
        parts=parts,
        whole=whole,
    )


def part(report: Report, hints: int) -> Part:
    """Make everything about one lab safe to show."""
    return Part(
        id=line(report.lab.id),
        title=messages.prose(report.lab.title, report.lang),
        trainee=line(report.trainee or ""),
        score=scored([report]),
        tally=[(verdict.value, messages.SYMBOLS[verdict], said) for verdict, said in messages.tally(report)],
        incomplete=not report.complete,
        steps=[spans(step) for step in messages.next_steps(report)],
        sections=sections(report, hints),
        footer=footer(report),
    )


def scored(reports: Sequence[Report]) -> Scored:
    """Draw what the labs come to."""
    score = sum_scores(reports)
    points = messages.points(score)
    return Scored(
        points=points,
        long=len(points) > ROOM,
        total=messages.total(score, reports[0].lang),
        ring=list(ring([check for report in reports for check in report.checks], score.possible)),
        whole=max(1, score.possible),
    )


def ring(checks: Sequence[CheckResult], possible: int) -> Iterator[Arc]:
    """Cut the ring into the checks' parts, in the lab's order."""
    start, gap = 0, 0.012 * possible
    for one in checks:
        if one.points:
            yield Arc(verdict=one.verdict.value, length=max(one.points - gap, one.points / 2), start=-start)
        start += one.points


def sections(report: Report, hints: int) -> list[tuple[str, bool, list[Card]]]:
    """Sort the checks: a heading, whether its cards are open, and the cards. What failed comes first."""
    say = messages.labels(report.lang)
    remarked = [one for one in report.checks if one.remarks]
    passed = [one for one in messages.of(report, Verdict.PASSED) if not one.remarks]
    listed = [
        (say["to_mend"], True, messages.causes_first(report)),
        (say["undecided"], True, messages.of(report, Verdict.UNKNOWN)),
        (say["remarks"], True, remarked),
        (say["passed"], False, passed),
        (say["skipped"], False, messages.of(report, Verdict.SKIPPED)),
    ]
    return [
        (name, opened, [card(one, report, hints) for one in these]) for name, opened, these in listed if these
    ]


def footer(report: Report) -> list[tuple[str, str]]:
    """Say what was graded, when, against what, and by what."""
    say = messages.labels(report.lang)
    seconds = f"{report.duration_ms / 1000:.1f}\xa0s"
    return [
        (say["engine"], messages.engine(report)),
        (say["date"], line(report.started_at.replace("T", " ").replace("Z", " UTC"))),
        (say["duration"], seconds.replace(".", ",") if report.lang == "fr" else seconds),
        (say["lab"], f"{line(report.lab.id)}, {line(report.lab.digest)}"),
        (say["version"], f"dckgrade {line(report.dckgrade)}"),
    ]
