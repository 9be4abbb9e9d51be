"""Every case of TP2, applied on a real engine and graded; what the report must say stands in the fixtures."""

import pytest

from dckgrade.lab.load import load
from dckgrade.lab.shelf import find
from dckgrade.prove.case import Case, cases
from dckgrade.prove.live import Disposable, graded
from dckgrade.prove.private_engine import PrivateEngine
from dckgrade.prove.proof import Outcome, of_cases
from tests.conftest import FIXTURES

pytestmark = pytest.mark.engine

LIVE = [case for case in cases(FIXTURES, "tp2") if case.live]


def faults(case: Case, engine: Disposable) -> list[str]:
    outcome = Outcome(case=case, report=graded(load(find("tp2")), case, engine))
    return [fault.sentence("en") for fault in of_cases([outcome])]


@pytest.mark.parametrize(
    "case", [one for one in LIVE if not one.expectation.spent], ids=lambda case: case.name
)
def test_the_report_says_what_was_done(case: Case, engine: Disposable) -> None:
    assert faults(case, engine) == []


@pytest.mark.parametrize("case", [one for one in LIVE if one.expectation.spent], ids=lambda case: case.name)
def test_an_engine_that_hangs_is_graded_in_time(case: Case, own_engine: PrivateEngine) -> None:
    assert faults(case, own_engine) == []
