"""A report → one HTML page that can be mailed, printed and opened offline: no script, nothing loaded."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from dckgrade.observation import Observation, Seen, Unobservable
from dckgrade.render import phrases
from dckgrade.render.demands import value
from dckgrade.render.page import Said, page, said, spans
from dckgrade.render.shown import block, line
from dckgrade.render.telling import HINTS
from dckgrade.report import Report
from dckgrade.verdict import Line, Reason, Verdict
from dckgrade.words import into

LONG = 160
"""A fact longer than this, or of several lines, is shown below the table."""
ROOM = 5
"""More characters than this fit into the ring only when they are smaller."""


class Evidence(Struct, frozen=True, kw_only=True):
    """One observation: short facts, long texts, or why there is none."""

    about: str
    note: str = ""
    facts: list[tuple[str, str]] = []
    texts: list[tuple[str, str]] = []


class Card(Struct, frozen=True, kw_only=True):
    """One check as the page shows it."""

    verdict: str
    symbol: str
    word: str
    title: str
    id: str
    worth: str
    notes: list[str]
    misses: list[str]
    diagnosis: Said | None
    remarks: list[Said]
    evidence: list[Evidence]


class Arc(Struct, frozen=True, kw_only=True):
    """A check's part of the ring, in points; a gap parts it from the next."""

    verdict: str
    length: float
    start: float


def html_page(report: Report, hints: int = HINTS) -> str:
    """Render *report* as one page; helps above *hints* are one click away, unless none at all were wanted."""
    return page(
        "render/report.html.j2",
        report.lang,
        say=phrases.labels(report.lang),
        lab=f"{line(report.lab.id)} — {line(report.lab.title)}",
        title=phrases.prose(report.lab.title, report.lang),
        lab_id=line(report.lab.id),
        trainee=line(report.trainee or ""),
        points=phrases.points(report.score),
        long=len(phrases.points(report.score)) > ROOM,
        total=phrases.total(report),
        tally=[(verdict.value, phrases.SYMBOLS[verdict], said) for verdict, said in phrases.tally(report)],
        ring=list(ring(report)),
        whole=max(1, report.score.possible),
        incomplete=not report.complete,
        steps=[spans(step) for step in phrases.next_steps(report)],
        sections=sections(report, hints),
        footer=footer(report),
    )


def ring(report: Report) -> Iterator[Arc]:
    """Cut the ring into the checks' parts, in the lab's order."""
    start, gap = 0, 0.012 * report.score.possible
    for one in report.checks:
        if one.points:
            yield Arc(verdict=one.verdict.value, length=max(one.points - gap, one.points / 2), start=-start)
        start += one.points


def sections(report: Report, hints: int) -> list[tuple[str, bool, list[Card]]]:
    """Sort the checks: a heading, whether its cards are open, and the cards. What failed comes first."""
    say = phrases.labels(report.lang)
    remarked = [one for one in report.checks if one.remarks]
    passed = [one for one in phrases.of(report, Verdict.PASSED) if not one.remarks]
    listed = [
        (say["to_mend"], True, phrases.causes_first(report)),
        (say["undecided"], True, phrases.of(report, Verdict.UNKNOWN)),
        (say["remarks"], True, remarked),
        (say["passed"], False, passed),
        (say["skipped"], False, phrases.of(report, Verdict.SKIPPED)),
    ]
    return [
        (name, opened, [card(one, report, hints) for one in these]) for name, opened, these in listed if these
    ]


def card(one: Line, report: Report, hints: int) -> Card:
    """Make everything about one check safe to show."""
    return Card(
        verdict=one.verdict.value,
        symbol=phrases.SYMBOLS[one.verdict],
        word=phrases.word(one.verdict, report.lang),
        title=phrases.prose(one.title, report.lang),
        id=line(one.id),
        worth=phrases.worth(one),
        notes=list(notes(one, report)),
        misses=[phrases.miss(miss, report.lang) for miss in one.misses],
        diagnosis=said(one.diagnosis, report.lang, hints) if one.diagnosis else None,
        remarks=[said(remark, report.lang, hints) for remark in one.remarks],
        evidence=[evidence(key, report.observations.get(key), report.lang) for key in one.observations],
    )


def notes(one: Line, report: Report) -> Iterator[str]:
    """Say what the check waits for, and why it is undecided."""
    if one.blocked_by:
        yield phrases.held_up(one, report)
    if one.reason:
        yield phrases.reason(one.reason, report.lang)


def evidence(key: str, seen: Observation | None, lang: str) -> Evidence:
    """Lay out one observation."""
    say, translate = phrases.labels(lang), into(lang)
    match seen:
        case Seen(facts=facts):
            long = {name: text for name, text in facts.items() if is_long(text)}
            short = [(line(name), value(facts[name], translate)) for name in facts if name not in long]
            texts = [(line(name), block(text)) for name, text in long.items()]
            return Evidence(about=line(key), facts=short, texts=texts)
        case Unobservable(why=why, detail=detail):
            return Evidence(about=line(key), note=phrases.reason(Reason(code=why, detail=detail), lang))
        case None:
            return Evidence(about=line(key), note=say["no_evidence"])
        case _:
            return Evidence(about=line(key), note=say["absent"])


def is_long(found: Any) -> bool:
    """Say whether a fact is a text too long for the table."""
    return isinstance(found, str) and ("\n" in found.strip() or len(found) > LONG)


def footer(report: Report) -> list[tuple[str, str]]:
    """Say what was graded, when, against what, and by what."""
    say = phrases.labels(report.lang)
    seconds = f"{report.duration_ms / 1000:.1f}\xa0s"
    return [
        (say["engine"], phrases.engine(report)),
        (say["date"], line(report.started_at.replace("T", " ").replace("Z", " UTC"))),
        (say["duration"], seconds.replace(".", ",") if report.lang == "fr" else seconds),
        (say["lab"], f"{line(report.lab.id)}, {line(report.lab.digest)}"),
        (say["version"], f"dckgrade {line(report.dckgrade)}"),
    ]
