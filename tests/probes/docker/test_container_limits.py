"""Kind `container-limits`: what was asked for and what the kernel grants, of control groups v1 and v2."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, OutOfReach
from dckgrade.probes.docker.container_limits import (
    ContainerLimits,
    list_misplaced_options,
    parse_cpu_files,
    read_process_limit,
)
from dckgrade.report.observation import Absent, UnobservableReason
from tests.support.fake_engine import ENGINES, FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerLimits(container=name).observe(engine))


@every_version
def test_limits_in_force_are_the_kernel_s(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["memory_bytes"], found["processes"], found["cpus"]) == (67108864, 50, 0.5)
    assert (found["declared_memory"], found["declared_processes"], found["declared_cpus"]) == (
        67108864,
        50,
        0.5,
    )
    assert (found["cpus_seen"], found["control_groups"], found["misplaced"]) == (True, "1", [])


@every_version
def test_a_quota_is_as_good_as_cpus_and_shares_limit_nothing(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "quota")
    assert (found["cpus"], found["declared_cpus"]) == (0.25, 0.25)
    assert (found["declared_shares"], found["declared_cpuset"]) == (512, "0")
    assert (found["memory_bytes"], found["processes"]) == (None, None)


@every_version
def test_without_limits_the_machine_s_memory_is_none(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "unlimited")
    assert [found[fact] for fact in ("memory_bytes", "processes", "cpus", "declared_memory")] == [None] * 4
    assert found["cpus_seen"] is True


@pytest.mark.parametrize("engine", ENGINES)
def test_control_groups_of_both_versions_tell_memory_and_no_limit_of_processes(engine: str) -> None:
    fake_engine = FakeEngine(engine)
    fake_engine.inside = lambda _ref: CommandResult(0, "max 100000\n")
    found = look(fake_engine, "mem-limited")
    assert (found["memory_bytes"], found["processes"], found["cpus"]) == (67108864, None, None)
    assert found["control_groups"] == engine[-1]
    assert look(fake_engine, "webservers")["memory_bytes"] is None


@every_version
@pytest.mark.parametrize("name", ["killed", "stopped", "refused"])
def test_nothing_is_in_force_of_what_does_not_run_and_nothing_is_run_in_it(version: str, name: str) -> None:
    engine = EngineWithKeptContainers(version)
    found = look(engine, name)
    assert (found["running"], found["command"], found["cpus_seen"]) == (False, "", False)
    assert (found["memory_bytes"], found["processes"], found["cpus"]) == (None, None, None)
    assert [question for question in engine.questions if question.startswith(("run", "stats"))] == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("50000 100000\ncat: can't open …: No such file or directory\n", (0.5,)),
        ("max 100000\n", (None,)),
        ("50000\n100000\ncat: can't open '/sys/fs/cgroup/cpu.max': No such file or directory\n", (0.5,)),
        ("-1\n100000\n", (None,)),
        ("33333\n100000\n", (0.333,)),
        ("50000 0\n", (None,)),
        ("50000\n", None),
        ("", None),
        ("1\n2\n3\n", None),
    ],
)
def test_both_versions_files_are_read(written: str, read: Any) -> None:
    assert parse_cpu_files(written) == read


@pytest.mark.parametrize(
    ("configured", "limit"), [(50, 50), (0, None), (-1, None), (None, None), (2**64 - 1, None)]
)
def test_no_limit_of_processes_has_several_spellings(configured: int | None, limit: int | None) -> None:
    assert read_process_limit(configured) == limit


@pytest.mark.parametrize(
    ("command", "misplaced"),
    [
        (["httpd", "-f", "-m", "64m", "--cpus", "0.5"], ["-m", "--cpus"]),
        (["--memory=64m", "httpd"], ["--memory=64m"]),
        (["httpd", "--pids-limit", "50"], ["--pids-limit"]),
        (["python", "-m", "http.server"], []),
        (["sh", "-c", "httpd -m 64m"], []),
        (["tail", "-c", "3000"], []),
        ([], []),
    ],
)
def test_options_after_the_image_are_found_and_no_other_words(
    command: list[str], misplaced: list[str]
) -> None:
    assert list_misplaced_options(command) == misplaced


@every_version
def test_an_image_without_cat_or_a_run_that_only_reads_leaves_the_processors_unseen(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    engine.trouble["run"] = OutOfReach(UnobservableReason.NOT_TRIED, "--passive")
    found = look(engine, "limited")
    assert (found["cpus"], found["cpus_seen"], found["memory_bytes"]) == (None, False, 67108864)


@pytest.mark.parametrize(
    "change", [{"CgroupDriver": "none"}, {"MemoryLimit": False}, {"CpuCfsQuota": False}, {"PidsLimit": False}]
)
def test_a_machine_that_cannot_limit_is_told_apart(change: dict[str, Any]) -> None:
    engine = EngineWithKeptContainers("28.5.2")
    engine.info = {**engine.info, **change}
    assert look(engine, "limited")["control_groups"] is None


def test_memory_that_is_not_counted_is_a_machine_that_cannot_limit() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    engine.measured[engine.id_of("limited")]["memory_stats"] = {}
    found = look(engine, "limited")
    assert (found["control_groups"], found["memory_bytes"]) == (None, None)


def test_an_unknown_container_is_absent() -> None:
    assert isinstance(ContainerLimits(container="nobody").observe(EngineWithKeptContainers("28.5.2")), Absent)
