"""Proofs → one HTML page with each lab's matrix as a picture: no script, nothing loaded."""

from collections.abc import Sequence

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render import html_template as pages
from dckgrade.render.proof.messages import MARKS, WORDS, cell, summary, used
from dckgrade.render.text.sanitize import line
from dckgrade.report.proof import Cell, Proof

STEP, LEFT, TOP = 26, 270, 150
"""Pixels: the side of a cell with its gap, and the room for the names beside and above."""

TONES = {
    Cell.KILLED: "passed",
    Cell.BLOCKED: "skipped",
    Cell.PASSED: "faint",
    Cell.UNDECIDED: "unknown",
    Cell.SURVIVED: "failed",
    Cell.TRIPPED: "blocked",
    Cell.MISNAMED: "blocked",
    Cell.OTHERWISE: "blocked",
}


class Square(Struct, frozen=True, kw_only=True):
    """One cell of the picture; *told* is what a pointer or a screen reader is told of it."""

    x: int
    y: int
    tone: str
    mark: str
    told: str


class Picture(Struct, frozen=True, kw_only=True):
    """One lab as the page shows it."""

    lab: str
    title: str
    summary: str
    proven: bool
    checks: list[tuple[int, str]]
    cases: list[tuple[int, str]]
    squares: list[Square]
    width: int
    height: int
    legend: list[tuple[str, str, str]]
    faults: list[str]
    waived: list[str]


def page(proofs: Sequence[Proof], lang: str) -> str:
    """Render all *proofs* as one page."""
    translate = get_translator(lang)
    return pages.page(
        "render/proof/proof.html.j2",
        lang,
        heading=translate(N_("Proof of the labs")),
        faults_heading=translate(N_("What keeps it from being proven")),
        waived_heading=translate(N_("Forgiven")),
        pictures=[picture(proof, lang) for proof in proofs],
    )


def picture(proof: Proof, lang: str) -> Picture:
    """Lay out one lab: a column a check, a row a case."""
    translate = get_translator(lang)
    return Picture(
        lab=line(proof.lab),
        title=line(proof.title.into(lang)),
        summary=line(summary(proof, lang)),
        proven=not proof.faults,
        checks=[(LEFT + STEP * at, line(check)) for at, check in enumerate(proof.checks)],
        cases=[(TOP + STEP * at, line(case)) for at, case in enumerate(proof.cases)],
        squares=squares(proof, lang),
        width=LEFT + STEP * len(proof.checks) + TOP,
        height=TOP + STEP * len(proof.cases) + STEP,
        legend=[(TONES[kind], MARKS[kind], translate(WORDS[kind])) for kind in used(proof)],
        faults=[line(fault.sentence(lang)) for fault in proof.faults],
        waived=[line(one) for one in proof.waived],
    )


def squares(proof: Proof, lang: str) -> list[Square]:
    """Place every cell that there is."""
    placed = [
        (across, down, check, case, cell(proof, check, case))
        for down, case in enumerate(proof.cases)
        for across, check in enumerate(proof.checks)
    ]
    return [
        Square(
            x=LEFT + STEP * across,
            y=TOP + STEP * down,
            tone=TONES[one],
            mark=MARKS[one],
            told=f"{line(check)} / {line(case)}: {get_translator(lang)(WORDS[one])}",
        )
        for across, down, check, case, one in placed
        if one
    ]
