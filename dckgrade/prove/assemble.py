"""Puts together a lab's proof: what its cases came to, the matrix, the faults and where each stands."""

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from dckgrade.lab.lint import iter_located_diagnoses
from dckgrade.lab.model import LoadedLab
from dckgrade.lab.problem import Place
from dckgrade.lab.strict_yaml import parse_strict_yaml
from dckgrade.prove.case import CaseKind, read_proof_settings
from dckgrade.prove.mutants import MutationResult, find_vacuous_matchers
from dckgrade.prove.proof import (
    CaseOutcome,
    apply_waivers,
    build_matrix,
    find_case_faults,
    find_coverage_faults,
)
from dckgrade.report import codec
from dckgrade.report.proof import Proof, ProofFault


def build_proof(
    loaded: LoadedLab,
    fixtures: Path,
    outcomes: Sequence[CaseOutcome],
    more: Sequence[ProofFault],
    start: float,
) -> Proof:
    """Put together what all cases came to."""
    lab = loaded.lab
    waivers = read_proof_settings(fixtures, lab.id).waivers
    solution = next(
        (outcome.report for outcome in outcomes if outcome.case.kind is CaseKind.SOLUTION and outcome.report),
        None,
    )
    tried = (
        find_vacuous_matchers(lab, codec.extract_recording(solution)) if solution else MutationResult(0, [])
    )
    found = [*find_case_faults(outcomes, lab), *find_coverage_faults(lab, outcomes), *tried.faults]
    faults, waived = apply_waivers(found, waivers, date.today())  # noqa: DTZ011 - a day, wherever one is
    return Proof(
        lab=lab.id,
        title=lab.title,
        file=make_relative_to_cwd(loaded.path),
        places=locate_checks_and_codes(loaded),
        checks=[check.id for check in lab.checks],
        cases=[outcome.case.name for outcome in outcomes],
        cells=build_matrix(lab, outcomes),
        mutants=tried.mutants,
        faults=[*faults, *more],
        waived=waived,
        duration_ms=round((time.monotonic() - start) * 1000),
    )


def locate_checks_and_codes(loaded: LoadedLab) -> dict[str, Place]:
    """Find where each check stands in the lab's file, and each code that is written in full."""
    document = parse_strict_yaml(loaded.path.read_bytes())
    checks = {
        check.id: document.find_place(("checks", at, "id")) for at, check in enumerate(loaded.lab.checks)
    }
    codes = {
        diagnosis.code: document.find_place((*path, "code"))
        for path, _, diagnosis in iter_located_diagnoses(loaded.lab)
        if diagnosis.message
    }
    return checks | codes


def make_relative_to_cwd(path: Path) -> str:
    """Name a file as CI systems do: from the folder in which they run us, when it is below."""
    here = Path.cwd()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)
