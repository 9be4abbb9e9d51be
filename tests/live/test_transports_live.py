"""Real engines of two versions: over both transports they give equal answers and equal refusals."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from docker import APIClient
from docker.types import LogConfig

from dckgrade.engine import resources
from dckgrade.engine.answers import ApiAnswer, OutOfReach
from dckgrade.engine.api_version import OLDEST_SUPPORTED
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.docker_transport import DockerTransport
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.resources import Resource
from dckgrade.engine.responses import decode_response
from dckgrade.engine.unix_transport import UnixTransport
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.engines.settings import EngineSetting, create_engine
from images import build
from tests.conftest import FIXTURES, need_private_engines

pytestmark = pytest.mark.engine

Transport = UnixTransport | DockerTransport
Asked = tuple[Resource[Any], tuple[str, ...], Mapping[str, str]]

# What is the same each time it is asked for: of a container that has ended.
STEADY: Mapping[str, Asked] = {
    "ping": (resources.PING, (), {}),
    "container": (resources.CONTAINER, ("said",), {}),
    "no container": (resources.CONTAINER, ("no-such-name",), {}),
    "a container's odd name": (resources.CONTAINER, ("é?#%2F ü",), {}),
    "image": (resources.IMAGE, ("busybox:latest",), {}),
    "no image": (resources.IMAGE, ("a/b:c",), {}),
    "images": (resources.IMAGES, (), {}),
    "volume": (resources.VOLUME, ("kept",), {}),
    "no volume": (resources.VOLUME, ("no-such-name",), {}),
    "file": (resources.ARCHIVE, ("said",), {"path": "/etc/hostname"}),
    "no file": (resources.ARCHIVE, ("said",), {"path": "/no such/file & more=é"}),
    "log": (resources.LOG, ("said",), {}),
    "output": (resources.OUTPUT, ("said",), {}),
    "log of a terminal": (resources.LOG, ("said-tty",), {}),
    "no log is kept": (resources.LOG, ("mute",), {}),
    "processes of what has ended": (resources.TOP, ("said",), {"ps_args": "-eo pid,comm"}),
    "nodes without a swarm": (resources.NODES, (), {}),
    "no command": (resources.EXEC, ("no-such-id",), {}),
    "past events": (resources.EVENTS, (), {"since": "1", "until": "2"}),
}
# What changes with time, or in its order: the same keys.
CHANGING: Mapping[str, Asked] = {
    "engine": (resources.INFO, (), {}),
    "containers": (resources.CONTAINERS, (), {}),
    "volumes": (resources.VOLUMES, (), {}),
    "stats": (resources.STATS, ("runs",), {}),
    "processes": (resources.TOP, ("runs",), {"ps_args": "-eo pid,comm"}),
    "stats of what has ended": (resources.STATS, ("said",), {}),
}


@pytest.fixture(scope="module", params=["installed", "trixie"])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    need_private_engines()
    with create_engine(EngineSetting(release=RELEASES[request.param]), FIXTURES) as engine:
        build.load(engine.host, ["busybox"])
        with closing(APIClient(engine.host, version="auto")) as client:
            client.create_volume("kept")
            start_container(client, "said", "echo to-out; echo to-err >&2; exit 3")
            start_container(client, "said-tty", "echo to-out; echo to-err >&2", tty=True)
            start_container(client, "mute", "echo to-out", log="none")
            start_container(client, "runs", "exec sleep 600")
            for name in ("said", "said-tty", "mute"):
                client.wait(name, timeout=60)
        yield engine.host


def start_container(client: APIClient, name: str, script: str, *, tty: bool = False, log: str = "") -> None:
    settings = client.create_host_config(log_config=LogConfig(type=log or "json-file"))
    client.create_container("busybox", ["sh", "-c", script], name=name, tty=tty, host_config=settings)
    client.start(name)


@pytest.fixture
def transports(host: str) -> Iterator[list[Transport]]:
    unix = UnixTransport(host.removeprefix("unix://"))
    by_docker_py = DockerTransport(Endpoint(host, "--host"), OLDEST_SUPPORTED, set())
    with closing(unix), closing(by_docker_py):
        yield [unix, by_docker_py]


def ask(transport: Transport, asked: Asked, api: str) -> ApiAnswer:
    resource, refs, query = asked
    return transport.request(
        f"/v{api}{resource.build_path(*refs)}",
        {**resource.query, **query},
        max_bytes=resource.max_bytes,
        timeout_s=20,
    )


def get_api_version(host: str) -> str:
    with connect_engine(Endpoint(host, "--host")) as connected:
        return str(connected.engine.api)


def forget_date(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "date"}


@pytest.mark.parametrize("what", STEADY)
def test_what_does_not_change_is_answered_alike(what: str, host: str, transports: list[Transport]) -> None:
    api = get_api_version(host)
    # Twice: the second answer comes over a connection that was kept.
    first, second = ([ask(transport, STEADY[what], api) for _ in range(2)] for transport in transports)
    for ours, theirs in zip(first, second, strict=True):
        assert ours.status == theirs.status
        assert forget_date(ours.headers) == forget_date(theirs.headers)
        assert ours.body == theirs.body


@pytest.mark.parametrize("what", CHANGING)
def test_what_changes_has_the_same_form(what: str, host: str, transports: list[Transport]) -> None:
    api = get_api_version(host)
    first, second = (ask(transport, CHANGING[what], api) for transport in transports)
    assert first.status == second.status
    assert first.headers.keys() == second.headers.keys()
    assert describe_form(decode_response(first.body)) == describe_form(decode_response(second.body))


def describe_form(content: Any) -> Any:
    """Return the keys of the outer two levels, with the number of entries of a list."""
    if isinstance(content, list):
        return len(content), sorted({key for entry in content if isinstance(entry, dict) for key in entry})
    return {
        key: sorted(value) if isinstance(value, dict) else type(value).__name__
        for key, value in content.items()
    }


def test_an_answer_over_the_limit_is_refused_alike(transports: list[Transport]) -> None:
    errors = []
    for transport in transports:
        with pytest.raises(OutOfReach) as caught:
            transport.request("/v1.41/info", {}, max_bytes=100, timeout_s=20)
        errors.append((caught.value.why, caught.value.detail))
    assert errors[0] == errors[1]


def test_what_waits_for_its_end_is_late_alike(transports: list[Transport]) -> None:
    errors = []
    for transport in transports:
        with pytest.raises(OutOfReach) as caught:
            transport.request("/v1.41/events", {}, max_bytes=100, timeout_s=0.5)
        errors.append((caught.value.why, caught.value.detail))
    assert errors[0] == errors[1]


def test_an_event_comes_alike(host: str, transports: list[Transport]) -> None:
    events = []
    streams = [transport.stream_lines("/v1.41/events", {}) for transport in transports]
    assert [next(stream) for stream in streams] == [b"", b""]
    with closing(APIClient(host, version="auto")) as client:
        client.create_volume("told")
        client.remove_volume("told")
    for stream in streams:
        events.append([next(stream) for _ in range(2)])
        stream.close()  # type: ignore[attr-defined]
    assert events[0] == events[1]
