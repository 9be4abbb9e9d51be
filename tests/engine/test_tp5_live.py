"""Every case of TP5, applied on a real engine and graded; what the report must say stands in the fixtures."""

import pytest

from dckgrade.prove.case import Case, cases, differences
from dckgrade.prove.live import Disposable, graded
from tests.conftest import FIXTURES

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "case", [case for case in cases(FIXTURES, "tp5") if case.live], ids=lambda case: case.name
)
def test_the_report_says_what_was_done(case: Case, engine: Disposable) -> None:
    assert differences(case.expectation, graded(case, engine)) == []
