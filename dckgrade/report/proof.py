"""The proof of a lab: how each check bore each case, and each fault that was found."""

from enum import StrEnum

from msgspec import Struct, field

from dckgrade.i18n import get_translator
from dckgrade.report.text import Text

MUTANTS_CASE = "mutants"
"""The case of a fault that no folder but a generated change has brought to light."""


class ProofCell(StrEnum):
    """How a check bore a case."""

    KILLED = "killed"
    """It failed as it should, and the mistake was named."""
    BLOCKED = "blocked"
    """It waits for one that failed, as it should."""
    PASSED = "passed"
    """It passed, as it should."""
    UNDECIDED = "undecided"
    """It is unknown, as it should be."""
    SURVIVED = "survived"
    """The mistake is there, and the check does not see it."""
    TRIPPED = "tripped"
    """The check fell over a mistake that is not its own."""
    MISNAMED = "misnamed"
    """It ended as it should, but another mistake was named."""
    OTHERWISE = "otherwise"
    """It did not pass, and did not end as it should either."""
    UNSEEN = "unseen"
    """It is unknown, where something else was expected: undecided, but not wrong."""

    @property
    def is_expected(self) -> bool:
        """Return whether this is what was expected."""
        return self in {ProofCell.KILLED, ProofCell.BLOCKED, ProofCell.PASSED, ProofCell.UNDECIDED}


class ProofFault(Struct, frozen=True, kw_only=True):
    """One thing that keeps a lab from being proven: a message id with its values, and what it is about."""

    what: str
    check: str | None = None
    case: str | None = None
    code: str | None = None
    detail: str = ""

    def translate_sentence(self, lang: str) -> str:
        """Return the sentence in *lang*."""
        values = {"check": self.check, "case": self.case, "code": self.code, "detail": self.detail}
        return get_translator(lang)(self.what).format(**values)


class Proof(Struct, frozen=True, kw_only=True):
    """All that was found of one lab. It is proven when there is no fault."""

    lab: str
    title: Text
    file: str
    """The lab's file, and where each check and code stands in it: what an annotation points at."""
    places: dict[str, tuple[int, int]]
    checks: list[str]
    cases: list[str]
    cells: dict[str, dict[str, ProofCell]]
    """Check → case → cell; a case without a report has none."""
    mutants: int
    faults: list[ProofFault] = field(default_factory=list)
    waived: list[str] = field(default_factory=list)
    """What was forgiven, with the reason and until when."""
    duration_ms: int = 0
    engine: str = ""
    """The engine of ours on which cases were applied, by name; '' for recordings and for a given one."""
    engine_version: str = ""
    """What that engine says that it is."""
    applied: list[str] = field(default_factory=list)
    """The cases that were applied to an engine now; the others were judged from their recordings."""
    excepted: dict[str, str] = field(default_factory=dict)
    """The cases that this engine cannot be put into, each with the reason."""

    def find_place(self, fault: ProofFault) -> tuple[int, int]:
        """Return the line and column that this fault is about."""
        return self.places.get(fault.code or fault.check or "", (1, 1))
