"""Every recording of a real engine, judged again without one: the same verdicts, in milliseconds."""

import shutil
from pathlib import Path

import pytest

from dckgrade.grading import judging
from dckgrade.i18n import Lang
from dckgrade.judge.judge import list_further_probes
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.prove.case import Case, list_cases
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.proof import CaseOutcome, find_case_faults
from dckgrade.prove.recordings import judge_other_recordings, rejudge_recording
from dckgrade.prove.run import plan_lab, prove_from_recordings, renew_recordings
from dckgrade.report import codec
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

CASES = [case for lab in list_labs_in_folders(find_builtin_folder()) for case in list_cases(FIXTURES, lab)]
RECORDINGS = [
    pytest.param(case, path, id=f"{case.lab}-{case.name}-{path.stem}")
    for case in CASES
    for path in (case.recording_path, *case.list_other_recordings().values())
]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(("case", "path"), RECORDINGS)
def test_a_recording_is_judged_as_the_engine_was(case: Case, path: Path, lang: Lang) -> None:
    loaded = load_built_in_lab(case.lab)
    report = codec.from_json(path.read_bytes(), str(path))

    outcome = CaseOutcome(case=case, report=judging.judge_report_again(loaded, report, lang))

    assert [fault.translate_sentence("en") for fault in find_case_faults([outcome], loaded.lab)] == []
    assert list_further_probes(loaded.lab, codec.extract_recording(report)) == []


def test_what_another_engine_recorded_must_end_as_expected_too(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "tp5", tmp_path / "tp5", ignore=shutil.ignore_patterns("mistakes"))
    solution = tmp_path / "tp5" / "solution"
    other = FIXTURES / "tp5" / "untouched" / "recording.json"
    loaded = load_built_in_lab("tp5")
    case = next(case for case in list_cases(tmp_path, "tp5") if case.name == "solution")
    shutil.copy(solution / "recording.json", solution / "recording.sid.json")
    assert list(judge_other_recordings(loaded, case)) == []

    shutil.copy(other, solution / "recording.sid.json")

    sentences = [fault.translate_sentence("en") for fault in prove_from_recordings(loaded, tmp_path).faults]
    assert any("what another engine recorded of it is not as expected: sid: " in told for told in sentences)


def test_what_another_engine_says_is_kept_beside_and_nothing_is_stamped(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "tp5", tmp_path / "tp5", ignore=shutil.ignore_patterns("mistakes"))
    loaded = load_built_in_lab("tp5")
    case = next(case for case in list_cases(tmp_path, "tp5") if case.name == "solution")
    stamps = (tmp_path / "tp5" / "recorded.json").read_bytes()
    usual = case.recording_path.read_bytes()
    planned = plan_lab(loaded, tmp_path, lambda _lab, _cases: {"solution"}, RELEASES["sid"])

    renew_recordings(planned, tmp_path, [rejudge_recording(loaded, case)], [case])

    assert list(case.list_other_recordings()) == ["sid"]
    assert case.recording_path.read_bytes() == usual
    assert (tmp_path / "tp5" / "recorded.json").read_bytes() == stamps
