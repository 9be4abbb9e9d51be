"""Kind `container-stats`: the figures of `docker stats`, of cgroup v1 and v2, and of what is not measured."""

from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES, RECORDED, FakeEngine, answer

ALIVE = {
    "webservers",
    "paused",
    "hostnet",
    "nonet",
    "two-nets",
    "envs",
    "named-volume",
    "composed",
    "published",
}
ALIVE |= {"mem-limited"}


def facts(fake_engine: FakeEngine, name: str) -> dict[str, Any]:
    observed = ContainerStats(container=name).observe(fake_engine)
    assert isinstance(observed, Seen), observed
    return observed.facts


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", sorted(ALIVE))
def test_what_runs_is_measured(engine: str, name: str) -> None:
    found = facts(FakeEngine(engine), name)
    memory = answer(engine, f"stats-{name}")["memory_stats"]
    inactive = memory["stats"]["total_inactive_file" if engine.endswith("1") else "inactive_file"]
    assert found["live"] is True
    assert found["memory_bytes"] == memory["usage"] - inactive > 0
    assert found["memory_limit_bytes"] == memory["limit"]
    assert found["cpu_ns"] > 0
    assert found["processes"] >= 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", sorted({*RECORDED} - ALIVE))
def test_the_zeros_of_what_does_not_run_are_not_taken_for_a_measure(engine: str, name: str) -> None:
    found = facts(FakeEngine(engine), name)
    assert (found["live"], found["memory_bytes"], found["memory_limit_bytes"]) == (False, None, None)
    assert (found["cpu_ns"], found["processes"]) == (0, None)


@pytest.mark.parametrize("memory", [None, {}, {"stats": {}}])
def test_a_machine_that_does_not_count_memory_gives_none(memory: Any) -> None:
    fake_engine = FakeEngine()
    fake_engine.measured[fake_engine.id_of("webservers")]["memory_stats"] = memory
    found = facts(fake_engine, "webservers")
    assert (found["live"], found["memory_bytes"], found["memory_limit_bytes"]) == (True, None, None)
    del fake_engine.measured[fake_engine.id_of("webservers")]["memory_stats"]
    assert facts(fake_engine, "webservers")["memory_bytes"] is None


def test_without_control_groups_the_figures_of_the_machine_are_nobodys() -> None:
    fake_engine = FakeEngine()
    fake_engine.measured[fake_engine.id_of("webservers")]["pids_stats"] = {}
    assert facts(fake_engine, "webservers")["memory_bytes"] > 0  # a kernel that does not count processes

    fake_engine.info["CgroupDriver"] = "none"
    found = facts(fake_engine, "webservers")
    assert (found["live"], found["memory_bytes"], found["cpu_ns"]) == (True, None, None)


def test_a_sample_without_a_time_of_what_runs_is_unreadable() -> None:
    fake_engine = FakeEngine()
    fake_engine.measured[fake_engine.id_of("webservers")] = {}
    observed = ContainerStats(container="webservers").observe(fake_engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.UNREADABLE


def test_the_image_is_told_where_the_lab_gives_one() -> None:
    fake_engine = FakeEngine()
    fits = []
    for image in ("nginx", "postgres", None):
        fake_engine.lab_containers = {"webservers": image}
        fits.append(facts(fake_engine, "webservers")["image_fits"])
    assert fits == [True, False, None]
    assert facts(fake_engine, "webservers")["status"] == "running"
    assert facts(fake_engine, "killed")["status"] == "exited"


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"total_inactive_file": 30, "inactive_file": 20}, 70),
        ({"inactive_file": 20}, 80),
        ({"total_inactive_file": 100, "inactive_file": 20}, 80),
        ({"inactive_file": 100}, 100),
        ({"total_inactive_file": None, "inactive_file": None}, 100),
        ({}, 100),
        (None, 100),
    ],
)
def test_the_inactive_page_cache_is_left_out_as_the_cli_does(details: Any, expected: int) -> None:
    fake_engine = FakeEngine()
    fake_engine.measured[fake_engine.id_of("webservers")]["memory_stats"] = {"usage": 100, "stats": details}
    assert facts(fake_engine, "webservers")["memory_bytes"] == expected


def test_no_sample_is_no_zero() -> None:
    fake_engine = FakeEngine()
    fake_engine.trouble["stats"] = OutOfReach(UnobservableReason.DEADLINE, "5 s")
    late = Unobservable(kind="container-stats", why=UnobservableReason.DEADLINE, detail="5 s")
    assert ContainerStats(container="webservers").observe(fake_engine) == late
    stuck = Unobservable(kind="container-stats", why=UnobservableReason.STUCK, detail="created-only")
    assert ContainerStats(container="created-only").observe(fake_engine) == stuck
    assert ContainerStats(container="nobody").observe(fake_engine) == Absent(kind="container-stats")


def test_a_time_that_is_none_is_unreadable() -> None:
    fake_engine = FakeEngine()
    fake_engine.measured[fake_engine.id_of("webservers")]["read"] = "soon"
    observed = ContainerStats(container="webservers").observe(fake_engine)
    assert observed == Unobservable(kind="container-stats", why=UnobservableReason.UNREADABLE, detail="soon")


def test_a_sample_is_asked_for_before_anything_is_inspected() -> None:
    fake_engine = FakeEngine()
    facts(fake_engine, "webservers")
    assert fake_engine.questions[:2] == ["containers", "stats"]


@pytest.mark.parametrize(("restarts", "up_s", "live"), [(3, 1, False), (3, 60, True), (0, 1, True)])
def test_what_is_caught_between_two_restarts_is_no_measurement(
    restarts: int, up_s: int, *, live: bool
) -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["RestartCount"] = restarts
    fake_engine.inspect("webservers")["State"]["StartedAt"] = (
        fake_engine.clock - timedelta(seconds=up_s)
    ).isoformat()
    assert facts(fake_engine, "webservers")["live"] is live
