"""Which cases are proven live when not all are: those that show most, and a slice of the others."""

import hashlib
from collections.abc import Sequence

from dckgrade.lab.model import LoadedLab
from dckgrade.prove.case import Case, CaseKind
from dckgrade.prove.proof import classify_result, list_killing_cells
from dckgrade.prove.recordings import rejudge_recording
from dckgrade.prove.schedule import estimate_duration_s


def select_telling_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Select the untouched engine, the solution, and for each check the quickest mistake that kills it."""
    selected = {case.name for case in cases if case.kind in {CaseKind.UNTOUCHED, CaseKind.SOLUTION}}
    killed: set[str] = set()
    mistakes = (case for case in cases if case.kind is CaseKind.MISTAKE)
    for case in sorted(mistakes, key=lambda case: (estimate_duration_s(case), case.name)):
        if further := list_killed_checks(loaded, case) - killed:
            killed |= further
            selected.add(case.name)
    return selected


def list_killed_checks(loaded: LoadedLab, case: Case) -> set[str]:
    """List the checks that *case* shows able to fail, by its recording."""
    report = rejudge_recording(loaded, case).report
    lines = report.checks if report else []
    return {line.id for line in lines if classify_result(case, line) in list_killing_cells(line)}


def select_slice(cases: Sequence[Case], commit: str, slices: int) -> set[str]:
    """Select about one of *slices* parts of the cases: another one with most commits."""
    turn = hash_text(commit) % slices
    return {case.name for case in cases if hash_text(f"{case.lab}/{case.name}") % slices == turn}


def hash_text(text: str) -> int:
    """Make a number of a text that is the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
