"""Build the card of a check for a page, safe to show: its mistake, its hints, its evidence."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from dckgrade.render.html_template import MistakeView, build_mistake_view
from dckgrade.render.text import messages
from dckgrade.render.text.mismatches import capitalize_first, describe_mismatches, read_observation
from dckgrade.render.text.sanitize import sanitize_block, sanitize_line
from dckgrade.render.text.values import describe_cell
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
    is_open: bool = False


def build_check_card(check: CheckResult, report: Report, hints: int, *, is_open: bool = False) -> CheckCard:
    """Make everything about one check safe to show."""
    return CheckCard(
        verdict=check.verdict.value,
        symbol=messages.VERDICT_SYMBOLS[check.verdict],
        verdict_word=messages.translate_verdict(check.verdict, report.lang),
        title=messages.sanitize_prose(check.title, report.lang),
        id=sanitize_line(check.id),
        points=messages.format_check_points(check),
        notes=list(list_notes(check, report)),
        misses=describe_mismatches(check, report),
        diagnosis=build_mistake_view(check.diagnosis, report.lab.id, report.lang, hints)
        if check.diagnosis
        else None,
        remarks=[build_mistake_view(remark, report.lab.id, report.lang, hints) for remark in check.remarks],
        evidence=[
            build_evidence(key, report.observations.get(key), report.lang) for key in check.observations
        ],
        is_open=is_open,
    )


def list_notes(check: CheckResult, report: Report) -> Iterator[str]:
    """List which checks it waits for, and why it is undecided."""
    if check.blocked_by:
        yield messages.describe_blockers(check, report)
    if check.reason:
        yield messages.describe_reason(check.reason, report.lang)


def build_evidence(key: str, seen: Observation | None, lang: str) -> EvidenceView:
    """Build the view of one observation."""
    labels, observed = messages.translate_labels(lang), read_observation(key, seen, lang)
    match seen:
        case Seen(facts=facts):
            long = {name: text for name, text in facts.items() if is_long_text(text)}
            short = [
                (
                    capitalize_first(observed.label_fact(name)),
                    describe_cell(facts[name], observed.get_speech(name)),
                )
                for name in facts
                if name not in long
            ]
            texts = [
                (capitalize_first(observed.label_fact(name)), sanitize_block(text))
                for name, text in long.items()
            ]
            return EvidenceView(key=sanitize_line(key), facts=short, long_texts=texts)
        case Unobservable(why=why, detail=detail):
            return EvidenceView(
                key=sanitize_line(key), note=messages.describe_reason(Reason(code=why, detail=detail), lang)
            )
        case None:
            return EvidenceView(key=sanitize_line(key), note=labels["no_evidence"])
        case _:
            return EvidenceView(key=sanitize_line(key), note=capitalize_first(observed.describe_absence()))


def is_long_text(found: Any) -> bool:
    """Return whether a fact is a text too long for the table."""
    return isinstance(found, str) and ("\n" in found.strip() or len(found) > MAX_TABLE_CHARS)
