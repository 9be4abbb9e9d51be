"""Marks and messages of a proof's matrix, the same in every format."""

from dckgrade.i18n import N_, get_translator
from dckgrade.report.proof import Proof, ProofCell

CELL_MARKS = {
    ProofCell.KILLED: "✗",
    ProofCell.BLOCKED: "⊘",
    ProofCell.PASSED: "·",
    ProofCell.UNDECIDED: "?",
    ProofCell.SURVIVED: "!",
    ProofCell.TRIPPED: "↯",
    ProofCell.MISNAMED: "≠",
    ProofCell.OTHERWISE: "~",
    ProofCell.UNSEEN: "¿",
}
CELL_MEANINGS = {
    ProofCell.KILLED: N_("killed: the check fails as it should, and the mistake is named"),
    ProofCell.BLOCKED: N_("blocked: the check waits for one that failed, as it should"),
    ProofCell.PASSED: N_("passed, as it should"),
    ProofCell.UNDECIDED: N_("unknown, as it should be"),
    ProofCell.SURVIVED: N_("survived: the check does not see the mistake"),
    ProofCell.TRIPPED: N_("tripped by accident: the check falls over another's mistake"),
    ProofCell.MISNAMED: N_("misnamed: another mistake is named"),
    ProofCell.OTHERWISE: N_("otherwise: neither passed nor as it should"),
    ProofCell.UNSEEN: N_("unseen: unknown, which it should not be"),
}


def describe_proof(proof: Proof, lang: str) -> str:
    """Describe in one sentence whether the lab is proven."""
    outcome = N_("{lab} is proven") if not proof.faults else N_("{lab} is NOT proven")
    text = get_translator(lang)(
        N_("{ended}: {checks} checks, {cases} cases, {mutants} mutants, {faults} faults.")
    )
    return text.format(
        ended=get_translator(lang)(outcome).format(lab=proof.lab),
        checks=len(proof.checks),
        cases=len(proof.cases),
        mutants=proof.mutants,
        faults=len(proof.faults),
    )


def get_cell(proof: Proof, check: str, case: str) -> ProofCell | None:
    """Return a cell; None where the case could not be applied."""
    return proof.cells.get(check, {}).get(case)


def list_occurring_cells(proof: Proof) -> list[ProofCell]:
    """List the kinds of cells that occur, for a legend."""
    occurring = {cell for row in proof.cells.values() for cell in row.values()}
    return [cell for cell in ProofCell if cell in occurring]
