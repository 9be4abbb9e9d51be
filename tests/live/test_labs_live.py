"""
Labs proven on real engines, all at once: cases applied, graded, held against their recordings.

Of each lab those cases that show most, and a slice of the others that turns with the commit; `--every-case`
proves all. The solution and the main mistakes are proven on an engine of today too. Matrices are kept in
`build/`. Labs that need a guest machine are in test_guest_labs_live.py.
"""

from collections.abc import Mapping, Sequence

import pytest

from dckgrade.lab.model import LoadedLab
from dckgrade.prove.case import Case, CaseKind
from dckgrade.prove.engines.release import INSTALLED, RELEASES
from dckgrade.prove.schedule import estimate_duration_s
from dckgrade.prove.selection import select_telling_cases
from dckgrade.report.proof import Proof
from tests.conftest import need_private_engines
from tests.support import live_labs

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]

NEWER = RELEASES["trixie-containerd"]
MAIN_MISTAKES = 2
LABS = live_labs.list_labs(guest=False)

Proofs = Mapping[tuple[str, str], Proof]
"""Lab and release of the engine → proof."""


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest) -> Proofs:
    """Prove the labs whose tests are to be run, on engines of both releases from one queue: none waits."""
    need_private_engines()
    here = live_labs.list_requested_labs(request, test_a_lab_is_proven_live)
    newer = live_labs.list_requested_labs(request, test_a_lab_holds_on_a_newer_engine)
    planned = [
        *live_labs.plan_labs(here, live_labs.get_case_choice(request)),
        *live_labs.plan_labs(newer, choose_main_cases, NEWER),
    ]
    proven = live_labs.prove_planned(planned)
    return {lab.key: proof for lab, proof in zip(planned, proven, strict=True)}


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_is_proven_live(lab: str, proofs: Proofs) -> None:
    proof = proofs[lab, INSTALLED.name]

    live_labs.keep_page(proof)
    assert [fault.translate_sentence("en") for fault in proof.faults] == []


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_holds_on_a_newer_engine(lab: str, proofs: Proofs) -> None:
    faults = proofs[lab, NEWER.name].faults

    assert [fault.translate_sentence("en") for fault in faults] == []


def choose_main_cases(loaded: LoadedLab, cases: Sequence[Case]) -> set[str]:
    """Choose the solution, and the quickest mistakes that kill a check."""
    selected = select_telling_cases(loaded, cases)
    mistakes = [case for case in cases if case.name in selected and case.kind is CaseKind.MISTAKE]
    quickest = sorted(mistakes, key=estimate_duration_s)[:MAIN_MISTAKES]
    return {case.name for case in [*quickest, *cases] if case in quickest or case.kind is CaseKind.SOLUTION}
