"""What real engines do with containers that are limited, killed, restarted and checked."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_exit import ContainerExit
from dckgrade.probes.docker.container_health import ContainerHealth
from dckgrade.probes.docker.container_limits import READ_CPU_COMMAND, ContainerLimits
from dckgrade.probes.docker.container_logging import ContainerLogging
from dckgrade.probes.docker.container_processes import ContainerProcesses
from dckgrade.probes.docker.container_restarts import ContainerRestarts
from dckgrade.probes.observe import observe_probes
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Absent, Seen
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine

KINDS: tuple[Callable[[str], Probe], ...] = (
    lambda name: ContainerExit(container=name),
    lambda name: ContainerHealth(container=name),
    lambda name: ContainerLogging(container=name),
    lambda name: ContainerProcesses(container=name),
    lambda name: ContainerRestarts(container=name),
)
"""Those that only read."""


@pytest.fixture(autouse=True)
def emptied(engine: DisposableEngine) -> None:
    engine.empty()


def run(engine: DisposableEngine, *words: str) -> None:
    run_docker(engine.host, "run", "--detach", *words)


def look(engine: DisposableEngine, probe: Probe, host: str = "", *, passive: bool = False) -> Any:
    where = resolve_endpoint(host or engine.host, None, {}, Path("/nonexistent"))
    with connect_engine(where) as daemon:
        given = RunOptions(passive=passive, environment={"HOME": "/nonexistent"})
        (seen,) = observe_probes([probe], daemon.take_snapshot(given), 60.0).values()
    return seen


def facts(engine: DisposableEngine, probe: Probe) -> dict[str, Any]:
    seen = look(engine, probe)
    assert isinstance(seen, Seen), seen
    return seen.facts


def wait_for(
    engine: DisposableEngine, probe: Probe, timeout_s: float = 60.0, **wanted: object
) -> dict[str, Any]:
    """Look until it is as wanted, for *timeout_s* at most."""
    end = time.monotonic() + timeout_s
    while True:
        found = facts(engine, probe)
        if wanted.items() <= found.items():
            return found
        assert time.monotonic() < end, found
        time.sleep(0.5)


def exhaust_memory(engine: DisposableEngine, probe: Probe) -> dict[str, Any]:
    """
    Have `greedy` killed for its memory, until the engine says so.

    containerd asks the kernel to be told of it once the container has been started: on a busy machine that is
    too late now and then, and an engine tells of it in an event of its own, which may come after the exit's.
    """
    for _ in range(5):
        run(engine, "--name", "greedy", "--memory", "16m", "busybox", "tail", "/dev/zero")
        wait_for(engine, probe, status="exited")
        with contextlib.suppress(AssertionError):
            return wait_for(engine, probe, 5.0, oom_killed=True)
        run_docker(engine.host, "rm", "greedy")
    pytest.fail("No death for memory was told of.")


def test_limits_are_read_in_force_and_follow_an_update(engine: DisposableEngine) -> None:
    run(
        engine,
        "--name",
        "limited",
        "-m",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "50",
        "busybox",
        "sleep",
        "600",
    )
    probe = ContainerLimits(container="limited")
    found = facts(engine, probe)
    assert (found["memory_bytes"], found["cpus"], found["processes"]) == (67108864, 0.5, 50)
    run_docker(engine.host, "update", "--cpus", "0.25", "--pids-limit", "7", "limited")
    found = facts(engine, probe)
    assert (found["cpus"], found["processes"]) == (0.25, 7)


def test_shares_and_a_chosen_processor_are_no_limit(engine: DisposableEngine) -> None:
    run(engine, "--name", "shared", "--cpu-shares", "512", "--cpuset-cpus", "0", "busybox", "sleep", "600")
    found = facts(engine, ContainerLimits(container="shared"))
    assert (found["cpus"], found["cpus_seen"], found["memory_bytes"]) == (None, True, None)


def test_a_death_inside_is_counted_and_a_start_by_hand_sets_the_count_to_zero(
    engine: DisposableEngine,
) -> None:
    run(engine, "--name", "kept", "--init", "--restart", "always", "busybox", "sleep", "600")
    probe = ContainerRestarts(container="kept")
    assert facts(engine, probe)["has_ended"] is False
    run_docker(engine.host, "exec", "--detach", "kept", "kill", "1")
    assert wait_for(engine, probe, count=1, status="running")["has_ended"] is True
    run_docker(engine.host, "restart", "--time", "0", "kept")
    found = wait_for(engine, probe, status="running")
    assert (found["count"], found["has_ended"]) == (0, True)


def test_a_death_for_memory_is_told_from_a_kill_by_hand(engine: DisposableEngine) -> None:
    greedy = exhaust_memory(engine, ContainerExit(container="greedy"))
    run(engine, "--name", "killed", "--memory", "16m", "busybox", "sleep", "600")
    run_docker(engine.host, "kill", "killed")
    killed = wait_for(engine, ContainerExit(container="killed"), status="exited")
    assert (greedy["exit_code"], greedy["oom_killed"], greedy["memory_limit"]) == (137, True, 16 * 2**20)
    assert (killed["exit_code"], killed["oom_killed"]) == (137, False)


def test_no_kill_from_outside_is_restarted_and_none_from_inside_reaches_number_one(
    engine: DisposableEngine,
) -> None:
    for name in ("outside", "inside"):
        run(engine, "--name", name, "--restart", "always", "busybox", "sleep", "600")
    run_docker(engine.host, "kill", "outside")
    run_docker(engine.host, "exec", "inside", "kill", "-9", "1")
    time.sleep(2)
    killed, alive = (facts(engine, ContainerRestarts(container=name)) for name in ("outside", "inside"))
    assert (killed["status"], killed["exit_code"], killed["count"]) == ("exited", 137, 0)
    assert (alive["status"], alive["has_ended"], alive["count"]) == ("running", False, 0)


def test_an_init_heeds_the_signal_and_a_bare_sleep_does_not_whatever_the_form(
    engine: DisposableEngine,
) -> None:
    run(engine, "--name", "inited", "--init", "busybox", "sleep", "600")
    run(engine, "--name", "bare", "busybox", "sleep", "600")
    # A shell replaces itself by a single simple command: the form says nothing.
    run(engine, "--name", "shelled", "busybox", "sh", "-c", "sleep 600")
    run(engine, "--name", "trapping", "busybox", "sh", "-c", 'trap "exit 0" TERM; while :; do sleep 1; done')
    time.sleep(1)
    found = {
        name: facts(engine, ContainerProcesses(container=name))
        for name in ("inited", "bare", "shelled", "trapping")
    }
    assert {name: facts["handles_term"] for name, facts in found.items()} == {
        "inited": True,
        "bare": False,
        "shelled": False,
        "trapping": True,
    }
    assert found["shelled"]["first"] == "sleep"
    assert found["inited"]["init"] is True
    for name, code in (("inited", "143"), ("bare", "137"), ("trapping", "0")):
        run_docker(engine.host, "stop", "--time", "3", name)
        assert run_docker(engine.host, "inspect", "--format", "{{.State.ExitCode}}", name).strip() == code


def test_a_shell_of_root_by_docker_exec_does_not_make_the_container_root_s(engine: DisposableEngine) -> None:
    run(engine, "--name", "plain", "-u", "1000", "busybox", "sleep", "600")
    run_docker(engine.host, "exec", "--detach", "--user", "0", "plain", "sleep", "600")
    time.sleep(0.5)
    assert facts(engine, ContainerProcesses(container="plain"))["root"] == []
    run(engine, "--name", "rooted", "busybox", "sleep", "600")
    assert facts(engine, ContainerProcesses(container="rooted"))["root"] == ["sleep"]
    run(engine, "--name", "hostly", "--network", "host", "--pid", "host", "busybox", "sleep", "600")
    assert facts(engine, ContainerProcesses(container="hostly"))["shares_with_machine"] == ["net", "pid"]


def test_a_check_is_read_with_its_last_try(engine: DisposableEngine) -> None:
    health = ("--health-interval", "1s", "--health-retries", "1", "--health-cmd")
    run(engine, "--name", "curled", *health, "curl -f http://localhost/", "busybox", "sleep", "600")
    run(
        engine,
        "--name",
        "truthful",
        *health,
        "wget -q http://127.0.0.1/ || exit 0",
        "busybox",
        "sleep",
        "600",
    )
    found = wait_for(engine, ContainerHealth(container="curled"), status="unhealthy")
    assert found["tool_missing"] == "curl"
    assert wait_for(engine, ContainerHealth(container="truthful"), status="healthy")["swallows"] is True


def test_only_a_first_process_killed_for_its_memory_ends_the_container(engine: DisposableEngine) -> None:
    run(engine, "--name", "parent", "-m", "16m", "busybox", "sh", "-c", "tail /dev/zero; sleep 600")
    assert exhaust_memory(engine, Container(name="greedy"))["exit_code"] == 137
    assert facts(engine, Container(name="parent"))["status"] == "running"


def test_looking_passively_sends_nothing_but_readings_and_runs_nothing(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "looked-at", "busybox", "sleep", "600")
    for at, kind in enumerate(KINDS):
        with RecordingProxy(tmp_path / f"{at}.sock", engine.host) as proxy:
            look(engine, kind("looked-at"), proxy.host, passive=True)
        assert {request.method for request in proxy.requests} <= {"GET", "HEAD"}


def test_of_the_limits_one_command_reads_and_nothing_is_stopped_or_filled(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "looked-at", "busybox", "sleep", "600")
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        assert isinstance(look(engine, ContainerLimits(container="looked-at"), proxy.host), Seen)
    posted = [request for request in proxy.requests if request.method == "POST"]
    assert [request.path.rpartition("/")[2] for request in posted] == ["exec", "start"]
    assert all(word.encode() in posted[0].body for word in READ_CPU_COMMAND)
    assert isinstance(look(engine, ContainerLimits(container="nobody")), Absent)
