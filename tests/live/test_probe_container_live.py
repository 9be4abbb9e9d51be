"""Containers of our own on a real engine: what they can do, what leaves for them, and that none stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.probe_container import make_marker
from dckgrade.engine.probe_container_form import PROBE_LABEL, PROBE_NAME_PREFIX
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import UnobservableReason
from tests.conftest import need
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine


@pytest.fixture
def client(engine: DisposableEngine) -> Iterator[docker.APIClient]:
    engine.empty()
    made = docker.APIClient(engine.host)
    yield made
    made.close()
    engine.empty()


def connected(host: str) -> ConnectedEngine:
    return connect_engine(resolve_endpoint(host, None, {}, Path("/nonexistent")))


def image(client: docker.APIClient) -> str:
    return str(client.inspect_image("busybox")["Id"])  # type: ignore[no-untyped-call]


def there(client: docker.APIClient) -> list[Any]:
    return list(client.containers(all=True))


def test_what_a_new_container_would_be_takes_four_requests_and_leaves_nothing(
    engine: DisposableEngine, client: docker.APIClient, tmp_path: Path
) -> None:
    if not engine.host.startswith("unix://"):
        need("the proxy of this test speaks to unix sockets only", "such engine")
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy, connected(proxy.host) as daemon:
        look = daemon.take_snapshot()
        shown = look.inspect_started_container(image(client))
        assert look.inspect_started_container(image(client)) == shown
    assert shown["HostConfig"]["LogConfig"]["Type"] == "json-file"
    ref = shown["Id"]
    assert [f"{request.method} {request.path}" for request in proxy.requests if request.path != "/_ping"] == [
        "GET /containers/json",
        "POST /containers/create",
        f"POST /containers/{ref}/start",
        f"GET /containers/{ref}/json",
        f"DELETE /containers/{ref}",
    ]
    assert there(client) == []


def test_what_speaks_is_capped_hidden_from_the_grade_and_gone_when_the_run_ends(
    engine: DisposableEngine, client: docker.APIClient
) -> None:
    words = make_marker()
    with connected(engine.host) as daemon:
        ref = daemon.take_snapshot().start_marker_container(image(client), words, None)
        assert daemon.take_snapshot().list_containers() == []
        (entry,) = there(client)
        assert PROBE_LABEL in entry["Labels"]
        assert entry["Names"][0].startswith(f"/{PROBE_NAME_PREFIX}")
        host = client.inspect_container(ref)["HostConfig"]
        assert (host["NetworkMode"], host["CapDrop"], host["ReadonlyRootfs"]) == ("none", ["ALL"], True)
        assert (host["Memory"], host["PidsLimit"], host["Privileged"]) == (32 * 1024 * 1024, 32, False)
        until = time.monotonic() + 10
        while words.encode() not in client.logs(ref):
            assert time.monotonic() < until, client.logs(ref)
            time.sleep(0.1)
        daemon.end_run(10)
        assert there(client) == []
        daemon.take_snapshot().start_marker_container(image(client), words, None)
    assert there(client) == []


def test_a_log_driver_that_cannot_work_is_told_in_the_engine_s_words(
    engine: DisposableEngine, client: docker.APIClient
) -> None:
    log = {"Type": "gelf", "Config": {"gelf-address": "udp://no-such-host.invalid:12201"}}
    with connected(engine.host) as daemon, pytest.raises(OutOfReach) as caught:
        daemon.take_snapshot().start_marker_container(image(client), make_marker(), log)
    assert caught.value.why is UnobservableReason.ENGINE_ERROR
    assert "logging driver" in caught.value.detail
    assert there(client) == []


KILLED = """
import sys, time
from pathlib import Path
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.probe_container import make_marker
engine = connect_engine(resolve_endpoint(sys.argv[1], None, {}, Path("/nonexistent")))
engine.take_snapshot().start_marker_container(sys.argv[2], make_marker(), None)
print("speaking", flush=True)
time.sleep(60)
"""


def test_what_a_killed_run_has_left_is_swept_by_the_next_and_nothing_else_is(
    engine: DisposableEngine, client: docker.APIClient
) -> None:
    labelled = client.create_container("busybox", ["true"], name="web", labels={PROBE_LABEL: "1@x"})["Id"]
    named = client.create_container("busybox", ["true"], name=f"{PROBE_NAME_PREFIX}theirs")["Id"]
    argv = [sys.executable, "-c", KILLED, engine.host, image(client)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stdout.readline() == b"speaking\n"
        with connected(engine.host) as daemon:
            daemon.take_snapshot().inspect_started_container(image(client))
        assert len(there(client)) == 3, "of a run that goes on nothing is swept"
        os.kill(run.pid, signal.SIGKILL)
    with connected(engine.host) as daemon:
        daemon.take_snapshot().inspect_started_container(image(client))
    assert {container["Id"] for container in there(client)} == {labelled, named}
