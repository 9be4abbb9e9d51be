"""Which labs and cases are proven live, and what is kept of that."""

import subprocess
from collections.abc import Mapping, Sequence

import pytest

from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import run
from dckgrade.prove.case import Case, CaseKind, read_proof_settings
from dckgrade.prove.engines.release import INSTALLED, RELEASES, EngineRelease
from dckgrade.prove.provenance import find_stale_recordings
from dckgrade.prove.run import CaseChoice
from dckgrade.prove.schedule import PlannedLab, estimate_duration_s
from dckgrade.prove.selection import select_slice, select_telling_cases
from dckgrade.render.proof.html import render_proof_page
from dckgrade.report.proof import Proof
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

BUILD = FIXTURES.parent / "build"
SLICES = 24
"""After about so many commits every case has had its turn."""
MAX_STALE = 5
"""As in tests/prove/test_provenance.py, which fails when there are more: then all must be proven."""
NEWER = RELEASES["trixie-containerd"]
"""An engine of today, with the store of images that is the default from 29 on."""
MAIN_MISTAKES = 2

Proofs = Mapping[tuple[str, str], Proof]
"""Lab and release of the engine → proof."""


def list_labs(*, guest: bool) -> list[str]:
    """List the labs whose cases run on a guest machine's engine, or those that run on one of this machine."""
    labs = list_labs_in_folders(find_builtin_folder())
    return [lab for lab in labs if read_proof_settings(FIXTURES, lab).guest is guest]


def list_requested_labs(request: pytest.FixtureRequest, function: object) -> list[str]:
    """List the labs for which the test *function* is to be run."""
    tests = [test for test in request.session.items if isinstance(test, pytest.Function)]
    return [str(test.callspec.params["lab"]) for test in tests if test.function is function]


def prove_requested_labs(
    request: pytest.FixtureRequest, here: object, newer: object, jobs: int | None = None
) -> Proofs:
    """
    Prove the labs for which the tests *here* and *newer* are to be run, on engines of both releases.

    All are in one queue: none waits for another.
    """
    planned = [
        *plan_labs(list_requested_labs(request, here), get_case_choice(request)),
        *plan_labs(list_requested_labs(request, newer), choose_main_cases, NEWER),
    ]
    return {lab.key: proof for lab, proof in zip(planned, prove_planned(planned, jobs), strict=True)}


def plan_labs(
    labs: Sequence[str], choose: CaseChoice | None, release: EngineRelease = INSTALLED
) -> list[PlannedLab]:
    """Plan the chosen cases of *labs*; without *choose* all of them."""
    return [run.plan_lab(load_built_in_lab(lab), FIXTURES, choose, release) for lab in labs]


def prove_planned(planned: Sequence[PlannedLab], jobs: int | None = None) -> list[Proof]:
    """Prove them on engines of our own: *jobs* at a time, else as memory allows."""
    engines = run.create_own_engines(planned, FIXTURES, jobs)
    return run.prove_live(planned, FIXTURES, engines, lambda *_: None, record=False)


def keep_page(proof: Proof) -> None:
    """Write the matrix of a lab to `build/`."""
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"proof-{proof.lab}.html").write_text(render_proof_page([proof], "en"), encoding="utf-8")


def get_case_choice(request: pytest.FixtureRequest) -> CaseChoice | None:
    """Return what chooses the cases; None under `--every-case`."""
    return None if request.config.getoption("--every-case") else choose_cases


def choose_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Choose the cases that show most, the stale ones if they are few, and this commit's slice."""
    stale = find_stale_recordings(loaded, FIXTURES, cases)
    few = stale if len(stale) <= MAX_STALE else set()
    return select_telling_cases(loaded, cases) | few | select_slice(cases, read_commit(), SLICES)


def choose_main_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Choose the solution, and the quickest mistakes that kill a check."""
    selected = select_telling_cases(loaded, cases)
    mistakes = [case for case in cases if case.name in selected and case.kind is CaseKind.MISTAKE]
    quickest = sorted(mistakes, key=estimate_duration_s)[:MAIN_MISTAKES]
    return {case.name for case in [*quickest, *cases] if case in quickest or case.kind is CaseKind.SOLUTION}


def read_commit() -> str:
    """Read which commit this is; nothing where there is no repository."""
    words = ["git", "-C", str(FIXTURES), "rev-parse", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
