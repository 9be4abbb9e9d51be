"""One check of a report → all that a page shows of it, made safe: its mistake, its helps, its evidence."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from dckgrade.observation import Observation, Seen, Unobservable
from dckgrade.render import phrases
from dckgrade.render.demands import value
from dckgrade.render.shown import block, line
from dckgrade.render.telling import MOST_HINTS, Rung, rungs
from dckgrade.report import Report
from dckgrade.verdict import Line, Named, Reason
from dckgrade.words import into

LONG = 160
"""A fact longer than this, or of several lines, is shown below the table."""
# As labs may write it (lab.spec.Address): a report can be anybody's.
ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~%#?=&+-]*")


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
