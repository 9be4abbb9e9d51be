"""One check of a report → all that a page shows of it, made safe: its mistake, its helps, its evidence."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from dckgrade.i18n import get_translator
from dckgrade.render.html_template import Said, said
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import block, line
from dckgrade.render.text.values import value
from dckgrade.report.observation import Observation, Seen, Unobservable
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Reason

LONG = 160
"""A fact longer than this, or of several lines, is shown below the table."""


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


def card(one: CheckResult, report: Report, hints: int) -> Card:
    """Make everything about one check safe to show."""
    return Card(
        verdict=one.verdict.value,
        symbol=messages.SYMBOLS[one.verdict],
        word=messages.word(one.verdict, report.lang),
        title=messages.prose(one.title, report.lang),
        id=line(one.id),
        worth=messages.worth(one),
        notes=list(notes(one, report)),
        misses=[messages.miss(miss, report.lang) for miss in one.misses],
        diagnosis=said(one.diagnosis, report.lang, hints) if one.diagnosis else None,
        remarks=[said(remark, report.lang, hints) for remark in one.remarks],
        evidence=[evidence(key, report.observations.get(key), report.lang) for key in one.observations],
    )


def notes(one: CheckResult, report: Report) -> Iterator[str]:
    """Say what the check waits for, and why it is undecided."""
    if one.blocked_by:
        yield messages.held_up(one, report)
    if one.reason:
        yield messages.reason(one.reason, report.lang)


def evidence(key: str, seen: Observation | None, lang: str) -> Evidence:
    """Lay out one observation."""
    say, translate = messages.labels(lang), get_translator(lang)
    match seen:
        case Seen(facts=facts):
            long = {name: text for name, text in facts.items() if is_long(text)}
            short = [(line(name), value(facts[name], translate)) for name in facts if name not in long]
            texts = [(line(name), block(text)) for name, text in long.items()]
            return Evidence(about=line(key), facts=short, texts=texts)
        case Unobservable(why=why, detail=detail):
            return Evidence(about=line(key), note=messages.reason(Reason(code=why, detail=detail), lang))
        case None:
            return Evidence(about=line(key), note=say["no_evidence"])
        case _:
            return Evidence(about=line(key), note=say["absent"])


def is_long(found: Any) -> bool:
    """Say whether a fact is a text too long for the table."""
    return isinstance(found, str) and ("\n" in found.strip() or len(found) > LONG)
