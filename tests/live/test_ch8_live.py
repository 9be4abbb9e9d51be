"""What real engines and their kernel say of containers that are hardened, and of themselves."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.container_host_access import ContainerHostAccess
from dckgrade.probes.docker.container_privileges import ContainerPrivileges
from dckgrade.probes.docker.engine_hardening import EngineHardening
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.storage.mount_in_force import MountInForce
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Seen, Unobservable
from images.build import load
from tests.conftest import need_private_engines
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine

SLEEP = ("busybox", "sleep", "600")
HARDENED = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000", "--read-only")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def emptied(engine: DisposableEngine) -> None:
    engine.empty()


@pytest.fixture(scope="module")
def own() -> Iterator[PrivateEngine]:
    """An engine that may be restarted with other settings."""
    need_private_engines()
    with PrivateEngine() as started:
        load(started.host, ["busybox"])
        yield started


def run(engine: DisposableEngine, *words: str) -> None:
    run_docker(engine.host, "run", "--detach", *words)


def look(host: str, probe: Probe, *, passive: bool = False) -> Any:
    where = resolve_endpoint(host, None, {}, Path("/nonexistent"))
    with connect_engine(where) as daemon:
        given = RunOptions(passive=passive, inputs={}, environment={"HOME": "/nonexistent"})
        (seen,) = observe_probes([probe], daemon.take_snapshot(given), 60.0).values()
    return seen


def facts(host: str, probe: Probe) -> dict[str, Any]:
    seen = look(host, probe)
    assert isinstance(seen, Seen), seen
    return seen.facts


def test_what_was_dropped_is_gone_from_the_kernel_s_own_words(engine: DisposableEngine) -> None:
    run(engine, "--name", "hardened", *HARDENED, *SLEEP)
    run(engine, "--name", "plain", "--security-opt", "no-new-privileges:false", *SLEEP)
    found = facts(engine.host, ContainerPrivileges(container="hardened"))
    assert (found["bounding"], found["no_new_privileges"], found["seccomp_mode"]) == ([], True, 2)
    plain = facts(engine.host, ContainerPrivileges(container="plain"))
    assert {"CHOWN", "SETUID", "NET_RAW"} <= {*plain["bounding"]}
    assert (plain["no_new_privileges"], plain["declared_no_new_privileges"]) == (False, False)


def test_a_user_without_capabilities_could_regain_them(engine: DisposableEngine) -> None:
    run(engine, "--name", "user", "--user", "1000", *SLEEP)
    found = facts(engine.host, ContainerPrivileges(container="user"))
    assert (found["effective"], len(found["bounding"]) > 10) == ([], True)


def test_a_read_only_root_is_tried_and_nothing_on_it_is_changed(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "hardened", *HARDENED, "--tmpfs", "/cache", "-v", "kept:/kept", *SLEEP)
    run(engine, "--name", "open", *SLEEP)
    before = run_docker(engine.host, "exec", "open", "stat", "-c", "%Y %Z", "/")
    found = facts(engine.host, MountInForce(container="hardened", destination="/"))
    assert (found["read_only"], found["refused_write"], found["writable_below"]) == (True, True, ["/kept"])
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        writable = facts(proxy.host, MountInForce(container="open", destination="/"))
    assert (writable["read_only"], writable["refused_write"]) == (False, None)
    written = [request.body for request in proxy.requests if request.method == "POST"]
    assert not any(b"touch" in body for body in written), "nothing is tried on what can be written"
    assert run_docker(engine.host, "exec", "open", "stat", "-c", "%Y %Z", "/") == before


def test_as_root_too_the_kernel_refuses_the_date_of_a_read_only_root(engine: DisposableEngine) -> None:
    run(engine, "--name", "root", "--read-only", *SLEEP)
    assert facts(engine.host, MountInForce(container="root", destination="/"))["refused_write"] is True


def test_what_of_the_machine_is_inside_is_told(engine: DisposableEngine) -> None:
    run_docker(
        engine.host,
        "volume",
        "create",
        "--opt",
        "type=none",
        "--opt",
        "o=bind",
        "--opt",
        "device=/home",
        "all",
    )
    run(engine, "--name", "given", "--uts", "host", "-v", "all:/all:ro", "--device", "/dev/null", *SLEEP)
    found = facts(engine.host, ContainerHostAccess(container="given"))
    assert (found["shares_with_machine"], found["devices"]) == (["uts"], ["/dev/null"])
    assert (found["host_folders"], found["engine_socket"]) == (["/home"], "none")


def test_nothing_is_run_where_the_machine_s_processes_are_within_reach(engine: DisposableEngine) -> None:
    run(engine, "--name", "sharing", "--pid", "host", *SLEEP)
    seen = look(engine.host, ContainerPrivileges(container="sharing"))
    assert isinstance(seen, Unobservable) or seen.facts["by"] == "proc"
    assert facts(engine.host, ContainerHostAccess(container="sharing"))["shares_with_machine"] == ["pid"]


def test_under_passive_a_container_elsewhere_is_not_asked(engine: DisposableEngine) -> None:
    run(engine, "--name", "hardened", *HARDENED, *SLEEP)
    for probe in (
        ContainerPrivileges(container="hardened"),
        MountInForce(container="hardened", destination="/"),
    ):
        seen = look(engine.host, probe, passive=True)
        assert isinstance(seen, Unobservable) or seen.facts["by"] == "proc"


def find_child(launcher: int) -> int:
    """Return the process that `unshare --fork` has started: it is number 1 of the engine's own processes."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text(encoding="ascii")
    return int(children.split()[0])


def test_on_the_engine_s_own_machine_its_kernel_tells_and_nothing_is_run(own: PrivateEngine) -> None:
    assert own.restart(b"{}")
    run_docker(
        own.host, "run", "--detach", "--name", "hardened", *HARDENED, "--tmpfs", "/cache:size=64k", *SLEEP
    )
    entered = ["nsenter", "--target", str(find_child(own._launcher_pid)), "--pid", "--mount"]
    for kind, wanted in (
        ("container-privileges container=hardened", {"bounding": [], "no_new_privileges": True}),
        ("mount-in-force container=hardened destination=/", {"read_only": True, "writable_below": []}),
        ("mount-in-force container=hardened destination=/cache", {"filesystem": "tmpfs", "size_kib": 64}),
    ):
        argv = [*entered, sys.executable, "-m", "dckgrade", "try", *kind.split()]
        done = subprocess.run(
            [*argv, "--host", own.host, "--format", "json"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(done.stdout)
        assert "proc" in json.dumps(found), done.stdout + done.stderr
        for name, value in wanted.items():
            assert json.dumps(value) in json.dumps(found), (name, done.stdout)


def test_an_engine_s_settings_are_seen_in_what_it_does(own: PrivateEngine) -> None:
    assert own.restart(b"{}")
    found = facts(own.host, EngineHardening())
    assert (found["live_restore"], found["containers_talk"], found["in_swarm"]) == (False, True, False)
    assert own.restart(b'{"live-restore": true, "icc": false}')
    found = facts(own.host, EngineHardening())
    assert (found["live_restore"], found["containers_talk"]) == (True, False)


def test_a_file_that_is_loaded_again_keeps_containers_and_isolates_nobody(own: PrivateEngine) -> None:
    assert own.restart(b"{}")
    own.dockerd.daemon_json_path.write_bytes(b'{"live-restore": true, "icc": false}')
    os.kill(find_child(own._launcher_pid), 1)
    deadline = time.monotonic() + 10
    while not facts(own.host, EngineHardening())["live_restore"] and time.monotonic() < deadline:
        time.sleep(0.1)
    found = facts(own.host, EngineHardening())
    assert (found["live_restore"], found["containers_talk"]) == (True, True)


def test_an_engine_in_a_swarm_is_told_and_does_not_start_with_live_restore(own: PrivateEngine) -> None:
    assert own.restart(b"{}")
    run_docker(own.host, "swarm", "init", "--advertise-addr", "127.0.0.1")
    assert facts(own.host, EngineHardening())["in_swarm"] is True
    assert own.restart(b'{"live-restore": true}') is False
    assert "incompatible with swarm mode" in own.dockerd.log_path.read_text(errors="replace")
    assert own.restart(b"{}")
    own.empty()


def test_an_engine_that_forbids_new_privileges_to_all_says_so_in_the_kernel_alone(own: PrivateEngine) -> None:
    assert own.restart(b'{"no-new-privileges": true}')
    run_docker(own.host, "run", "--detach", "--name", "plain", *SLEEP)
    found = facts(own.host, ContainerPrivileges(container="plain"))
    assert (found["no_new_privileges"], found["declared_no_new_privileges"]) == (True, None)
    inspected = json.loads(run_docker(own.host, "inspect", "plain"))
    assert inspected[0]["HostConfig"]["SecurityOpt"] is None


def test_a_user_opens_the_first_ports_without_any_capability(engine: DisposableEngine) -> None:
    words = ("--cap-drop", "ALL", "--user", "101", "busybox", "httpd", "-f", "-p", "80")
    run(engine, "--name", "own-network", *words)
    time.sleep(0.5)
    assert (
        run_docker(engine.host, "inspect", "--format", "{{.State.Running}}", "own-network").strip() == "true"
    )
