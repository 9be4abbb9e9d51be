"""Proofs → GitHub annotations that point at the line of the check in the lab's file."""

from collections.abc import Sequence

from dckgrade.prove.forms.words import summary
from dckgrade.prove.proof import Fault, Proof
from dckgrade.render.shown import block

# GitHub's workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**ESCAPES, ":": "%3A", ",": "%2C"}


def github(proofs: Sequence[Proof], lang: str) -> str:
    """Write an error a fault, and a notice a lab."""
    lines = [annotation(proof, fault, lang) for proof in proofs for fault in proof.faults]
    lines += [f"::notice::{escaped(summary(proof, lang), ESCAPES)}" for proof in proofs]
    return "".join(f"{line}\n" for line in lines)


def annotation(proof: Proof, fault: Fault, lang: str) -> str:
    """Write one error."""
    line, column = proof.place(fault)
    file = escaped(proof.file, IN_PROPERTIES)
    return f"::error file={file},line={line},col={column}::{escaped(block(fault.sentence(lang)), ESCAPES)}"


def escaped(text: str, escapes: dict[str, str]) -> str:
    """Escape as GitHub's runner unescapes."""
    return "".join(escapes.get(character, character) for character in text)
