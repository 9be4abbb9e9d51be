"""Proofs → Markdown, for a job's summary."""

from collections.abc import Sequence

from dckgrade.i18n import get_translator
from dckgrade.render.proof.messages import MARKS, WORDS, cell, summary, used
from dckgrade.render.text.escape import markdown as plain
from dckgrade.report.proof import Proof


def markdown(proofs: Sequence[Proof], lang: str) -> str:
    """Write a part a lab: how it ended, the faults, the matrix."""
    return "\n".join(part for proof in proofs for part in lab(proof, lang)) + "\n"


def lab(proof: Proof, lang: str) -> list[str]:
    """Write one lab."""
    rows = [
        f"| {plain(case)} | " + " | ".join(marked(proof, check, case) for check in proof.checks) + " |"
        for case in proof.cases
    ]
    return [
        f"## {plain(proof.lab)} — {plain(proof.title.into(lang))}",
        "",
        plain(summary(proof, lang)),
        "",
        *(f"- {plain(fault.sentence(lang))}" for fault in proof.faults),
        "",
        "| | " + " | ".join(plain(check) for check in proof.checks) + " |",
        "|---|" + ":-:|" * len(proof.checks),
        *rows,
        "",
        *(f"{MARKS[kind]} {get_translator(lang)(WORDS[kind])}  " for kind in used(proof)),
        "",
    ]


def marked(proof: Proof, check: str, case: str) -> str:
    """Show one cell."""
    one = cell(proof, check, case)
    return MARKS[one] if one else " "
