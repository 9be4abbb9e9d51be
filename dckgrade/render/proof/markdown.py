"""Render proofs as Markdown, for a job's summary."""

from collections.abc import Sequence

from dckgrade.i18n import get_translator
from dckgrade.render.proof.messages import (
    CELL_MARKS,
    CELL_MEANINGS,
    describe_proof,
    get_cell,
    list_occurring_cells,
)
from dckgrade.render.text.escape import escape_markdown
from dckgrade.report.proof import Proof


def render_proof_markdown(proofs: Sequence[Proof], lang: str) -> str:
    """Write a section per lab: the outcome, the faults, the matrix."""
    return "\n".join(part for proof in proofs for part in format_proof_lines(proof, lang)) + "\n"


def format_proof_lines(proof: Proof, lang: str) -> list[str]:
    """List the lines of one lab's section."""
    rows = [
        f"| {escape_markdown(case)} | "
        + " | ".join(format_cell_mark(proof, check, case) for check in proof.checks)
        + " |"
        for case in proof.cases
    ]
    return [
        f"## {escape_markdown(proof.lab)} — {escape_markdown(proof.title.in_language(lang))}",
        "",
        escape_markdown(describe_proof(proof, lang)),
        "",
        *(f"- {escape_markdown(fault.translate_sentence(lang))}" for fault in proof.faults),
        "",
        "| | " + " | ".join(escape_markdown(check) for check in proof.checks) + " |",
        "|---|" + ":-:|" * len(proof.checks),
        *rows,
        "",
        *(
            f"{CELL_MARKS[kind]} {get_translator(lang)(CELL_MEANINGS[kind])}  "
            for kind in list_occurring_cells(proof)
        ),
        "",
    ]


def format_cell_mark(proof: Proof, check: str, case: str) -> str:
    """Return the mark of one cell."""
    cell = get_cell(proof, check, case)
    return CELL_MARKS[cell] if cell else " "
