"""Real private engines in, the promises of `PrivateEngine` out."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from dckgrade.prove.engines import dockerd_process as module
from dckgrade.prove.engines.private import PrivateEngine, PrivateEngineFailed
from tests.conftest import need_private_engines
from tests.support.borrowed_image import archive, client_of, serve, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session", autouse=True)
def _an_engine_can_be_started() -> None:
    need_private_engines()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with PrivateEngine() as started:
        started.load(archive(tmp_path_factory.mktemp("image")))
        yield started


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return archive(tmp_path)


def test_an_engine_starts_within_seconds_and_answers() -> None:
    begun = time.monotonic()
    with PrivateEngine() as engine, client_of(engine) as client:
        assert client.ping()
        assert time.monotonic() - begun < 10
        assert len(engine.host.removeprefix("unix://")) < 100


def test_starting_and_stopping_twice_is_harmless() -> None:
    engine = PrivateEngine()
    engine.start()
    host = engine.host
    engine.start()
    assert engine.host == host
    engine.stop()
    engine.stop()
    assert not Path(host.removeprefix("unix://")).exists()


def test_a_stopped_engine_says_that_it_does_not_run() -> None:
    with pytest.raises(PrivateEngineFailed, match=r"not running.*start\(\)"):
        PrivateEngine().empty()


def test_the_machine_keeps_its_interfaces_and_its_packet_filter() -> None:
    before = _interfaces(), _rules()
    with PrivateEngine() as engine:
        during = _interfaces(), _rules()
        with engine.enter_network():
            assert "docker0" in _interfaces()
            assert "DOCKER" in _rules()
    assert during == before == (_interfaces(), _rules())


def test_two_engines_live_side_by_side(image: Path) -> None:
    with PrivateEngine() as first, PrivateEngine() as other:
        for engine in (first, other):
            engine.load(image)
            serve(engine, "same-name")
        assert first.host != other.host
        first.empty()
        assert _names(first) == []
        assert _names(other) == ["same-name"]


def test_a_pull_fails_at_once(engine: PrivateEngine) -> None:
    begun = time.monotonic()
    with client_of(engine) as client, pytest.raises(docker.errors.APIError):
        client.images.pull("nginx", tag="latest")
    assert time.monotonic() - begun < 5


def test_a_container_address_answers_inside_the_network(engine: PrivateEngine) -> None:
    address = serve(engine, "reached")
    home = _here()
    with engine.enter_network():
        assert _here() != home
        until(lambda: _answers(address), "the container's address answers")
        assert _answers(("127.0.0.1", 8080)), "the published port answers too"
    assert _here() == home
    engine.empty()


def test_the_way_back_is_taken_after_an_error_too(engine: PrivateEngine) -> None:
    home = _here()
    with pytest.raises(ZeroDivisionError), engine.enter_network():
        _ = 1 / 0
    assert _here() == home


def test_other_threads_stay_outside(engine: PrivateEngine) -> None:
    seen: list[str] = []
    inside, done = threading.Event(), threading.Event()

    def look() -> None:
        inside.wait(10)
        seen.append(_here())
        done.set()

    home = _here()
    thread = threading.Thread(target=look)
    thread.start()
    with engine.enter_network():
        inside.set()
        done.wait(10)
    thread.join()
    assert seen == [home]


def test_emptying_leaves_the_images_only(engine: PrivateEngine) -> None:
    with client_of(engine) as client:
        client.networks.create("lab")
        client.volumes.create("kept")
        serve(engine, "still-running")
        client.containers.create("borrowed", ["true"], volumes=["/anonymous"])
        engine.empty()
        assert client.containers.list(all=True) == []
        assert client.volumes.list() == []
        assert {network.name for network in client.networks.list()} == {"bridge", "host", "none"}
        assert client.images.list() != []


def test_a_refused_archive_is_named(engine: PrivateEngine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"no archive at all")
    with pytest.raises(PrivateEngineFailed, match=r"/images/load|broken\.tar"):
        engine.load(broken)


@pytest.mark.parametrize("starter", ["main thread", "thread that ends"])
def test_the_engine_outlives_the_thread_that_started_it(starter: str) -> None:
    engine = PrivateEngine()
    if starter == "main thread":
        engine.start()
    else:
        thread = threading.Thread(target=engine.start)
        thread.start()
        thread.join()
    time.sleep(0.5)
    with client_of(engine) as client:
        assert client.ping()
    engine.stop()


def test_a_daemon_that_dies_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = module.build_dockerd_command
    monkeypatch.setattr(module, "build_dockerd_command", lambda *parts: [*wanted(*parts), "--no-such-option"])
    engine = PrivateEngine()
    with pytest.raises(PrivateEngineFailed, match="no-such-option"):
        engine.start()
    assert engine.host == ""


def test_an_engine_starts_where_a_killed_one_left_an_id_that_lives_again() -> None:
    with PrivateEngine() as engine:
        left = engine.dockerd.daemon_json_path.with_name("exec") / "containerd" / "containerd.pid"
        with engine.enter_network():
            (dockerd,) = _find_processes_here("dockerd")
        os.kill(dockerd, signal.SIGKILL)
        # The next dockerd is this process in its namespace, as one of its threads is containerd's by chance.
        left.write_text("1")
        assert engine.restart(b"{}")


def test_containerd_listens_where_a_service_of_its_own_does(engine: PrivateEngine) -> None:
    with engine.enter_network():
        (dockerd,) = _find_processes_here("dockerd")
    assert Path(f"/proc/{dockerd}/root/run/containerd/containerd.sock").is_socket()


def _find_processes_here(name: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # Ended meanwhile.
            namespace = str((folder / "ns" / "net").readlink())
            if (folder / "comm").read_text().strip() == name and namespace == _here():
                found.append(int(folder.name))
    return found


def _names(engine: PrivateEngine) -> list[str]:
    with client_of(engine) as client:
        return [container.name for container in client.containers.list()]


def _answers(address: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=0.5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return connection.recv(4) == b"HTTP"
    return False


def _here() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


def _interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def _rules() -> str:
    argv = ["iptables-save"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    return "\n".join(line.split(" [")[0] for line in lines if not line.startswith("#"))
