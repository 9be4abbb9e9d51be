"""The table of labs on several engines, of their proofs: a row a case, a column an engine."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, field

from dckgrade.i18n import N_, get_translator
from dckgrade.report.decode import parse_json
from dckgrade.report.proof import ProofCell
from dckgrade.report.text import Text


class CaseEnd(StrEnum):
    """How all checks of a lab together bore a case on an engine."""

    EXPECTED = "expected"
    UNSEEN = "unseen"
    """Something is unknown that was expected to be seen, and nothing is wrong."""
    WRONG = "wrong"
    """A verdict or a mistake's name is not what it should be."""
    NOT_APPLIED = "not-applied"
    """The case could not be put on the engine, and it should be possible."""
    EXCEPTED = "excepted"
    """The engine cannot be put into this state; the reason is known."""


CASE_MARKS = {
    CaseEnd.EXPECTED: "✓",
    CaseEnd.UNSEEN: "¿",
    CaseEnd.WRONG: "✗",
    CaseEnd.NOT_APPLIED: "∅",
    CaseEnd.EXCEPTED: "—",
}
CASE_MEANINGS = {
    CaseEnd.EXPECTED: N_("every check ends as it should"),
    CaseEnd.UNSEEN: N_("something is unknown that should be seen, nothing is wrong"),
    CaseEnd.WRONG: N_("a verdict or a name is wrong"),
    CaseEnd.NOT_APPLIED: N_("the case could not be put on this engine"),
    CaseEnd.EXCEPTED: N_("this engine does not know such a case, for the reason below"),
}

COUNT_WORDS = {
    CaseEnd.UNSEEN: N_("unseen: {count}"),
    CaseEnd.WRONG: N_("wrong: {count}"),
    CaseEnd.NOT_APPLIED: N_("not applied: {count}"),
}


class ReportedFault(Struct, frozen=True, kw_only=True):
    """A fault as the JSON document has it."""

    message: str
    check: str | None = None
    case: str | None = None


class EngineProof(Struct, frozen=True, kw_only=True):
    """What the JSON document of a proof says of one lab on one engine."""

    lab: str
    title: Text
    engine: str
    engine_version: str
    applied: list[str]
    excepted: dict[str, str] = field(default_factory=dict)
    cells: dict[str, dict[str, ProofCell]]
    faults: list[ReportedFault] = field(default_factory=list)


class EngineProofDocument(Struct, frozen=True):
    """As much of a document `dckgrade-proof/1` as the table needs."""

    labs: list[EngineProof]


class CaseRow(Struct, frozen=True):
    """A case, and how it ended on each engine; None: not tried there."""

    case: str
    ends: list[CaseEnd | None]


class LabTable(Struct, frozen=True, kw_only=True):
    """One lab: its cases on all engines."""

    lab: str
    title: Text
    rows: list[CaseRow]
    remarks: list[str]
    """What is not as expected: the engine, and the proof's own sentence."""

    def count(self, engine: int, end: CaseEnd) -> int:
        """Count the cases that ended so on the engine of that column."""
        return sum(row.ends[engine] is end for row in self.rows)

    def count_tried(self, engine: int) -> int:
        """Count the cases that were tried on the engine of that column."""
        return sum(row.ends[engine] not in {None, CaseEnd.EXCEPTED} for row in self.rows)


class EngineTable(Struct, frozen=True, kw_only=True):
    """All labs on all engines."""

    engines: list[tuple[str, str]]
    """Name and version, a column each."""
    labs: list[LabTable]


def read_engine_proofs(raw: bytes) -> list[EngineProof]:
    """Read a document `dckgrade-proof/1`; raises `msgspec.MsgspecError` for anything else."""
    return parse_json(raw, EngineProofDocument).labs


def build_engine_table(proofs: Sequence[EngineProof]) -> EngineTable:
    """Put the *proofs* beside each other; engines and labs stand in the order in which they come first."""
    versions: dict[str, list[str]] = {}
    for proof in proofs:
        known = versions.setdefault(proof.engine, [])
        if proof.engine_version not in {"", *known}:
            known.append(proof.engine_version)
    engines = [(name, ", ".join(known)) for name, known in versions.items()]
    labs = dict.fromkeys(proof.lab for proof in proofs)
    return EngineTable(
        engines=engines,
        labs=[
            build_lab_table([proof for proof in proofs if proof.lab == lab], list(versions)) for lab in labs
        ],
    )


def build_lab_table(proofs: Sequence[EngineProof], engines: Sequence[str]) -> LabTable:
    """Put the *proofs* of one lab beside each other, in the order of *engines*; the last of each counts."""
    by_engine = {proof.engine: proof for proof in proofs}
    cases = dict.fromkeys(case for proof in by_engine.values() for case in (*proof.applied, *proof.excepted))
    return LabTable(
        lab=proofs[0].lab,
        title=proofs[0].title,
        rows=[
            CaseRow(
                case,
                [judge_case(by_engine[engine], case) if engine in by_engine else None for engine in engines],
            )
            for case in cases
        ],
        remarks=[
            f"{engine}: {message}"
            for engine in engines
            if engine in by_engine
            for message in list_case_faults(by_engine[engine])
        ],
    )


def judge_case(proof: EngineProof, case: str) -> CaseEnd | None:
    """Say how *case* ended; None where it was not applied in this proof."""
    if case in proof.excepted:
        return CaseEnd.EXCEPTED
    if case not in proof.applied:
        return None
    cells = [row[case] for row in proof.cells.values() if case in row]
    if not cells:
        return CaseEnd.NOT_APPLIED
    surprises = {cell for cell in cells if not cell.is_expected}
    if not surprises:
        return CaseEnd.EXPECTED
    return CaseEnd.UNSEEN if surprises == {ProofCell.UNSEEN} else CaseEnd.WRONG


def list_case_faults(proof: EngineProof) -> list[str]:
    """List what the proof says of cases that did not end as expected, a sentence a check; then exceptions."""
    ended = {case: judge_case(proof, case) for case in proof.applied}
    messages: dict[tuple[str, str | None], str] = {}
    for fault in proof.faults:
        if fault.case is not None and ended.get(fault.case) not in {None, CaseEnd.EXPECTED}:
            messages.setdefault((fault.case, fault.check), fault.message)
    excepted = [f"{case}: {reason}" for case, reason in proof.excepted.items()]
    return [*messages.values(), *excepted]


def describe_lab_on_engine(lab: LabTable, engine: int, lang: str) -> str:
    """Return how many cases ended as they should, of how many, and what the others are; '' for none."""
    if not (tried := lab.count_tried(engine)):
        return ""
    counts = {end: lab.count(engine, end) for end in CaseEnd}
    others = ", ".join(
        get_translator(lang)(words).format(count=counts[end])
        for end, words in COUNT_WORDS.items()
        if counts[end]
    )
    return f"{counts[CaseEnd.EXPECTED]}/{tried}" + (f" ({others})" if others else "")


def list_case_ends(table: EngineTable) -> list[CaseEnd]:
    """List the ways in which cases ended, for a legend."""
    found = {end for lab in table.labs for row in lab.rows for end in row.ends}
    return [end for end in CaseEnd if end in found]
