"""Render proofs on a terminal: a matrix with a row per case and a column per check, and the faults."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.render.proof.messages import (
    CELL_MARKS,
    CELL_MEANINGS,
    describe_proof,
    get_cell,
    list_occurring_cells,
)
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.proof import Proof, ProofCell

CELL_STYLES = {
    ProofCell.KILLED: "green",
    ProofCell.BLOCKED: "cyan",
    ProofCell.PASSED: "dim",
    ProofCell.UNDECIDED: "cyan",
}

MAX_CASE_CHARS = 80


def render_proofs_terminal(proofs: Sequence[Proof], lang: str) -> Iterator[RenderableType]:
    """Render each proof."""
    return (render_proof_terminal(proof, lang) for proof in proofs)


def render_proof_terminal(proof: Proof, lang: str) -> RenderableType:
    """Render the matrix, its legend, the faults and the waivers."""
    translate = get_translator(lang)
    parts: list[RenderableType] = [build_matrix_table(proof, lang)]
    parts += [Text(f"{number}  {check}") for number, check in enumerate(proof.checks, 1)]
    parts += [
        Text(""),
        *(
            Text(f"{CELL_MARKS[kind]}  {translate(CELL_MEANINGS[kind])}")
            for kind in list_occurring_cells(proof)
        ),
    ]
    parts.append(Text(""))
    parts += [Text(f"✗ {sanitize_line(fault.translate_sentence(lang))}", "red") for fault in proof.faults]
    parts += [
        Text(translate(N_("Forgiven: {waived}")).format(waived=sanitize_line(waiver)))
        for waiver in proof.waived
    ]
    parts.append(Text(describe_proof(proof, lang), "bold red" if proof.faults else "bold green"))
    return Group(*parts)


def build_matrix_table(proof: Proof, lang: str) -> Table:
    """Build the matrix; checks are numbered, since their names are wide."""
    table = Table(
        title=Text(f"{proof.lab} — {sanitize_line(proof.title.in_language(lang))}"),
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("")
    for number, _ in enumerate(proof.checks, 1):
        table.add_column(str(number), justify="center")
    for case in proof.cases:
        row = [get_cell(proof, check, case) for check in proof.checks]
        table.add_row(Text(sanitize_line(case, MAX_CASE_CHARS)), *(build_cell_mark(cell) for cell in row))
    return table


def build_cell_mark(cell: ProofCell | None) -> Text:
    """Make a cell's mark; its colour says nothing more."""
    return Text(CELL_MARKS[cell], CELL_STYLES.get(cell, "bold red")) if cell else Text(" ")
