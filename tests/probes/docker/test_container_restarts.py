"""Kind `container-restarts`: what the engine has done by itself, and what was done by hand."""

from datetime import timedelta
from typing import Any

import pytest

from dckgrade.probes.docker.container_restarts import ContainerRestarts
from dckgrade.report.observation import Absent, Seen
from tests.support.fake_engine import FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerRestarts(container=name).observe(engine))


@every_version
def test_a_program_that_died_inside_was_started_by_the_engine(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["status"], found["policy"], found["count"]) == ("running", "unless-stopped", 1)
    assert (found["has_ended"], found["looping"]) == (True, False)


@every_version
def test_a_restart_by_hand_leaves_the_count_at_zero_and_an_end(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "by-hand")
    assert (found["status"], found["policy"], found["count"], found["has_ended"]) == (
        "running",
        "always",
        0,
        True,
    )


@every_version
def test_a_kill_nine_from_inside_does_nothing(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "deaf")
    assert (found["status"], found["count"], found["has_ended"]) == ("running", 0, False)


@every_version
def test_a_kill_from_outside_is_not_restarted_whatever_the_policy(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "stopped")
    assert (found["status"], found["policy"], found["count"], found["exit_code"]) == (
        "exited",
        "always",
        0,
        137,
    )


@every_version
def test_what_the_engine_gave_up_rests_with_its_count(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "given-up")
    assert (found["status"], found["policy"], found["max_retries"], found["count"]) == (
        "exited",
        "on-failure",
        3,
        3,
    )
    assert (found["exit_code"], found["looping"]) == (7, False)


def test_one_that_was_restarted_just_now_is_told_with_its_age() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    started = engine.inspect("limited")["State"]["StartedAt"]
    engine.clock = engine.clock.fromisoformat(started) + timedelta(seconds=4)
    observed = ContainerRestarts(container="limited").observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["looping"], observed.age_s) == (True, 4.0)


def test_one_between_two_tries_is_waited_for_since_its_last_start() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    state = engine.inspect("given-up")["State"]
    state.update(Status="restarting", Restarting=True, Running=True)
    engine.clock = engine.clock.fromisoformat(state["StartedAt"]) + timedelta(seconds=2)
    observed = ContainerRestarts(container="given-up").observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["status"], observed.facts["looping"], observed.age_s) == ("restarting", True, 2.0)


def test_an_unknown_container_is_absent() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    assert isinstance(ContainerRestarts(container="nobody").observe(engine), Absent)
