"""A real engine with real containers in; the answers that probes build on out, and nothing changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.answers import Address, NoAnswer, NotThere
from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.deadline import call_all_within
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.prove.engines.private import PrivateEngine
from tests.conftest import need_private_engines
from tests.support.borrowed_image import archive, client_of, serve, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    need_private_engines()
    with PrivateEngine() as started:
        started.load(archive(tmp_path_factory.mktemp("image")))
        serve(started, "web")
        with client_of(started) as client:
            command = ["sh", "-c", "echo to-out; echo PASSWORD=c4n4ry >&2; exit 3"]
            borrowed = {"/usr": {"bind": "/usr", "mode": "ro"}}
            for name, tty in (("said", False), ("said-tty", True)):
                client.containers.run(
                    "borrowed", command, name=name, tty=tty, volumes=borrowed, detach=True
                ).wait()
            client.containers.create("borrowed", ["true"], name="created", volumes=borrowed)
            client.containers.run(
                "borrowed", command, name="mute", volumes=borrowed, detach=True, log_config={"Type": "none"}
            ).wait()
        yield started


@pytest.fixture
def daemon(engine: PrivateEngine) -> Iterator[ConnectedEngine]:
    with connect_engine(resolve_endpoint(engine.host, None, {}, Path.home())) as connected:
        yield connected


def test_the_engine_is_named_with_its_version(daemon: ConnectedEngine, engine: PrivateEngine) -> None:
    with client_of(engine) as client:
        version = client.version()
    assert daemon.engine.version == version["Version"]
    assert daemon.engine.api == version["ApiVersion"]
    assert not daemon.engine.rootless


def test_containers_are_listed_stopped_ones_too(daemon: ConnectedEngine) -> None:
    states = {listed["Names"][0]: listed["State"] for listed in daemon.take_snapshot().list_containers()}
    assert states == {
        "/web": "running", "/said": "exited", "/said-tty": "exited", "/created": "created", "/mute": "exited"
    }  # fmt: skip


def test_a_container_is_inspected_by_name_and_by_id(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    web = look.inspect_container("web")
    assert web["State"]["Running"]
    assert look.inspect_container(web["Id"])["Name"] == "/web"
    assert look.inspect_container("said")["State"]["ExitCode"] == 3


def test_an_image_is_inspected_by_tag_and_by_id(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    image = look.inspect_image("borrowed:latest")
    assert look.inspect_image(image["Id"])["RepoTags"] == ["borrowed:latest"]


def test_what_does_not_exist_is_not_there(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    for ask in (look.inspect_container, look.inspect_image, look.sample_stats):
        with pytest.raises(NotThere):
            ask("no-such-name")
    with pytest.raises(NotThere):
        look.read_log_tail("no-such-name", tty=False)


def test_logs_are_read_with_and_without_a_terminal_and_masked(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    assert sorted(look.read_log_tail("said", tty=False).splitlines()) == ["PASSWORD=***", "to-out"]
    assert look.read_log_tail("said-tty", tty=True).splitlines() == ["to-out", "PASSWORD=***"]


def test_a_driver_that_keeps_nothing_has_an_empty_log(daemon: ConnectedEngine) -> None:
    assert daemon.take_snapshot().read_log_tail("mute", tty=False) == ""


def test_stats_of_a_running_container_hold_its_memory(daemon: ConnectedEngine) -> None:
    sample = daemon.take_snapshot().sample_stats("web")
    assert sample["memory_stats"]["usage"] > 0
    assert sample["read"] > "2020"


def test_a_running_container_serves_at_the_addresses_that_are_told(
    daemon: ConnectedEngine, engine: PrivateEngine
) -> None:
    look = daemon.take_snapshot()
    published, own = look.find_addresses(look.inspect_container("web"), 80)
    assert published == Address("127.0.0.1", 8080, "published")
    assert own.via == "own"
    with engine.enter_network():
        until(lambda: serves(daemon, own), "the server listens")
        for address in (published, own):
            answered = look.request_http(address, "/")
            assert answered.status == 200
            assert answered.headers["server"].startswith("SimpleHTTP")
        with pytest.raises(NoAnswer, match="refused"):
            look.request_http(Address(own.host, 81, "own"), "/")
        assert look.exchange_bytes(own, b"GET / HTTP/1.0\r\n\r\n", 8) == b"HTTP/1.0"


def serves(daemon: ConnectedEngine, address: Address) -> bool:
    try:
        return daemon.take_snapshot().request_http(address, "/").status == 200
    except NoAnswer:
        return False


def test_a_stopped_container_has_no_address(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    assert look.find_addresses(look.inspect_container("said"), 80) == ()


def test_the_engines_clock_is_near_the_start_of_what_runs(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    assert look.now().isoformat() > look.inspect_container("web")["State"]["StartedAt"]


def test_looking_changes_nothing(daemon: ConnectedEngine) -> None:
    look = daemon.take_snapshot()
    names = [listed["Id"] for listed in look.list_containers()]
    seen = [state(daemon, name) for name in names]
    call_all_within({name: lambda name=name: look.sample_stats(name) for name in names}, 10)  # type: ignore[misc]
    for name in ("web", "said", "mute"):
        look.read_log_tail(name, tty=False)
    assert [state(daemon, name) for name in names] == seen


def state(daemon: ConnectedEngine, name: str) -> dict[str, Any]:
    """Sort what the engine lists in another order each time."""
    seen = daemon.take_snapshot().inspect_container(name)
    return {**seen, "Mounts": sorted(seen["Mounts"], key=lambda mount: mount["Destination"])}
