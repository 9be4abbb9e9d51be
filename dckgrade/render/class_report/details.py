"""A class report → each trainee's own report, small: check by check, the attempts, what is odd about them."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.class_report.heatmap import NAME_KEPT, anchor, name, points
from dckgrade.render.class_report.messages import FLAGS, TRUST, TRUST_SIGNS
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import line
from dckgrade.report.class_report import Cell, ClassReport, LabTold, Row
from dckgrade.report.result import Verdict

OTHERS_SHOWN = 6
Mistakes = Mapping[tuple[str, str], str]
"""By lab and code: the id of the explanation in the page."""


class Judged(Struct, frozen=True, kw_only=True):
    """One check of one trainee."""

    verdict: str
    symbol: str
    word: str
    title: str
    worth: str
    code: str
    link: str


class LabDone(Struct, frozen=True, kw_only=True):
    """One lab of one trainee: the attempt that counts, and the others."""

    anchor: str
    lab: str
    title: str
    points: str
    trust: str
    source: str
    flags: list[str]
    checks: list[Judged]
    history: list[str]


class Details(Struct, frozen=True, kw_only=True):
    """One trainee."""

    anchor: str
    trainee: str
    total: str
    known_as: str
    labs: list[LabDone]


def details(report: ClassReport, mistakes: Mistakes) -> Iterator[Details]:
    """Lay out the trainees who handed something in."""
    for at, row in enumerate(report.rows):
        if row.cells:
            yield Details(
                anchor=anchor(at),
                trainee=name(row),
                total=f"{row.score.earned}/{row.score.possible}",
                known_as=line(known_as(row, report.lang)),
                labs=[
                    lab_done(report, row.cells[lab.id], lab, anchor(at, lab_at), mistakes)
                    for lab_at, lab in enumerate(report.labs)
                    if lab.id in row.cells
                ],
            )


def known_as(row: Row, lang: str) -> str:
    """Say what the roster knows of a trainee."""
    stranger = "" if row.expected else get_translator(lang)(N_("not on the roster"))
    return ", ".join(one for one in (row.email, row.username, row.id_number, stranger) if one)


def lab_done(report: ClassReport, cell: Cell, lab: LabTold, at: str, mistakes: Mistakes) -> LabDone:
    """Lay out one lab of one trainee."""
    translate = get_translator(report.lang)
    return LabDone(
        anchor=at,
        lab=line(lab.id),
        title=messages.prose(lab.title, report.lang),
        points=f"{points(cell)}/{lab.possible}",
        trust=f"{TRUST_SIGNS[cell.trust]} {translate(TRUST[cell.trust])}",
        source=f"{line(cell.source)}, {moment(cell.started_at)}",
        flags=list(flags(cell, report.lang)),
        checks=list(judged(cell, lab, report.lang, mistakes)),
        history=[
            f"{messages.points(one.score)}, {moment(one.started_at)}, {line(one.source)}"
            for one in cell.history
        ],
    )


def flags(cell: Cell, lang: str) -> Iterator[str]:
    """Say what is worth a look; of a copy, with whom."""
    translate = get_translator(lang)
    for flag in cell.flags:
        told = translate(FLAGS[flag])
        others = ", ".join(line(one, NAME_KEPT) for one in cell.shared_with[:OTHERS_SHOWN])
        others = f"{others} {more(len(cell.shared_with), OTHERS_SHOWN, lang)}".strip()
        yield messages.labelled(told, others, lang) if flag == "copy" and others else told


def more(count: int, shown: int, lang: str) -> str:
    """Say how many are not listed."""
    return get_translator(lang)(N_("and {count} more")).format(count=count - shown) if count > shown else ""


def judged(cell: Cell, lab: LabTold, lang: str, mistakes: Mistakes) -> Iterator[Judged]:
    """Lay out each check."""
    for check in lab.checks:
        verdict = cell.verdicts[check.id]
        earned = "?" if verdict.undecided else check.points if verdict is Verdict.PASSED else 0
        code = cell.mistakes.get(check.id, "")
        yield Judged(
            verdict=verdict.value,
            symbol=messages.SYMBOLS[verdict],
            word=messages.word(verdict, lang),
            title=messages.prose(check.title, lang),
            worth=f"{earned}/{check.points}",
            code=line(code),
            link=mistakes.get((lab.id, code), ""),
        )


def moment(iso: str) -> str:
    """Write a time of ours for people."""
    return line(iso.replace("T", " ").replace("Z", " UTC"), 40)
