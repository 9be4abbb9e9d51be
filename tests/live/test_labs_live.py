"""
Labs proven on real engines, all at once: cases applied, graded, held against their recordings.

Of each lab those cases that show most, and a slice of the others that turns with the commit; `--every-case`
proves all. The solution and the main mistakes are proven on an engine of today too. Matrices are kept in
`build/`. Labs that need a guest machine are in test_guest_labs_live.py.
"""

import pytest

from dckgrade.prove.engines.release import INSTALLED
from tests.conftest import need_private_engines
from tests.support import live_labs
from tests.support.live_labs import NEWER, Proofs

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]

LABS = live_labs.list_labs(guest=False)


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest) -> Proofs:
    """Prove the labs whose tests are to be run."""
    need_private_engines()
    return live_labs.prove_requested_labs(
        request, test_a_lab_is_proven_live, test_a_lab_holds_on_a_newer_engine
    )


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_is_proven_live(lab: str, proofs: Proofs) -> None:
    proof = proofs[lab, INSTALLED.name]

    live_labs.keep_page(proof)
    assert [fault.translate_sentence("en") for fault in proof.faults] == []


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_holds_on_a_newer_engine(lab: str, proofs: Proofs) -> None:
    faults = proofs[lab, NEWER.name].faults

    assert [fault.translate_sentence("en") for fault in faults] == []
