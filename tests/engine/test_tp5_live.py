"""Every case of TP5, applied on a real engine and graded; what the report must say stands in the fixtures."""

import pytest

from dckgrade.lab.load import load
from dckgrade.lab.shelf import find
from dckgrade.prove.case import Case, cases
from dckgrade.prove.live import Disposable, graded
from dckgrade.prove.proof import Outcome, of_cases
from tests.conftest import FIXTURES

pytestmark = pytest.mark.engine

LIVE = [case for case in cases(FIXTURES, "tp5") if case.live]


@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_the_report_says_what_was_done(case: Case, engine: Disposable) -> None:
    outcome = Outcome(case=case, report=graded(load(find("tp5")), case, engine))

    assert [fault.sentence("en") for fault in of_cases([outcome])] == []
