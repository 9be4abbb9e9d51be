"""One check of a report → all that a page shows of it, made safe: its mistake, its helps, its evidence."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from dckgrade.i18n import get_translator
from dckgrade.render.html_template import MistakeView, build_mistake_view
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_block, sanitize_line
from dckgrade.render.text.values import describe_value
from dckgrade.report.observation import Observation, Seen, Unobservable
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Reason

MAX_TABLE_CHARS = 160
"""A fact longer than this, or of several lines, is shown below the table."""


class EvidenceView(Struct, frozen=True, kw_only=True):
    """One observation: short facts, long texts, or why there is none."""

    key: str
    note: str = ""
    facts: list[tuple[str, str]] = []
    long_texts: list[tuple[str, str]] = []


class CheckCard(Struct, frozen=True, kw_only=True):
    """One check as the page shows it."""

    verdict: str
    symbol: str
    verdict_word: str
    title: str
    id: str
    points: str
    notes: list[str]
    misses: list[str]
    diagnosis: MistakeView | None
    remarks: list[MistakeView]
    evidence: list[EvidenceView]


def build_check_card(one: CheckResult, report: Report, hints: int) -> CheckCard:
    """Make everything about one check safe to show."""
    return CheckCard(
        verdict=one.verdict.value,
        symbol=messages.VERDICT_SYMBOLS[one.verdict],
        verdict_word=messages.translate_verdict(one.verdict, report.lang),
        title=messages.sanitize_prose(one.title, report.lang),
        id=sanitize_line(one.id),
        points=messages.format_check_points(one),
        notes=list(list_notes(one, report)),
        misses=messages.describe_mismatches(one, report.lang),
        diagnosis=build_mistake_view(one.diagnosis, report.lang, hints) if one.diagnosis else None,
        remarks=[build_mistake_view(remark, report.lang, hints) for remark in one.remarks],
        evidence=[build_evidence(key, report.observations.get(key), report.lang) for key in one.observations],
    )


def list_notes(one: CheckResult, report: Report) -> Iterator[str]:
    """Say what the check waits for, and why it is undecided."""
    if one.blocked_by:
        yield messages.describe_blockers(one, report)
    if one.reason:
        yield messages.describe_reason(one.reason, report.lang)


def build_evidence(key: str, seen: Observation | None, lang: str) -> EvidenceView:
    """Lay out one observation."""
    labels, translate = messages.translate_labels(lang), get_translator(lang)
    match seen:
        case Seen(facts=facts):
            long = {name: text for name, text in facts.items() if is_long_text(text)}
            short = [
                (sanitize_line(name), describe_value(facts[name], translate))
                for name in facts
                if name not in long
            ]
            texts = [(sanitize_line(name), sanitize_block(text)) for name, text in long.items()]
            return EvidenceView(key=sanitize_line(key), facts=short, long_texts=texts)
        case Unobservable(why=why, detail=detail):
            return EvidenceView(
                key=sanitize_line(key), note=messages.describe_reason(Reason(code=why, detail=detail), lang)
            )
        case None:
            return EvidenceView(key=sanitize_line(key), note=labels["no_evidence"])
        case _:
            return EvidenceView(key=sanitize_line(key), note=labels["absent"])


def is_long_text(found: Any) -> bool:
    """Say whether a fact is a text too long for the table."""
    return isinstance(found, str) and ("\n" in found.strip() or len(found) > MAX_TABLE_CHARS)
