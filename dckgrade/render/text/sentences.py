"""Describe a check of a report in sentences, with hints up to the level asked for."""

from collections.abc import Iterator
from typing import NamedTuple

from dckgrade.render.text import messages
from dckgrade.render.text.mismatches import describe_mismatches
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, NamedMistake, Quotation

DEFAULT_HINTS = 1
"""The level shown by default: 0 none, 1 where to look, 2 the concept too, 3 the documentation too."""

MAX_HINTS = 3


class Hint(NamedTuple):
    """One hint: its kind, its label, and its words as the lab wrote them."""

    kind: str
    label: str
    words: str


def list_hints(mistake: NamedMistake, lang: str, hints: int) -> list[Hint]:
    """List the hints that *mistake* has, up to level *hints*."""
    labels = messages.translate_labels(lang)
    known = [("hint", mistake.hint), ("why", mistake.why), ("source", mistake.source)]
    return [Hint(kind, labels[kind], words) for kind, words in known[:hints] if words]


def format_mistake(mistake: NamedMistake) -> str:
    """Name a mistake, with its code."""
    return f"{mistake.message} [{mistake.code}]"


def describe_mistake(mistake: NamedMistake, lang: str) -> Iterator[str]:
    """Name a mistake, then quote the program that says it itself."""
    yield messages.sanitize_prose(format_mistake(mistake), lang)
    if mistake.quotation:
        yield format_quotation(mistake.quotation, lang)


def format_quotation(quotation: Quotation, lang: str) -> str:
    """Format a program's own words behind its name, with the place where it says them."""
    place = f" ({sanitize_line(quotation.place)})" if quotation.place else ""
    return messages.add_label(
        sanitize_line(quotation.program), f"{sanitize_line(quotation.text)}{place}", lang
    )


def describe_failure(check: CheckResult, report: Report, hints: int = DEFAULT_HINTS) -> Iterator[str]:
    """Describe a check that did not pass, the most telling sentence first."""
    if check.diagnosis:
        yield from describe_mistake(check.diagnosis, report.lang)
    if check.blocked_by:
        yield messages.describe_blockers(check, report)
    if check.reason:
        yield messages.describe_reason(check.reason, report.lang)
    yield from describe_mismatches(check, report)
    if check.diagnosis:
        yield from describe_hints(check.diagnosis, report.lang, hints)


def describe_hints(mistake: NamedMistake, lang: str, hints: int) -> Iterator[str]:
    """Format each hint behind its label."""
    for hint in list_hints(mistake, lang, hints):
        yield messages.add_label(hint.label, messages.sanitize_prose(hint.words, lang), lang)


def describe_remarks(check: CheckResult, report: Report, hints: int = DEFAULT_HINTS) -> Iterator[str]:
    """Describe the remarks about a check that passed, with their hints."""
    for remark in check.remarks:
        yield from describe_mistake(remark, report.lang)
        yield from describe_hints(remark, report.lang, hints)


def format_title_with_lab(check: CheckResult, report: Report) -> str:
    """Format a check's title behind its lab."""
    return messages.add_label(report.lab.id, check.title, report.lang)


def format_lab_and_score(report: Report) -> str:
    """Format the lab's id, title and points."""
    lab = messages.sanitize_prose(f"{report.lab.id} — {report.lab.title}", report.lang)
    return messages.add_label(lab, messages.format_score(report.score), report.lang)
