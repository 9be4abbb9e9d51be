"""Proofs that no lab gave."""

from datetime import date

from dckgrade.report.proof import Proof, ProofCell, ProofFault
from dckgrade.report.text import Text


def make_faulty_proof(text: str = "x") -> Proof:
    """Give a proof with every kind of cell and fault, and *text* wherever others have a say."""
    kinds = dict(
        zip([f"case-{number}" for number in range(len(ProofCell) - 1)] + [text], ProofCell, strict=True)
    )
    return Proof(
        lab="tiny",
        title=Text(fr=text or "-", en=text or "-"),
        file="checks/tiny.yaml",
        places={"box-running": (5, 9), "TY-01": (12, 15)},
        checks=["box-running"],
        cases=list(kinds),
        cells={"box-running": dict(kinds)},
        mutants=3,
        faults=[
            ProofFault(
                what="{check} does not see the mistake {case}: {detail}.",
                check="box-running",
                case=text,
                detail=text,
            ),
            ProofFault(what="No case triggers {code}.", code="TY-01"),
            ProofFault(what="{case} could not be applied: {detail}", case=text, detail=text),
        ],
        waived=[f"{text}: {text} ({date(2999, 1, 1)})"],
        duration_ms=1500,
    )
