"""Render proofs as one HTML page with each lab's matrix as a picture: no script, nothing loaded."""

from collections.abc import Sequence

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.html_template import render_template_page
from dckgrade.render.proof.messages import (
    CELL_MARKS,
    CELL_MEANINGS,
    describe_proof,
    get_cell,
    list_occurring_cells,
)
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.proof import Proof, ProofCell

CELL_STEP_PX, CASE_NAMES_PX, CHECK_NAMES_PX = 26, 270, 150
"""Pixels: the side of a cell with its gap, and the room for the names beside and above."""

CELL_TONES = {
    ProofCell.KILLED: "passed",
    ProofCell.BLOCKED: "skipped",
    ProofCell.PASSED: "faint",
    ProofCell.UNDECIDED: "unknown",
    ProofCell.SURVIVED: "failed",
    ProofCell.TRIPPED: "blocked",
    ProofCell.MISNAMED: "blocked",
    ProofCell.OTHERWISE: "blocked",
    ProofCell.UNSEEN: "unknown",
}


class MatrixSquare(Struct, frozen=True, kw_only=True):
    """One cell of the picture; *description* is for its tooltip and for screen readers."""

    x: int
    y: int
    tone: str
    mark: str
    description: str


class ProofPicture(Struct, frozen=True, kw_only=True):
    """One lab as the page shows it."""

    lab: str
    title: str
    summary: str
    proven: bool
    checks: list[tuple[int, str]]
    cases: list[tuple[int, str]]
    squares: list[MatrixSquare]
    width: int
    height: int
    legend: list[tuple[str, str, str]]
    faults: list[str]
    waived: list[str]


def render_proof_page(proofs: Sequence[Proof], lang: str) -> str:
    """Render all *proofs* as one page."""
    translate = get_translator(lang)
    return render_template_page(
        "render/proof/proof.html.j2",
        lang,
        heading=translate(N_("Proof of the labs")),
        faults_heading=translate(N_("What keeps it from being proven")),
        waived_heading=translate(N_("Forgiven")),
        pictures=[build_proof_picture(proof, lang) for proof in proofs],
    )


def build_proof_picture(proof: Proof, lang: str) -> ProofPicture:
    """Build the picture of one lab: a column per check, a row per case."""
    translate = get_translator(lang)
    return ProofPicture(
        lab=sanitize_line(proof.lab),
        title=sanitize_line(proof.title.in_language(lang)),
        summary=sanitize_line(describe_proof(proof, lang)),
        proven=not proof.faults,
        checks=[
            (CASE_NAMES_PX + CELL_STEP_PX * at, sanitize_line(check)) for at, check in enumerate(proof.checks)
        ],
        cases=[
            (CHECK_NAMES_PX + CELL_STEP_PX * at, sanitize_line(case)) for at, case in enumerate(proof.cases)
        ],
        squares=place_squares(proof, lang),
        width=CASE_NAMES_PX + CELL_STEP_PX * len(proof.checks) + CHECK_NAMES_PX,
        height=CHECK_NAMES_PX + CELL_STEP_PX * len(proof.cases) + CELL_STEP_PX,
        legend=[
            (CELL_TONES[kind], CELL_MARKS[kind], translate(CELL_MEANINGS[kind]))
            for kind in list_occurring_cells(proof)
        ],
        faults=[sanitize_line(fault.translate_sentence(lang)) for fault in proof.faults],
        waived=[sanitize_line(waiver) for waiver in proof.waived],
    )


def place_squares(proof: Proof, lang: str) -> list[MatrixSquare]:
    """Build a square for every cell of the matrix."""
    placed = [
        (across, down, check, case, get_cell(proof, check, case))
        for down, case in enumerate(proof.cases)
        for across, check in enumerate(proof.checks)
    ]
    return [
        MatrixSquare(
            x=CASE_NAMES_PX + CELL_STEP_PX * across,
            y=CHECK_NAMES_PX + CELL_STEP_PX * down,
            tone=CELL_TONES[cell],
            mark=CELL_MARKS[cell],
            description=f"{sanitize_line(check)} / {sanitize_line(case)}: "
            + get_translator(lang)(CELL_MEANINGS[cell]),
        )
        for across, down, check, case, cell in placed
        if cell
    ]
