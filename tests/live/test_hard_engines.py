"""Engines in trouble: what can be seen is graded, what cannot is unknown, and nobody waits for ever."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dckgrade.prove.engines.private import PrivateEngine
from tests.support.cli_runner import dckgrade_process

pytestmark = pytest.mark.engine

# The container's init may neither report to the engine nor end: its start never returns (measured on 20.10).
NEVER_STARTS = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["write", "exit_group"], "action": "SCMP_ACT_ERRNO"}],
}


def docker(engine: PrivateEngine, *arguments: str) -> None:
    subprocess.run(["docker", "--host", engine.host, *arguments], check=True, capture_output=True)


def test_one_container_stuck_at_its_start_does_not_keep_the_others_from_being_graded(
    own_engine: PrivateEngine, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(NEVER_STARTS))
    docker(own_engine, "run", "-d", "--name", "webservers", "nginx")
    command = ["docker", "--host", own_engine.host, "run", "-d", "--name", "dbserver"]
    with subprocess.Popen([*command, f"--security-opt=seccomp={profile}", "postgres"]) as starting:
        time.sleep(3)
        start = time.monotonic()
        with own_engine.enter_network():
            done = dckgrade_process("tp5", "-f", "json", "--host", own_engine.host)
        took = time.monotonic() - start
        assert starting.poll() is None, "the container has started after all"
        own_engine.stop()

    verdicts = {check["id"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}
    assert verdicts["webservers-running"] == "passed"
    assert verdicts["webservers-serves"] == "passed"
    assert verdicts["webservers-stats"] == "passed"
    assert verdicts["dbserver-running"] == "unknown"
    assert verdicts["dbserver-accepts"] == "unknown"
    reasons = {check["id"]: check["reason"] for check in json.loads(done.stdout)["checks"]}
    assert reasons["dbserver-running"] == {"code": "stuck", "detail": "dbserver"}
    assert done.returncode == 3
    assert took < 12


def test_an_engine_that_has_stopped_fails_nobody(own_engine: PrivateEngine) -> None:
    host = own_engine.host
    own_engine.stop()

    done = dckgrade_process("tp5", "-f", "json", "--host", host)

    assert done.returncode == 3
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}


def test_an_engine_that_hangs_in_the_middle_is_unknown_and_in_time(own_engine: PrivateEngine) -> None:
    docker(own_engine, "run", "-d", "--name", "webservers", "nginx")
    (dockerd,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and is_daemon_of(own_engine, entry)
    ]
    os.kill(dockerd, signal.SIGSTOP)
    try:
        start = time.monotonic()
        done = dckgrade_process("tp5", "-f", "json", "--host", own_engine.host)
        took = time.monotonic() - start
    finally:
        os.kill(dockerd, signal.SIGCONT)

    assert done.returncode == 3
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}
    assert took < 8


def is_daemon_of(engine: PrivateEngine, process: Path) -> bool:
    """Say whether *process* is the dockerd that listens where *engine* does."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    folder = engine.host.removeprefix("unix://").rsplit("/", 1)[0].encode()
    return words[0].rsplit(b"/", 1)[-1] == b"dockerd" and any(folder in word for word in words)
