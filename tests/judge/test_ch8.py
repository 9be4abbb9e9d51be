"""What ch8 says of capabilities, of options that do not hold, and of the engine's file."""

from typing import Any

import pytest

from dckgrade.judge.judge import judge_recording
from dckgrade.report.codec import extract_recording, from_json
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.result import CheckResult, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("ch8").lab
USEFUL = ["CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "SETGID", "SETUID"]
PRIVILEGES, ENGINE = "container-privileges container=site", "engine-hardening"


def recording(case: str = "solution") -> Recording:
    return extract_recording(from_json((FIXTURES / "ch8" / case / "recording.json").read_bytes(), case))


def judge(check: str, key: str, case: str = "solution", **facts: Any) -> CheckResult:
    found = recording(case)
    seen = found.observations[key]
    assert isinstance(seen, Seen)
    assert {*facts} <= {*seen.facts}
    seen.facts.update(facts)
    return next(result for result in judge_recording(LAB, found, "en") if result.id == check)


def name_mistake(result: CheckResult) -> tuple[Verdict, str | None]:
    return result.verdict, result.diagnosis.code if result.diagnosis else None


@pytest.mark.parametrize(
    ("via", "expected"),
    [("inside", (Verdict.UNKNOWN, "HD-50")), ("own", (Verdict.FAILED, "HD-30"))],
)
def test_a_port_that_cannot_be_reached_from_here_is_no_mistake(
    via: str, expected: tuple[Verdict, str]
) -> None:
    assert name_mistake(judge("site-serves", "http container=site port=8088 path=/", via=via)) == expected


@pytest.mark.parametrize("kept", [[], ["NET_BIND_SERVICE"], USEFUL])
def test_no_capability_and_the_useful_ones_pass(kept: list[str]) -> None:
    assert judge("capabilities-dropped", PRIVILEGES, bounding=kept).verdict is Verdict.PASSED


@pytest.mark.parametrize("kept", [["NET_RAW"], [*USEFUL, "SYS_ADMIN"], ["CAP_50"]])
def test_one_more_fails_whatever_the_process_has_now(kept: list[str]) -> None:
    found = judge("capabilities-dropped", PRIVILEGES, bounding=kept, effective=[])
    assert name_mistake(found) == (Verdict.FAILED, "HD-32")


def test_an_option_alone_proves_nothing_and_the_kernel_alone_does() -> None:
    declared = judge(
        "no-new-privileges", PRIVILEGES, no_new_privileges=False, declared_no_new_privileges=True
    )
    assert name_mistake(declared) == (Verdict.FAILED, "HD-12")
    by_engine = judge("no-new-privileges", PRIVILEGES, declared_no_new_privileges=None)
    assert by_engine.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"in_swarm": True, "live_restore": False}, (Verdict.UNKNOWN, "HD-25")),
        ({"in_swarm": True, "live_restore": False, "api_in_clear": True}, (Verdict.FAILED, "HD-23")),
        ({"default_bridge": False}, (Verdict.PASSED, None)),
        ({"live_restore": None}, (Verdict.UNKNOWN, "HD-46")),
        ({"live_restore": False}, (Verdict.FAILED, "HD-44")),
        ({"containers_talk": True}, (Verdict.FAILED, "HD-43")),
    ],
)
def test_the_engine_is_judged_by_what_it_has_in_force(
    facts: dict[str, Any], expected: tuple[Verdict, str | None]
) -> None:
    assert name_mistake(judge("engine-hardened", ENGINE, **facts)) == expected


def test_a_file_that_asks_for_more_than_holds_is_named_and_is_no_fault_where_all_holds() -> None:
    case = "mistakes/isolation-not-in-force"
    assert name_mistake(judge("engine-hardened", ENGINE, case)) == (Verdict.FAILED, "HD-45")
    loaded = judge("engine-hardened", ENGINE, case, live_restore=False)
    assert name_mistake(loaded) == (Verdict.FAILED, "HD-24")
    assert judge("engine-hardened", ENGINE, case, containers_talk=False).verdict is Verdict.PASSED


def test_without_the_file_the_setting_itself_is_named() -> None:
    case = "mistakes/root-writable"
    assert name_mistake(judge("engine-hardened", ENGINE, case)) == (Verdict.FAILED, "HD-27")
    kept = judge("engine-hardened", ENGINE, case, live_restore=True)
    assert name_mistake(kept) == (Verdict.FAILED, "HD-43")
