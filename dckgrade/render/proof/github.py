"""Render proofs as GitHub annotations that point at the line of the check in the lab's file."""

from collections.abc import Sequence

from dckgrade.render.proof.messages import describe_proof
from dckgrade.render.text.escape import format_annotation
from dckgrade.report.proof import Proof, ProofFault


def render_proof_github(proofs: Sequence[Proof], lang: str) -> str:
    """Write an error per fault, and a notice per lab."""
    lines = [format_fault_annotation(proof, fault, lang) for proof in proofs for fault in proof.faults]
    return "".join([*lines, *(format_annotation("notice", describe_proof(proof, lang)) for proof in proofs)])


def format_fault_annotation(proof: Proof, fault: ProofFault, lang: str) -> str:
    """Format one fault as an error."""
    line, column = proof.find_place(fault)
    return format_annotation("error", fault.translate_sentence(lang), file=proof.file, line=line, col=column)
