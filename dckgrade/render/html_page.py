"""A report → one HTML page that can be mailed, printed and opened offline: no script, nothing loaded."""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from dckgrade.observation import Observation, Seen, Unobservable
from dckgrade.render import phrases
from dckgrade.render.demands import value
from dckgrade.render.shown import block, line
from dckgrade.render.telling import HINTS, MOST_HINTS, Rung, rungs
from dckgrade.report import Report
from dckgrade.verdict import Line, Named, Reason, Verdict
from dckgrade.words import into

LONG = 160
"""A fact longer than this, or of several lines, is shown below the table."""
# As labs may write it (lab.spec.Address): a report can be anybody's.
ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~%#?=&+-]*")
ROOM = 5
"""More characters than this fit into the ring only when they are smaller."""


class Help(Struct, frozen=True, kw_only=True):
    """One help, safe to show: its label, and either words or the address of a page."""

    label: str
    words: list[str]
    link: str = ""


class Said(Struct, frozen=True, kw_only=True):
    """A mistake or a remark, safe to show: the helps asked for, and those that are folded away below them."""

    code: str
    message: list[str]
    shown: list[Help]
    folded: list[Help]


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
    environment = page_environment()
    return environment.get_template("report.html.j2").render(
        lang=report.lang,
        style_hash=style_hash(),
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


@cache
def page_environment() -> Environment:
    """Set up the templates: whatever is put into them is escaped, and whatever is missing is an error."""
    return Environment(
        loader=PackageLoader("dckgrade", "render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style_hash() -> str:
    """Name the page's own style sheet for its content security policy, so that no other style applies."""
    style = page_environment().get_template("report.css").render()
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


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


def said(mistake: Named, lang: str, hints: int) -> Said:
    """Make a mistake's words safe to show."""
    known = rungs(mistake, lang, hints)
    whole = [*rungs(mistake, lang, MOST_HINTS), *looking(mistake, lang)] if hints else []
    return Said(
        code=line(mistake.code),
        message=spans(phrases.prose(mistake.message, lang)),
        shown=[help_(one, lang) for one in known],
        folded=[help_(one, lang) for one in whole if one not in known],
    )


def looking(mistake: Named, lang: str) -> list[Rung]:
    """Give how to look for oneself, which is no rung of the ladder but a part of the explanation."""
    return [Rung("look", phrases.labels(lang)["look"], mistake.look)] if mistake.look else []


def help_(one: Rung, lang: str) -> Help:
    """Make a help safe to show; only what is an address and nothing else becomes a link."""
    link = one.words if one.kind == "source" and ADDRESS.fullmatch(one.words) else ""
    return Help(label=one.label, words=spans(phrases.prose(one.words, lang)), link=link)


def spans(prose: str) -> list[str]:
    """Cut words into plain and `code`, in turn; a lone backtick is just that."""
    parts = prose.split("`")
    return parts if len(parts) % 2 else [prose]


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
