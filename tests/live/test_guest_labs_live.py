"""Labs that need a kernel with AppArmor, proven on guest machines as test_labs_live.py proves the others."""

import os

import pytest

from dckgrade.prove.engines.release import INSTALLED
from tests.conftest import need_guests
from tests.support import live_labs
from tests.support.live_labs import NEWER, Proofs

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]

LABS = live_labs.list_labs(guest=True)


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest) -> Proofs:
    """Prove the labs whose tests are to be run."""
    need_guests()
    # An emulated processor takes a real one: beside pytest's other processes there is one left for it.
    jobs = 1 if "PYTEST_XDIST_WORKER" in os.environ else None
    return live_labs.prove_requested_labs(
        request, test_a_lab_is_proven_on_guests, test_a_lab_holds_on_guests_with_a_newer_engine, jobs
    )


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_is_proven_on_guests(lab: str, proofs: Proofs) -> None:
    proof = proofs[lab, INSTALLED.name]

    live_labs.keep_page(proof)
    assert [fault.translate_sentence("en") for fault in proof.faults] == []


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_holds_on_guests_with_a_newer_engine(lab: str, proofs: Proofs) -> None:
    faults = proofs[lab, NEWER.name].faults

    assert [fault.translate_sentence("en") for fault in faults] == []
