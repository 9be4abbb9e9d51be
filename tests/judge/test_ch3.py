"""What ch3 says of states in between: whoever has just started is blamed for nothing."""

from typing import Any

import pytest

from dckgrade.judge.judge import find_unsettled_checks, judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch3").lab
REACH = "network-reach from={} to=db port=5432"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch3" / case / "recording.json").read_bytes(), case))


def change(found: Recording, key: str, **facts: Any) -> None:
    (name,) = [name for name in found.observations if name.startswith(key)]
    seen = found.observations[name]
    assert isinstance(seen, Seen)
    assert {*facts} <= {*seen.facts}
    seen.facts.update(facts)


def judge(found: Recording, check: str) -> CheckResult:
    return next(result for result in judge_recording(LAB, found, "en") if result.id == check)


@pytest.mark.parametrize(
    ("check", "key"),
    [
        ("api-in-both", "container name=api"),
        ("db-running", "container name=db"),
        ("proxy-running", "container name=proxy"),
        ("no-network", "container name=coffre"),
    ],
)
def test_a_container_that_has_just_started_is_waited_for_and_not_blamed(check: str, key: str) -> None:
    found = recording()
    change(found, key, stable=False)
    result = judge(found, check)
    assert (result.verdict, result.diagnosis) == (Verdict.FAILED, None)
    assert check in find_unsettled_checks(LAB, found)


def test_a_database_that_is_being_initialised_is_waited_for() -> None:
    found = recording()
    change(found, REACH.format("api"), connects=False, how="refused")
    result = judge(found, "db-answers")
    assert result.diagnosis
    assert result.diagnosis.code == "NW-25"
    assert "db-answers" in find_unsettled_checks(LAB, found)


def test_an_api_that_does_not_listen_yet_is_waited_for() -> None:
    found = recording()
    change(
        found, "proxy-pass", passes=False, status_code=502, marker_seen=None,
        log_problem="refused", upstream="172.30.1.2:80", upstream_is="backend",
    )  # fmt: skip
    assert "proxy-passes" in find_unsettled_checks(LAB, found)


@pytest.mark.parametrize(
    "facts",
    [
        {"connects": True, "how": "open"},
        {"by_published": True},
        {"shared_networks": ["front"], "how": "refused"},
        {"control": False},
        {"control": None},
        {"connects": None, "how": None},
    ],
)
def test_isolation_is_believed_only_where_nothing_gets_through_and_something_else_does(
    facts: dict[str, Any],
) -> None:
    found = recording()
    assert judge(found, "db-isolated").verdict is Verdict.PASSED
    change(found, REACH.format("proxy"), **facts)
    assert judge(found, "db-isolated").verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("networks", "passes"),
    [
        (["back", "front"], True),
        (["tp_back", "tp_front"], True),
        (["back", "bridge", "front"], True),
        (["front"], False),
        (["back"], False),
        (["back", "storefront"], False),
        ([], False),
    ],
)
def test_api_is_on_both_networks_whatever_compose_puts_before_their_names(
    networks: list[str], passes: object
) -> None:
    found = recording()
    change(found, "container name=api", networks=networks)
    result = judge(found, "api-in-both")
    assert (result.verdict is Verdict.PASSED) is passes
    assert (result.diagnosis is None) is passes


@pytest.mark.parametrize(
    ("facts", "passes"),
    [
        ({"networks": ["none"], "network_mode": "none"}, True),
        ({"networks": [], "network_mode": "bridge"}, True),
        ({"networks": ["bridge"], "network_mode": "bridge"}, False),
        ({"networks": ["host"], "network_mode": "host"}, False),
        ({"networks": [], "network_mode": "container:abc"}, False),
    ],
)
def test_no_network_is_none_at_all_and_nobody_else_s(facts: dict[str, Any], passes: object) -> None:
    found = recording()
    change(found, "container name=coffre", **facts)
    assert (judge(found, "no-network").verdict is Verdict.PASSED) is passes


def test_a_port_that_was_asked_for_is_not_docker_s_choice_though_others_were_left_to_it() -> None:
    found = recording()
    key = "published-port container=proxy"
    change(found, key, random_port=True)
    assert judge(found, "loopback-only").verdict is Verdict.PASSED
    everywhere = [{"ip": "::", "port": 8080, "inner": 80}]
    change(found, key, bindings=everywhere, loopback_only=False)
    diagnosis = judge(found, "loopback-only").diagnosis
    assert diagnosis
    assert diagnosis.code == "NW-14"
