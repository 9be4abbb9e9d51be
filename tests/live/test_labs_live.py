"""
Labs proven on real engines, all at once: cases applied, graded, held against their recordings.

Of each lab those cases that show most, and a slice of the others that turns with the commit; `--every-case`
proves all. Matrices are kept in `build/`.
"""

import subprocess
from collections.abc import Mapping, Sequence

import pytest

from dckgrade.lab.discovery import find_builtin_folder, find_lab_path, list_labs_in_folders
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import run
from dckgrade.prove.case import Case, CaseKind, read_proof_settings
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.provenance import find_stale_recordings
from dckgrade.prove.schedule import estimate_duration_s
from dckgrade.prove.selection import select_slice, select_telling_cases
from dckgrade.render.proof.html import render_proof_page
from dckgrade.report.proof import Proof
from tests.conftest import FIXTURES, need_guests, need_private_engines

pytestmark = pytest.mark.engine

BUILD = FIXTURES.parent / "build"
SLICES = 16
"""After about so many commits every case has had its turn."""
MAX_STALE = 5
"""As in tests/prove/test_provenance.py, which fails when there are more: then all must be proven."""


NEWER = "trixie-containerd"
MAIN_MISTAKES = 2
UNSEEN_ON_CONTAINERD_STORE = {
    # Debian's cAdvisor does not know containerd's image store, and gives no container its name: PM-20.
    "tp6": {"target-up", "metrics-name-this-engine", "metrics-through-grafana"},
}


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest) -> Mapping[str, Proof]:
    """Prove the labs whose tests are to be run."""
    labs = list_requested_labs(request, test_a_lab_is_proven_live)
    need_private_engines()
    if any(read_proof_settings(FIXTURES, lab).guest for lab in labs):
        need_guests()
    choose = None if request.config.getoption("--every-case") else choose_cases
    planned = [run.plan_lab(load_lab(find_lab_path(lab)), FIXTURES, choose) for lab in labs]
    engines = run.create_own_engines(planned, FIXTURES)
    proven = run.prove_live(planned, FIXTURES, engines, lambda *_: None, record=False)
    return {proof.lab: proof for proof in proven}


@pytest.fixture(scope="module")
def proofs_on_newer_engine(request: pytest.FixtureRequest) -> Mapping[str, Proof]:
    """Prove the solution and the main mistakes of the labs on an engine of today."""
    need_private_engines()
    labs = list_requested_labs(request, test_a_lab_holds_on_a_newer_engine)
    planned = [
        run.plan_lab(load_lab(find_lab_path(lab)), FIXTURES, choose_main_cases, RELEASES[NEWER])
        for lab in labs
    ]
    engines = run.create_own_engines(planned, FIXTURES)
    proven = run.prove_live(planned, FIXTURES, engines, lambda *_: None, record=False)
    return {proof.lab: proof for proof in proven}


def list_requested_labs(request: pytest.FixtureRequest, function: object) -> list[str]:
    """List the labs for which the test *function* is to be run."""
    tests = [test for test in request.session.items if isinstance(test, pytest.Function)]
    return [str(test.callspec.params["lab"]) for test in tests if test.function is function]


def list_labs_without_guest() -> list[str]:
    """List the labs whose cases run on an engine of this machine, and not on a guest's own."""
    labs = list_labs_in_folders(find_builtin_folder())
    return [lab for lab in labs if not read_proof_settings(FIXTURES, lab).guest]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_a_lab_is_proven_live(lab: str, proofs: Mapping[str, Proof]) -> None:
    proof = proofs[lab]

    BUILD.mkdir(exist_ok=True)
    (BUILD / f"proof-{lab}.html").write_text(render_proof_page([proof], "en"), encoding="utf-8")
    assert [fault.translate_sentence("en") for fault in proof.faults] == []


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("lab", list_labs_without_guest())
def test_a_lab_holds_on_a_newer_engine(lab: str, proofs_on_newer_engine: Mapping[str, Proof]) -> None:
    unseen = UNSEEN_ON_CONTAINERD_STORE.get(lab, set())
    faults = [
        fault
        for fault in proofs_on_newer_engine[lab].faults
        if fault.check not in unseen or "→ unknown" not in fault.detail
    ]

    assert [fault.translate_sentence("en") for fault in faults] == []


def choose_main_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Choose the solution, and the quickest mistakes that kill a check."""
    telling = select_telling_cases(loaded, cases)
    mistakes = [case for case in cases if case.name in telling and case.kind is CaseKind.MISTAKE]
    quickest = sorted(mistakes, key=estimate_duration_s)[:MAIN_MISTAKES]
    return {case.name for case in [*quickest, *cases] if case in quickest or case.kind is CaseKind.SOLUTION}


def choose_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Choose the cases that show most, the stale ones if they are few, and this commit's slice."""
    stale = find_stale_recordings(loaded, FIXTURES, cases)
    few = stale if len(stale) <= MAX_STALE else set()
    return select_telling_cases(loaded, cases) | few | select_slice(cases, read_commit(), SLICES)


def read_commit() -> str:
    """Read which commit this is; nothing where there is no repository."""
    words = ["git", "-C", str(FIXTURES), "rev-parse", "HEAD"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
