"""Proofs → GitHub annotations that point at the line of the check in the lab's file."""

from collections.abc import Sequence

from dckgrade.render.proof.messages import summary
from dckgrade.render.text.escape import annotation
from dckgrade.report.proof import Fault, Proof


def github(proofs: Sequence[Proof], lang: str) -> str:
    """Write an error a fault, and a notice a lab."""
    lines = [error(proof, fault, lang) for proof in proofs for fault in proof.faults]
    return "".join([*lines, *(annotation("notice", summary(proof, lang)) for proof in proofs)])


def error(proof: Proof, fault: Fault, lang: str) -> str:
    """Write one error."""
    line, column = proof.place(fault)
    return annotation("error", fault.sentence(lang), file=proof.file, line=line, col=column)
