"""What ch6 says of replicas, a limit, a secret and an update that are not as they should be."""

from typing import Any

import pytest

from dckgrade.judge.judge import judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch6").lab
SERVICE, TASK, UPDATE = "swarm-service name=web", "swarm-task service=web port=80", "swarm-update service=web"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch6" / case / "recording.json").read_bytes(), case))


def change(found: Recording, key: str, **facts: Any) -> None:
    seen = found.observations[key]
    assert isinstance(seen, Seen)
    assert {*facts} <= {*seen.facts}
    seen.facts.update(facts)


def judge(found: Recording, check: str) -> tuple[Verdict, str | None]:
    result: CheckResult = next(line for line in judge_recording(LAB, found, "en") if line.id == check)
    return result.verdict, result.diagnosis.code if result.diagnosis else None


def test_as_many_replicas_as_are_asked_for_run_whatever_their_number_from_three_on() -> None:
    found = recording()
    change(found, SERVICE, desired=5, running=5)
    assert judge(found, "replicas-run") == (Verdict.PASSED, None)
    change(found, SERVICE, running=4)
    assert judge(found, "replicas-run")[0] is Verdict.FAILED


@pytest.mark.parametrize(
    ("in_force", "verdict", "code"),
    [
        (67108864, Verdict.PASSED, None),
        (134217728, Verdict.FAILED, "SV-41"),
        (None, Verdict.UNKNOWN, "SV-47"),
    ],
)
def test_a_limit_counts_where_it_is_in_force(
    in_force: int | None, verdict: Verdict, code: str | None
) -> None:
    found = recording()
    change(found, TASK, memory_limit_bytes=in_force)
    assert judge(found, "memory-limited") == (verdict, code)


@pytest.mark.parametrize(
    ("image", "verdict", "code"),
    [
        ("mirror.example.org:5000/library/nginx:1.27", Verdict.PASSED, None),
        ("nginxinc/nginx-unprivileged:1.27", Verdict.PASSED, None),
        ("httpd:2.4", Verdict.FAILED, "SV-51"),
        ("prom/nginx-exporter:1.0", Verdict.FAILED, "SV-51"),
    ],
)
def test_an_update_goes_to_another_tag_of_nginx(image: str, verdict: Verdict, code: str | None) -> None:
    found = recording()
    change(found, UPDATE, update_image=image)
    assert judge(found, "updated") == (verdict, code)


def test_without_a_task_here_what_the_service_asks_for_is_no_proof() -> None:
    found = recording()
    change(found, TASK, local=False, mounted=None, memory_limit_bytes=None, status_code=None)
    assert judge(found, "memory-limited") == judge(found, "secret-mounted") == (Verdict.UNKNOWN, "SV-40")
    assert judge(found, "service-answers") == (Verdict.UNKNOWN, "SV-28")
    change(found, TASK, status_code=200, via="published")
    assert judge(found, "service-answers") == (Verdict.PASSED, None)


def test_a_secret_beside_a_variable_of_the_same_is_none() -> None:
    found = recording()
    change(found, TASK, secret_like_env=["DB_PASSWORD"])
    assert judge(found, "secret-mounted") == (Verdict.FAILED, "SV-15")


def test_k3_only_a_command_that_goes_back_is_going_back() -> None:
    found = recording()
    assert judge(found, "rolled-back") == (Verdict.PASSED, None)
    change(found, UPDATE, ended_as="rolled-back-by-failure")
    assert judge(found, "updated") == (Verdict.FAILED, "SV-23")
    assert judge(found, "rolled-back")[0] is Verdict.BLOCKED


def test_a_history_that_was_forgotten_is_nobody_s_fault() -> None:
    found = recording()
    change(found, UPDATE, updated_replicas=None, spacing_s=None)
    assert judge(found, "updated") == (Verdict.UNKNOWN, "SV-44")


def test_a_failed_update_that_was_undone_by_hand_is_no_update() -> None:
    found = recording()
    change(found, UPDATE, updated_replicas=1, spacing_s=None, failed_reason="exits")
    assert judge(found, "updated") == (Verdict.FAILED, "SV-21")


@pytest.mark.parametrize(("reason", "code"), [("no-image", "SV-22"), ("exits", "SV-21")])
def test_an_update_that_stopped_at_its_last_replica_is_named_by_what_stopped_it(
    reason: str, code: str
) -> None:
    found = recording()
    facts = {"failed_reason": reason, "failed_error": "No such image", "failure_action": "pause"}
    change(found, UPDATE, ended_as="paused", updated_replicas=2, **facts)
    assert judge(found, "updated") == (Verdict.FAILED, code)
