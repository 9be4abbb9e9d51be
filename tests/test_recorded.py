"""Every recording of a real engine, judged again without one: the same verdicts, in milliseconds."""

import pytest

from dckgrade import codec, grading
from dckgrade.judge import wanted_further
from dckgrade.lab.load import load
from dckgrade.lab.shelf import find, lab_paths
from dckgrade.prove.case import Case, cases, differences
from dckgrade.words import Lang
from tests.conftest import FIXTURES

CASES = [case for lab in lab_paths() for case in cases(FIXTURES, lab)]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.lab}-{case.name}")
def test_a_recording_is_judged_as_the_engine_was(case: Case, lang: Lang) -> None:
    loaded = load(find(case.lab))
    report = codec.from_json(case.recording.read_bytes(), str(case.recording))

    judged = grading.again(loaded, report, lang)

    assert differences(case.expectation, judged) == []
    assert wanted_further(loaded.lab, codec.recording(report)) == []


@pytest.mark.parametrize("lab", lab_paths())
def test_every_mistake_that_a_lab_names_is_recorded_or_made_by_hand(lab: str) -> None:
    named = {
        code
        for case in CASES
        if case.lab == lab
        for code in (
            *case.expectation.failed.values(),
            *case.expectation.unknown.values(),
            *case.expectation.remarks.values(),
        )
    }

    assert {one.code for one in load(find(lab)).lab.diagnoses()} - named == set()
