"""Kind `container-exit`: how a container's program ended, and whether the kernel can have killed it."""

from typing import Any

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.docker.container_exit import ContainerExit
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)
MEMORY_LIMIT = 16 * 2**20


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerExit(container=name).observe(engine))


@every_version
def test_a_program_that_exceeds_its_limit_was_killed_by_the_kernel(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "killed")
    assert (found["status"], found["exit_code"], found["oom_killed"]) == ("exited", 137, True)
    assert (found["memory_limit"], found["control_groups"]) == (MEMORY_LIMIT, "1")


@every_version
def test_a_kill_by_hand_has_the_same_code_and_was_nobody_s_memory(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "stopped")
    assert (found["status"], found["exit_code"], found["oom_killed"]) == ("exited", 137, False)
    assert (found["memory_limit"], found["restart_policy"]) == (None, "always")


@every_version
def test_what_runs_has_not_ended(version: str) -> None:
    assert look(EngineWithKeptContainers(version), "limited")["status"] == "running"


@pytest.mark.parametrize("without", [{"CgroupDriver": "none"}, {"MemoryLimit": False}])
def test_where_the_kernel_limits_nothing_it_is_told_and_foreseen(without: dict[str, Any]) -> None:
    engine = EngineWithKeptContainers(KEPT_VERSIONS[0])
    probe = ContainerExit(container="killed")
    assert probe.foresee(engine) is None
    engine.info |= without
    foreseen = probe.foresee(engine)
    assert foreseen
    for seen in (probe.observe(engine), foreseen):
        assert facts(seen)["control_groups"] is None


def test_a_container_that_there_is_not_is_absent() -> None:
    engine = EngineWithKeptContainers(KEPT_VERSIONS[0])
    assert ContainerExit(container="nobody").observe(engine) == Absent(kind="container-exit")


def test_an_engine_that_does_not_describe_itself_is_unobservable(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = EngineWithKeptContainers(KEPT_VERSIONS[0])

    def fail() -> None:
        raise OutOfReach(UnobservableReason.DEADLINE)

    monkeypatch.setattr(engine, "inspect_engine", fail)
    probe = ContainerExit(container="killed")
    assert isinstance(probe.observe(engine), Unobservable)
    assert isinstance(probe.foresee(engine), Unobservable)
