"""Labs that need a kernel with AppArmor, proven on guest machines as test_labs_live.py proves the others."""

import os
from collections.abc import Mapping

import pytest

from dckgrade.report.proof import Proof
from tests.conftest import need_guests
from tests.support import live_labs

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest) -> Mapping[str, Proof]:
    """Prove the labs whose tests are to be run."""
    need_guests()
    labs = live_labs.list_requested_labs(request, test_a_lab_is_proven_on_guests)
    planned = live_labs.plan_labs(labs, live_labs.get_case_choice(request))
    # An emulated processor takes a real one: beside pytest's other processes there is one left for it.
    jobs = 1 if "PYTEST_XDIST_WORKER" in os.environ else None
    return {proof.lab: proof for proof in live_labs.prove_planned(planned, jobs)}


@pytest.mark.parametrize("lab", live_labs.list_labs(guest=True))
def test_a_lab_is_proven_on_guests(lab: str, proofs: Mapping[str, Proof]) -> None:
    proof = proofs[lab]

    live_labs.keep_page(proof)
    assert [fault.translate_sentence("en") for fault in proof.faults] == []
