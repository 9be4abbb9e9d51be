"""What ch5 says of a project that outlived itself, of Compose 1, and of a file that cannot be compared."""

from typing import Any

import pytest

from dckgrade.judge.judge import judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch5").lab
FILE, WEB, KEPT = "compose-file", "compose-service service=wordpress", "kept-data container=db"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch5" / case / "recording.json").read_bytes(), case))


def change(found: Recording, key: str, **facts: Any) -> None:
    (name,) = [name for name in found.observations if name.startswith(key)]
    seen = found.observations[name]
    assert isinstance(seen, Seen)
    assert {*facts} <= {*seen.facts}
    seen.facts.update(facts)


def judge(found: Recording, check: str) -> CheckResult:
    return next(result for result in judge_recording(LAB, found, "en") if result.id == check)


@pytest.mark.parametrize(
    ("outlived", "verdict"), [(True, Verdict.PASSED), (False, Verdict.FAILED), (None, Verdict.UNKNOWN)]
)
def test_data_whose_age_is_not_told_neither_pass_nor_fail(verdict: Verdict, *, outlived: bool | None) -> None:
    found = recording()
    change(found, KEPT, outlived_project=outlived)
    assert judge(found, "data-survived").verdict is verdict


def test_where_labels_say_nothing_of_waiting_the_file_does_and_where_they_do_it_does_not() -> None:
    found = recording("variants/compose-1")
    assert judge(found, "waits-for-the-database").verdict is Verdict.PASSED
    change(found, FILE, waits=["wordpress:db:service_started"])
    assert judge(found, "waits-for-the-database").verdict is Verdict.FAILED
    found = recording("mistakes/starts-too-early")
    assert judge(found, "waits-for-the-database").verdict is Verdict.FAILED


def test_a_file_that_cannot_be_compared_is_unknown_and_one_that_differs_is_not_in_force() -> None:
    found = recording()
    change(found, FILE, in_force=None, parts_elsewhere=True)
    assert judge(found, "file-in-force").verdict is Verdict.UNKNOWN
    change(found, FILE, in_force=False, differs=["db: restart"])
    failed = judge(found, "file-in-force")
    assert failed.diagnosis is not None
    assert (failed.verdict, failed.diagnosis.code) == (Verdict.FAILED, "CO-22")
    assert "db: restart" in failed.diagnosis.message


def test_no_report_of_a_case_holds_a_password_of_the_lab() -> None:
    for path in FIXTURES.glob("ch5/**/recording.json"):
        text = path.read_text(encoding="utf-8")
        assert [
            secret for secret in ("racine-du-tp", "secret-du-tp", "nouveau-secret") if secret in text
        ] == []
