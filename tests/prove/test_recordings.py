"""Every recording of a real engine, judged again without one: the same verdicts, in milliseconds."""

import pytest

from dckgrade.grading import run
from dckgrade.i18n import Lang
from dckgrade.judge.judge import wanted_further
from dckgrade.lab.discovery import find, labs_of, shelf
from dckgrade.lab.load import load
from dckgrade.prove.case import Case, cases
from dckgrade.prove.proof import Outcome, of_cases
from dckgrade.report import codec
from tests.conftest import FIXTURES

CASES = [case for lab in labs_of(shelf()) for case in cases(FIXTURES, lab)]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.lab}-{case.name}")
def test_a_recording_is_judged_as_the_engine_was(case: Case, lang: Lang) -> None:
    loaded = load(find(case.lab))
    report = codec.from_json(case.recording.read_bytes(), str(case.recording))

    outcome = Outcome(case=case, report=run.again(loaded, report, lang))

    assert [fault.sentence("en") for fault in of_cases([outcome], loaded.lab)] == []
    assert wanted_further(loaded.lab, codec.recording(report)) == []
