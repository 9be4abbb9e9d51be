"""One check of a report → what is said of it, sentence by sentence, and how far up the ladder of hints."""

from collections.abc import Iterator
from typing import NamedTuple

from dckgrade.render.text import messages
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, NamedMistake

HINTS = 1
"""The rung that is shown unasked: 0 nothing, 1 where to look, 2 the concept too, 3 the documentation too."""

MOST_HINTS = 3


class Rung(NamedTuple):
    """One help: which it is, its label, and its words as the lab wrote them."""

    kind: str
    label: str
    words: str


def rungs(mistake: NamedMistake, lang: str, hints: int) -> list[Rung]:
    """Give the helps that *mistake* has, up to the rung asked for."""
    say = messages.labels(lang)
    ladder = [("hint", mistake.hint), ("why", mistake.why), ("source", mistake.source)]
    return [Rung(kind, say[kind], words) for kind, words in ladder[:hints] if words]


def message(mistake: NamedMistake) -> str:
    """Name a mistake, with its code."""
    return f"{mistake.message} [{mistake.code}]"


def told(one: CheckResult, report: Report, hints: int = HINTS) -> Iterator[str]:
    """Say all that is to be said of a check that did not pass: what comes first says the most."""
    if one.diagnosis:
        yield messages.prose(message(one.diagnosis), report.lang)
    if one.blocked_by:
        yield messages.held_up(one, report)
    if one.reason:
        yield messages.reason(one.reason, report.lang)
    yield from (messages.miss(miss, report.lang) for miss in one.misses)
    if one.diagnosis:
        yield from helped(one.diagnosis, report.lang, hints)


def helped(mistake: NamedMistake, lang: str, hints: int) -> Iterator[str]:
    """Write each help behind its label."""
    for rung in rungs(mistake, lang, hints):
        yield messages.labelled(rung.label, messages.prose(rung.words, lang), lang)


def worth_knowing(one: CheckResult, report: Report, hints: int = HINTS) -> Iterator[str]:
    """Say what is worth knowing of a check that passed."""
    for remark in one.remarks:
        yield messages.prose(message(remark), report.lang)
        yield from helped(remark, report.lang, hints)


def titled(one: CheckResult, report: Report) -> str:
    """Name a check among those of several labs."""
    return messages.labelled(report.lab.id, one.title, report.lang)


def named(report: Report) -> str:
    """Name the lab, its points included."""
    lab = messages.prose(f"{report.lab.id} — {report.lab.title}", report.lang)
    return messages.labelled(lab, messages.points(report.score), report.lang)
