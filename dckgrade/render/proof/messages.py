"""The words and marks of a matrix's cells, the same in every form."""

from dckgrade.i18n import N_, get_translator
from dckgrade.report.proof import Cell, Proof

CELL_MARKS = {
    Cell.KILLED: "✗",
    Cell.BLOCKED: "⊘",
    Cell.PASSED: "·",
    Cell.UNDECIDED: "?",
    Cell.SURVIVED: "!",
    Cell.TRIPPED: "↯",
    Cell.MISNAMED: "≠",
    Cell.OTHERWISE: "~",
}
CELL_MEANINGS = {
    Cell.KILLED: N_("killed: the check fails as it should, and the mistake is named"),
    Cell.BLOCKED: N_("blocked: the check waits for one that failed, as it should"),
    Cell.PASSED: N_("passed, as it should"),
    Cell.UNDECIDED: N_("unknown, as it should be"),
    Cell.SURVIVED: N_("survived: the check does not see the mistake"),
    Cell.TRIPPED: N_("tripped by accident: the check falls over another's mistake"),
    Cell.MISNAMED: N_("misnamed: another mistake is named"),
    Cell.OTHERWISE: N_("otherwise: neither passed nor as it should"),
}


def describe_proof(proof: Proof, lang: str) -> str:
    """Say how it ended, in one sentence."""
    ended = N_("{lab} is proven") if not proof.faults else N_("{lab} is NOT proven")
    text = get_translator(lang)(
        N_("{ended}: {checks} checks, {cases} cases, {mutants} mutants, {faults} faults.")
    )
    return text.format(
        ended=get_translator(lang)(ended).format(lab=proof.lab),
        checks=len(proof.checks),
        cases=len(proof.cases),
        mutants=proof.mutants,
        faults=len(proof.faults),
    )


def get_cell(proof: Proof, check: str, case: str) -> Cell | None:
    """Give a cell; None where the case came to nothing."""
    return proof.cells.get(check, {}).get(case)


def list_occurring_cells(proof: Proof) -> list[Cell]:
    """List the kinds of cells that occur, for a legend."""
    occurring = {cell for row in proof.cells.values() for cell in row.values()}
    return [cell for cell in Cell if cell in occurring]
