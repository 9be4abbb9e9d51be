"""A real engine with real containers in; the answers that probes build on out, and nothing changed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.api import Daemon
from dckgrade.engine.connection import connect
from dckgrade.engine.deadline import outcomes
from dckgrade.engine.endpoint import resolve
from dckgrade.engine.protocol import Address, NoAnswer, NotThere
from dckgrade.prove.engines.private import PrivateEngine, why_not
from tests.support.borrowed_image import archive, client_of, serve, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    if reason := why_not():
        if os.environ.get("DCKGRADE_REQUIRE_ENGINE") == "1":
            pytest.fail(f"DCKGRADE_REQUIRE_ENGINE=1, but {reason}")
        pytest.skip(reason)
    with PrivateEngine() as started:
        started.load(archive(tmp_path_factory.mktemp("image")))
        serve(started, "web")
        with client_of(started) as client:
            said = ["sh", "-c", "echo to-out; echo PASSWORD=c4n4ry >&2; exit 3"]
            borrowed = {"/usr": {"bind": "/usr", "mode": "ro"}}
            for name, tty in (("said", False), ("said-tty", True)):
                client.containers.run(
                    "borrowed", said, name=name, tty=tty, volumes=borrowed, detach=True
                ).wait()
            client.containers.create("borrowed", ["true"], name="created", volumes=borrowed)
            client.containers.run(
                "borrowed", said, name="mute", volumes=borrowed, detach=True, log_config={"Type": "none"}
            ).wait()
        yield started


@pytest.fixture
def daemon(engine: PrivateEngine) -> Iterator[Daemon]:
    with connect(resolve(engine.host, None, {}, Path.home())) as connected:
        yield connected


def test_the_engine_is_named_with_its_version(daemon: Daemon, engine: PrivateEngine) -> None:
    with client_of(engine) as client:
        told = client.version()
    assert daemon.engine.version == told["Version"]
    assert daemon.engine.api == told["ApiVersion"]
    assert not daemon.engine.rootless


def test_containers_are_listed_stopped_ones_too(daemon: Daemon) -> None:
    states = {listed["Names"][0]: listed["State"] for listed in daemon.look().containers()}
    assert states == {
        "/web": "running", "/said": "exited", "/said-tty": "exited", "/created": "created", "/mute": "exited"
    }  # fmt: skip


def test_a_container_is_inspected_by_name_and_by_id(daemon: Daemon) -> None:
    look = daemon.look()
    web = look.container("web")
    assert web["State"]["Running"]
    assert look.container(web["Id"])["Name"] == "/web"
    assert look.container("said")["State"]["ExitCode"] == 3


def test_an_image_is_inspected_by_tag_and_by_id(daemon: Daemon) -> None:
    look = daemon.look()
    image = look.image("borrowed:latest")
    assert look.image(image["Id"])["RepoTags"] == ["borrowed:latest"]


def test_what_does_not_exist_is_not_there(daemon: Daemon) -> None:
    look = daemon.look()
    for ask in (look.container, look.image, look.stats):
        with pytest.raises(NotThere):
            ask("no-such-name")
    with pytest.raises(NotThere):
        look.log_tail("no-such-name", tty=False)


def test_logs_are_read_with_and_without_a_terminal_and_masked(daemon: Daemon) -> None:
    look = daemon.look()
    assert sorted(look.log_tail("said", tty=False).splitlines()) == ["PASSWORD=***", "to-out"]
    assert look.log_tail("said-tty", tty=True).splitlines() == ["to-out", "PASSWORD=***"]


def test_a_driver_that_keeps_nothing_has_an_empty_log(daemon: Daemon) -> None:
    assert daemon.look().log_tail("mute", tty=False) == ""


def test_stats_of_a_running_container_hold_its_memory(daemon: Daemon) -> None:
    sample = daemon.look().stats("web")
    assert sample["memory_stats"]["usage"] > 0
    assert sample["read"] > "2020"


def test_a_running_container_serves_at_the_addresses_that_are_told(
    daemon: Daemon, engine: PrivateEngine
) -> None:
    look = daemon.look()
    published, own = look.addresses(look.container("web"), 80)
    assert published == Address("127.0.0.1", 8080, "published")
    assert own.via == "own"
    with engine.network():
        until(lambda: serves(daemon, own), "the server listens")
        for address in (published, own):
            answered = look.http(address, "/")
            assert answered.status == 200
            assert answered.headers["server"].startswith("SimpleHTTP")
        with pytest.raises(NoAnswer, match="refused"):
            look.http(Address(own.host, 81, "own"), "/")
        assert look.exchange(own, b"GET / HTTP/1.0\r\n\r\n", 8) == b"HTTP/1.0"


def serves(daemon: Daemon, address: Address) -> bool:
    try:
        return daemon.look().http(address, "/").status == 200
    except NoAnswer:
        return False


def test_a_stopped_container_has_no_address(daemon: Daemon) -> None:
    look = daemon.look()
    assert look.addresses(look.container("said"), 80) == ()


def test_the_engines_clock_is_near_the_start_of_what_runs(daemon: Daemon) -> None:
    look = daemon.look()
    assert look.now().isoformat() > look.container("web")["State"]["StartedAt"]


def test_looking_changes_nothing(daemon: Daemon) -> None:
    look = daemon.look()
    names = [listed["Id"] for listed in look.containers()]
    seen = [state(daemon, name) for name in names]
    outcomes({name: lambda name=name: look.stats(name) for name in names}, 10)  # type: ignore[misc]
    for name in ("web", "said", "mute"):
        look.log_tail(name, tty=False)
    assert [state(daemon, name) for name in names] == seen


def state(daemon: Daemon, name: str) -> dict[str, Any]:
    """Sort what the engine lists in another order each time."""
    seen = daemon.look().container(name)
    return {**seen, "Mounts": sorted(seen["Mounts"], key=lambda mount: mount["Destination"])}
