"""Render proofs as text: a matrix with a row per case and a column per check, and the faults."""

from collections.abc import Iterator, Sequence

from dckgrade.i18n import N_, get_translator
from dckgrade.render.proof.messages import (
    CELL_MARKS,
    CELL_MEANINGS,
    describe_proof,
    get_cell,
    list_occurring_cells,
)
from dckgrade.render.text.layout import EMPTY_LINE, Block, Grid, Stack, TextBlock
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.proof import Proof, ProofCell

CELL_STYLES = {
    ProofCell.KILLED: "green",
    ProofCell.BLOCKED: "cyan",
    ProofCell.PASSED: "dim",
    ProofCell.UNDECIDED: "cyan",
}

MAX_CASE_CHARS = 80


def render_proofs_terminal(proofs: Sequence[Proof], lang: str) -> Iterator[Block]:
    """Render each proof."""
    return (render_proof_terminal(proof, lang) for proof in proofs)


def render_proof_terminal(proof: Proof, lang: str) -> Block:
    """Render the matrix, its legend, the faults and the waivers."""
    translate = get_translator(lang)
    forgiven = translate(N_("Forgiven: {waived}"))
    return Stack(
        [
            TextBlock(f"{proof.lab} — {proof.title.in_language(lang)}", lang, "bold"),
            build_matrix(proof, lang),
            EMPTY_LINE,
            *(TextBlock(f"{number}  {check}", lang) for number, check in enumerate(proof.checks, 1)),
            EMPTY_LINE,
            *(
                TextBlock(f"{CELL_MARKS[kind]}  {translate(CELL_MEANINGS[kind])}", lang)
                for kind in list_occurring_cells(proof)
            ),
            EMPTY_LINE,
            *(TextBlock(f"✗ {fault.translate_sentence(lang)}", lang, "red") for fault in proof.faults),
            *(TextBlock(forgiven.format(waived=waiver), lang) for waiver in proof.waived),
            TextBlock(describe_proof(proof, lang), lang, "bold red" if proof.faults else "bold green"),
        ]
    )


def build_matrix(proof: Proof, lang: str) -> Grid:
    """Build the matrix; checks are numbered, since their names are wide."""
    numbers = [TextBlock(str(number), lang, "bold") for number, _ in enumerate(proof.checks, 1)]
    rows = [[TextBlock("", lang), *numbers]]
    for case in proof.cases:
        cells = [get_cell(proof, check, case) for check in proof.checks]
        name = TextBlock(sanitize_line(case, MAX_CASE_CHARS), lang)
        rows.append([name, *(build_cell_mark(cell, lang) for cell in cells)])
    return Grid(rows, flexible=0, right=range(1, len(numbers) + 1), gap=2)


def build_cell_mark(cell: ProofCell | None, lang: str) -> TextBlock:
    """Make a cell's mark; its colour says nothing more."""
    if cell is None:
        return TextBlock("", lang)
    return TextBlock(CELL_MARKS[cell], lang, CELL_STYLES.get(cell, "bold red"))
