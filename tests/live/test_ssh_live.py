"""Engines behind a real sshd: reached, graded as if here, each failure said plainly, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dckgrade.prove import images, live
from dckgrade.prove.case import list_cases, read_proof_settings
from dckgrade.prove.live import DisposableEngine
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.cli_runner import dckgrade_process
from tests.support.real_sshd import Sshd, free_port, need_ssh
from tests.support.solved_tp5 import solve_tp5

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def tp5(engine: DisposableEngine) -> Iterator[str]:
    """Give the socket of an engine on which TP5 is solved."""
    need_ssh()
    solve_tp5(engine)
    yield engine.host.removeprefix("unix://")
    engine.empty()


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    need_ssh()
    with Sshd(tmp_path / "sshd") as daemon:
        yield daemon
        assert daemon.left_behind() == []


def test_tp5_is_graded_behind_ssh_as_it_is_here(tp5: str, sshd: Sshd) -> None:
    done = dckgrade_process("tp5", "--host", f"{sshd.host}{tp5}", "-f", "json", environ=sshd.environ)
    report = json.loads(done.stdout)
    assert (done.returncode, report["score"]["earned"], report["score"]["undecided"]) == (0, 10, 0), (
        done.stderr
    )
    assert report["engine"]["endpoint"] == f"{sshd.host}{tp5}"


def test_where_sockets_are_not_forwarded_dial_stdio_carries_it(tp5: str, tmp_path: Path) -> None:
    with Sshd(tmp_path / "strict", "AllowStreamLocalForwarding no", "AllowTcpForwarding no") as strict:
        done = dckgrade_process("tp5", "--host", f"{strict.host}{tp5}", "-f", "json", environ=strict.environ)
        assert (done.returncode, json.loads(done.stdout)["score"]["earned"]) == (0, 10), done.stderr
        assert strict.left_behind() == []


def test_an_engine_at_home_elsewhere_is_found_by_the_docker_over_there(tp5: str, tmp_path: Path) -> None:
    rootless = f'ForceCommand DOCKER_HOST=unix://{tp5} sh -c "$SSH_ORIGINAL_COMMAND"'
    with Sshd(tmp_path / "rootless", rootless, "AllowStreamLocalForwarding no") as server:
        done = dckgrade_process("tp5", "--host", server.host, "-f", "json", environ=server.environ)
        assert (done.returncode, json.loads(done.stdout)["score"]["earned"]) == (0, 10), done.stderr


def test_a_jump_host_of_the_user_s_configuration_is_taken(tp5: str, sshd: Sshd) -> None:
    there = f"  HostName 127.0.0.1\n  Port {sshd.port}\n  User root"
    sshd.configure(f"Host door\n{there}", f"Host poste-01\n{there}\n  ProxyJump door\n  RemoteCommand true")
    done = dckgrade_process("tp5", "--host", f"ssh://poste-01{tp5}", "-f", "json", environ=sshd.environ)
    assert (done.returncode, json.loads(done.stdout)["score"]["earned"]) == (0, 10), done.stderr


def refused(host: str, environ: Mapping[str, str], *more: str) -> str:
    begun = time.monotonic()
    done = dckgrade_process("tp5", "--host", host, "--lang", "en", "-f", "json", *more, environ=environ)
    assert done.returncode == 3
    assert time.monotonic() - begun < 20
    assert {check["verdict"] for check in json.loads(done.stdout)["checks"]} == {"unknown"}
    assert b"Traceback" not in done.stderr
    return done.stderr.decode()


def test_a_host_key_that_is_not_known_is_never_accepted(sshd: Sshd) -> None:
    (sshd.folder / "known").write_text("")
    sshd.configure("Host *\n  StrictHostKeyChecking no")
    message = refused(sshd.host, sshd.environ)
    assert "host key is not known" in message
    assert "comparing the fingerprint" in message
    assert (sshd.folder / "known").read_text() == ""


def test_a_host_key_that_changed_is_said(sshd: Sshd) -> None:
    other = (sshd.folder / "user.pub").read_text().split()[1]
    (sshd.folder / "known").write_text(f"[127.0.0.1]:{sshd.port} ssh-ed25519 {other}\n")
    assert "not the one that is known" in refused(sshd.host, sshd.environ)


def test_a_key_that_is_not_welcome_is_said_and_no_password_asked(sshd: Sshd) -> None:
    (sshd.folder / "authorized").write_text("")
    assert "permission denied" in refused(sshd.host, sshd.environ)


def test_a_machine_without_an_ssh_server_is_said(sshd: Sshd) -> None:
    assert "no ssh server listens" in refused(f"ssh://127.0.0.1:{free_port()}", sshd.environ)


def test_a_name_without_an_address_is_said(sshd: Sshd) -> None:
    assert "no known address" in refused("ssh://poste-01.invalid", sshd.environ)


def test_a_machine_without_docker_is_said(sshd: Sshd) -> None:
    sshd.folder.joinpath("authorized").write_text(
        'command="/bin/sh -c nosuchdocker" ' + (sshd.folder / "user.pub").read_text()
    )
    assert "there is no Docker" in refused(f"{sshd.host}/nowhere.sock", sshd.environ)


def test_an_engine_that_is_off_is_said(sshd: Sshd) -> None:
    assert "its engine is not running" in refused(f"{sshd.host}/nowhere.sock", sshd.environ)


def test_an_engine_that_is_off_is_said_where_docker_starts_slowly(tmp_path: Path) -> None:
    # Longer than a ping of the tunnel waits, as on a machine that thirty log in to at once.
    slow = 'ForceCommand sleep 4; sh -c "$SSH_ORIGINAL_COMMAND"'
    with Sshd(tmp_path / "slow", slow, "AllowStreamLocalForwarding no") as server:
        assert "its engine is not running" in refused(f"{server.host}/nowhere.sock", server.environ)


def test_a_user_outside_the_group_docker_is_said(tp5: str, tmp_path: Path) -> None:
    nobody = 'ForceCommand setpriv --reuid=65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"'
    with Sshd(tmp_path / "nobody", nobody, "AllowStreamLocalForwarding no") as server:
        assert "group docker" in refused(f"{server.host}{tp5}", server.environ)


def test_an_engine_that_hangs_behind_ssh_ends_in_time(sshd: Sshd, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        assert "did not answer within" in refused(f"{sshd.host}{tmp_path}/s", sshd.environ)


def test_a_server_that_hangs_before_its_login_ends_in_time(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = refused(f"ssh://127.0.0.1:{silent.getsockname()[1]}", sshd.environ)
        assert "did not" in message


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ending_it_early_leaves_nothing_behind(sshd: Sshd, tmp_path: Path, number: int) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        with subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "tp5", "--host", f"{sshd.host}{tmp_path}/s"],
            env={**os.environ, **sshd.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as run:
            until = time.monotonic() + 10
            while not list(sshd.tmp.glob("*/0.sock")) and time.monotonic() < until:
                time.sleep(0.05)
            assert sshd.left_behind()
            run.send_signal(number)
            _, stderr = run.communicate(timeout=10)
    assert run.returncode == 128 + number
    assert b"Traceback" not in stderr


@pytest.mark.timeout(240)
def test_tp6_is_graded_through_published_ports_and_grafana_s_password_never_goes_by_exec(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    need_ssh()
    (solution,) = [case for case in list_cases(FIXTURES, "tp6") if case.name == "solution"]
    images.load_images(engine.host, read_proof_settings(FIXTURES, "tp6").images, FIXTURES / "tp6")
    here = live.grade_case(load_built_in_lab("tp6"), solution, engine)
    # The machine behind ssh is the one on which the ports are published: the engine's own network.
    with engine.enter_network(), Sshd(tmp_path / "sshd") as server:
        where = f"{server.host}{engine.host.removeprefix('unix://')}"
        done = dckgrade_process("tp6", "--host", where, "-f", "json", environ=server.environ)
        assert server.left_behind() == []
    report = json.loads(done.stdout)
    verdicts = {check["id"]: check["verdict"] for check in report["checks"]}
    assert verdicts == {check.id: check.verdict for check in here.checks}, done.stderr
    seen = [
        observation["facts"]
        for observation in report["observations"].values()
        if observation["kind"] == "grafana"
    ]
    assert [facts["via"] for facts in seen] == ["published"]

    with Sshd(tmp_path / "closed", "AllowTcpForwarding no", "AllowStreamLocalForwarding yes") as server:
        where = f"{server.host}{engine.host.removeprefix('unix://')}"
        words = ("--grafana-password", "c4n4ry", "-f", "json")
        done = dckgrade_process("tp6", "--host", where, *words, environ=server.environ)
    report = json.loads(done.stdout)
    assert "failed" not in {check["verdict"] for check in report["checks"]}, done.stderr
    assert {check["verdict"] for check in report["checks"] if "dashboard" in check["id"]} == {"unknown"}
    assert "c4n4ry" not in done.stdout.decode() + done.stderr.decode()
    happened = subprocess.run(
        ["docker", "--host", engine.host, "events", "--since", "10m", "--until", "0s"],
        check=True, capture_output=True, text=True, timeout=20,
    ).stdout  # fmt: skip
    assert "exec_create: " in happened
    assert "c4n4ry" not in happened
