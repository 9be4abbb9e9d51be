"""Which `daemon.json` an engine reads, by what it says of itself (documented: Docker's manuals)."""

import http.client
import os
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine import daemon_files
from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.connection_errors import explain_connection_error
from dckgrade.engine.daemon_files import (
    SNAP_CONFIG,
    SYSTEM_CONFIG,
    find_daemon_files,
    find_last_words,
    locate_config,
)
from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.engine.endpoint import Endpoint, EngineDownError
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.unavailable import UnavailableEngine
from dckgrade.report.observation import UnobservableReason

USUAL = Endpoint("unix:///var/run/docker.sock", "default")
HOME = {"HOME": "/home/eve"}
ROOTLESS, DESKTOP = Path("/home/eve/.config/docker/daemon.json"), Path("/home/eve/.docker/daemon.json")


@pytest.mark.parametrize(
    ("endpoint", "info", "path"),
    [
        (USUAL, {"DockerRootDir": "/var/lib/docker"}, SYSTEM_CONFIG),
        (
            USUAL,
            {"DockerRootDir": "/srv/docker", "SecurityOptions": ["name=seccomp,profile=default"]},
            SYSTEM_CONFIG,
        ),
        (USUAL, {"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, SNAP_CONFIG),
        (
            Endpoint("unix:///run/user/1000/docker.sock", "x"),
            {"SecurityOptions": ["name=rootless"]},
            ROOTLESS,
        ),
        (
            Endpoint("unix:///home/eve/.docker/desktop/docker.sock", "x"),
            {"OperatingSystem": "Docker Desktop"},
            DESKTOP,
        ),
        # Under WSL 2 the file is on the Windows side.
        (
            USUAL,
            {"OperatingSystem": "Docker Desktop", "KernelVersion": "5.15.153.1-microsoft-standard-WSL2"},
            None,
        ),
        (USUAL, {"BuildahVersion": "1.33"}, None),
        (
            Endpoint("unix:///home/eve/.colima/default/docker.sock", "x"),
            {"DockerRootDir": "/var/lib/docker"},
            None,
        ),
        (Endpoint("tcp://10.0.0.1:2376", "x"), {"DockerRootDir": "/var/lib/docker"}, None),
        (
            Endpoint("unix:///tmp/e.sock", "x", is_forwarded=True),
            {"SecurityOptions": ["name=rootless"]},
            None,
        ),
        (Endpoint("unix:///run/user/1000/docker.sock", "x"), None, ROOTLESS),
        (Endpoint("unix:///home/eve/.docker/desktop/docker.sock", "x"), None, DESKTOP),
        (Endpoint("unix:///tmp/e.sock", "x"), None, None),
        (Endpoint("tcp://10.0.0.1:2376", "x"), None, None),
    ],
)
def test_the_file_is_told_by_what_the_engine_says_else_by_its_socket(
    endpoint: Endpoint, info: dict[str, Any] | None, path: Path | None
) -> None:
    assert locate_config(endpoint, info, HOME) == path


def test_a_silent_engine_s_file_is_told_only_if_one_engine_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, snap = tmp_path / "etc" / "daemon.json", tmp_path / "snap" / "daemon.json"
    monkeypatch.setattr(daemon_files, "SYSTEM_CONFIG", system)
    monkeypatch.setattr(daemon_files, "SNAP_CONFIG", snap)
    assert locate_config(USUAL, None, HOME) is None
    snap.parent.mkdir()
    assert locate_config(USUAL, None, HOME) == snap
    system.parent.mkdir()
    assert locate_config(USUAL, None, HOME) is None
    snap.parent.rmdir()
    assert locate_config(USUAL, None, HOME) == system


def make_rootless_home(tmp_path: Path) -> tuple[Endpoint, dict[str, str], Path]:
    """Make a home with the folder of a rootless engine's configuration."""
    path = tmp_path / ".config" / "docker" / "daemon.json"
    path.parent.mkdir(parents=True)
    return Endpoint("unix:///run/user/1000/docker.sock", "x"), {"HOME": str(tmp_path)}, path


def test_a_file_is_read_and_shown_without_the_trainee_s_name(tmp_path: Path) -> None:
    endpoint, environment, path = make_rootless_home(tmp_path)
    path.write_bytes(b"{}")
    seen = find_daemon_files(endpoint, None, environment, None)
    assert (seen.path, seen.content) == ("~/.config/docker/daemon.json", b"{}")
    assert seen.changed_at == pytest.approx(path.stat().st_mtime)


def test_a_file_that_is_not_there_is_told_with_its_place_and_the_others(tmp_path: Path) -> None:
    endpoint, environment, _ = make_rootless_home(tmp_path)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "daemon.json").write_bytes(b"[]")
    seen = find_daemon_files(endpoint, None, environment, None)
    assert (seen.path, seen.content) == ("~/.config/docker/daemon.json", None)
    assert seen.others["~/.docker/daemon.json"] == b"[]"


def test_a_file_that_may_not_be_read_is_out_of_reach_and_never_absent(tmp_path: Path) -> None:
    endpoint, environment, path = make_rootless_home(tmp_path)
    path.mkdir()
    with pytest.raises(OutOfReach) as caught:
        find_daemon_files(endpoint, None, environment, None)
    assert caught.value.why is UnobservableReason.UNREADABLE


def test_an_engine_elsewhere_has_no_file_here() -> None:
    with pytest.raises(NotThere):
        find_daemon_files(Endpoint("tcp://10.0.0.1:2376", "x"), {}, HOME, None)


def make_own_dockerd(tmp_path: Path, log: str) -> OwnDockerd:
    """Make the files of a dockerd of our own."""
    (tmp_path / "daemon.json").write_text("{}")
    (tmp_path / "dockerd.log").write_text(log)
    return OwnDockerd(tmp_path / "daemon.json", tmp_path / "dockerd.log")


WITH = "unable to configure the Docker daemon with file /etc/docker/daemon.json: "


@pytest.mark.parametrize(
    ("log", "last_words"),
    [
        (WITH + "unexpected EOF\n", "unexpected EOF"),
        (
            f"{WITH}EOF\nlevel=info\n{WITH}invalid character 'x' after object key\n",
            "invalid character 'x' after object key",
        ),
        (
            WITH + "the following directives are specified both as a flag and in the configuration file: "
            "hosts: (from flag: [unix:///tmp/x.sock], from file: [tcp://0.0.0.0])\n",
            "the following directives are specified both as a flag and in the configuration file: hosts",
        ),
        (
            "failed to start daemon: failed to set log opts: unknown log opt 'x' for json-file log driver\n",
            "failed to set log opts: unknown log opt 'x' for json-file log driver",
        ),
        ("failed to start daemon: pid file found\n", "failed to start daemon: pid file found"),
        ("unable to parse logging level: loud\n", "unable to parse logging level: loud"),
        (
            'level=fatal msg="Error starting cluster component: dial udp: network is unreachable"\n',
            "Error starting cluster component: dial udp: network is unreachable",
        ),
        ('time="2026-01-01T10:00:00Z" level=info msg="API listen on /var/run/docker.sock"\n', ""),
        ("", ""),
    ],
)
def test_dockerd_s_last_words_are_told(tmp_path: Path, log: str, last_words: str) -> None:
    assert find_last_words(USUAL, 0.0, HOME, make_own_dockerd(tmp_path, log)) == last_words


def test_words_that_are_older_than_the_file_are_not_told(tmp_path: Path) -> None:
    ours = make_own_dockerd(tmp_path, WITH + "EOF\n")
    assert find_last_words(USUAL, ours.log_path.stat().st_mtime + 1, HOME, ours) == ""


def test_a_secret_in_the_words_is_masked_and_their_length_bounded(tmp_path: Path) -> None:
    ours = make_own_dockerd(tmp_path, WITH + "proxy http://eve:hunter2@proxy.example " + "x" * 10_000)
    last_words = find_last_words(USUAL, 0.0, HOME, ours)
    assert "hunter2" not in last_words
    assert len(last_words) <= 300


def test_the_journal_is_asked_for_what_came_after_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`journalctl` is a stand-in here: no test machine runs systemd."""
    program = tmp_path / "journalctl"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho "{WITH}EOF"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find_last_words(USUAL, 1234.5, HOME, None) == "EOF"
    assert "--unit docker.service --since @1234 " in (tmp_path / "asked").read_text()
    rootless_engine = Endpoint("unix:///run/user/1000/docker.sock", "x")
    assert find_last_words(rootless_engine, 1234.5, HOME, None) == "EOF"
    assert "--user-unit docker.service" in (tmp_path / "asked").read_text()


def test_a_machine_without_a_journal_has_no_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_last_words(USUAL, 0.0, HOME, None) == ""


@pytest.mark.parametrize(
    ("url", "cause", "down"),
    [
        ("unix:///x.sock", FileNotFoundError(), True),
        ("unix:///x.sock", ConnectionRefusedError(), True),
        # systemd holds the socket, and hangs up when dockerd does not start.
        ("unix:///x.sock", http.client.RemoteDisconnected("closed"), True),
        ("unix:///x.sock", PermissionError(), False),
        ("unix:///x.sock", OutOfReach(UnobservableReason.DEADLINE), False),
        ("tcp://10.0.0.1:2375", ConnectionRefusedError(), False),
    ],
)
def test_an_engine_is_down_only_if_nobody_serves_at_a_socket_here(
    url: str,
    cause: Exception,
    down: bool,  # noqa: FBT001
) -> None:
    trouble = explain_connection_error(Endpoint(url, "x"), [cause], [], 5.0)
    assert isinstance(trouble, EngineDownError) is down


def test_no_question_to_a_silent_engine_is_answered() -> None:
    look = UnavailableEngine(USUAL, "connection refused").take_snapshot(RunOptions())
    for ask in (
        look.list_containers,
        look.inspect_engine,
        look.list_images,
        lambda: look.inspect_container("web"),
    ):
        with pytest.raises(OutOfReach) as caught:
            ask()
        assert (caught.value.why, caught.value.detail) == (
            UnobservableReason.ENGINE_OUT_OF_REACH,
            "connection refused",
        )
