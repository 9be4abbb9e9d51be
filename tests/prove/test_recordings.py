"""Every recording of a real engine, judged again without one: the same verdicts, in milliseconds."""

import pytest

from dckgrade.grading import judging
from dckgrade.i18n import Lang
from dckgrade.judge.judge import list_further_probes
from dckgrade.lab.discovery import find_builtin_folder, find_lab_path, list_labs_in_folders
from dckgrade.lab.load import load_lab
from dckgrade.prove.case import Case, list_cases
from dckgrade.prove.proof import CaseOutcome, find_case_faults
from dckgrade.report import codec
from tests.conftest import FIXTURES

CASES = [case for lab in list_labs_in_folders(find_builtin_folder()) for case in list_cases(FIXTURES, lab)]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.lab}-{case.name}")
def test_a_recording_is_judged_as_the_engine_was(case: Case, lang: Lang) -> None:
    loaded = load_lab(find_lab_path(case.lab))
    report = codec.from_json(case.recording_path.read_bytes(), str(case.recording_path))

    outcome = CaseOutcome(case=case, report=judging.judge_report_again(loaded, report, lang))

    assert [fault.translate_sentence("en") for fault in find_case_faults([outcome], loaded.lab)] == []
    assert list_further_probes(loaded.lab, codec.extract_recording(report)) == []
