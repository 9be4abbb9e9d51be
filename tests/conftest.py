"""The engine of the tests: their own, unless DCKGRADE_TEST_HOST names one to use up."""

import importlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import docker
import hypothesis
import pytest

from dckgrade.prove.engines import guest
from dckgrade.prove.engines import private as engines
from dckgrade.prove.engines.docker_command import BUILT_IN_NETWORKS
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.live import DisposableEngine
from images import build

FIXTURES = Path(__file__).parents[1] / "fixtures"
IMAGES = ["nginx", "postgres", "postgres:18", "busybox"]
REQUIRED = os.environ.get("DCKGRADE_REQUIRE_ENGINE") == "1"

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

# A shell that runs the tests in the background has Ctrl-C ignored, and nohup the end of its terminal, by all
# that they start too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew", action="store_true", help="write the golden files again, to be looked at in the diff"
    )
    parser.addoption(
        "--every-case", action="store_true", help="prove every case of the labs live, not a selection"
    )
    parser.addoption(
        "--every-fault",
        action="store_true",
        help="have everything happen to the board on a swarm, not one fault",
    )
    parser.addoption(
        "--tries",
        type=int,
        default=2,
        help="how often each fault of the class board is tried (nox -s board: 30)",
    )


LIVE_PROCESSES = {
    "tests/live/test_guest_labs_live.py": "guests",
    "tests/live/test_guest.py": "guests",
    "tests/live/test_labs_live.py": "labs",
}


def choose_process(nodeid: str) -> str:
    """Choose which tests share a process: those on guests, those of the labs, else those of a module."""
    module = nodeid.split("::", maxsplit=1)[0]
    return LIVE_PROCESSES.get(module, module)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the guests and the labs: they take longest, most of it waiting."""
    order = {"guests": 0, "labs": 1}
    items.sort(key=lambda item: order.get(choose_process(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand tests out to pytest-xdist's processes by `choose_process`, in the order of collection."""
    # Its own groups are marks; with pytest 9.2 it does not see them.
    config.option.loadscopereorder = False
    scheduling = importlib.import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduling._split_scope = choose_process
    return scheduling


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Hold what was made against the golden file of that name there, which `--renew` writes again."""
    folder = request.path.parent / "golden"

    def held(name: str, made: bytes) -> None:
        if request.config.getoption("--renew"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(made)
        assert made.decode() == (folder / name).read_bytes().decode(), "if this is meant: pytest --renew"

    return held


class GivenEngine:
    """The engine that DCKGRADE_TEST_HOST names; whoever names it gives it up."""

    script_environment: Mapping[str, str] = {}

    def __init__(self, host: str) -> None:
        self.host = host

    def empty(self) -> None:
        client = docker.APIClient(self.host)
        try:
            for container in client.containers(all=True):
                client.remove_container(container["Id"], force=True, v=True)
            for network in client.networks():
                if network["Name"] not in BUILT_IN_NETWORKS:
                    client.remove_network(network["Id"])
            for volume in client.volumes()["Volumes"] or []:
                client.remove_volume(volume["Name"])
        finally:
            client.close()

    def enter_network(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture(scope="session")
def engine() -> Iterator[DisposableEngine]:
    """Give a real engine with the images of the labs; where none can be had, say why instead of passing."""
    if host := os.environ.get("DCKGRADE_TEST_HOST"):
        build.load(host, IMAGES)
        yield GivenEngine(host)
        return
    yield from private_engine()


@pytest.fixture
def own_engine() -> Iterator[PrivateEngine]:
    """Give an engine of one test's own: what it goes through there should not be left to others."""
    yield from private_engine()


def need_private_engines() -> None:
    """Say why there can be none: a failure where engines are required, else a skip."""
    need(engines.find_private_engine_obstacle())


def need_guests() -> None:
    """Say why no guest machine can be booted: a failure where engines are required, else a skip."""
    need(guest.find_guest_obstacle())


def need(reason: str | None, what: str = "engine") -> None:
    """Fail or skip for a reason why there is no *what*; without one do nothing."""
    if reason:
        if REQUIRED:
            pytest.fail(f"DCKGRADE_REQUIRE_ENGINE=1, and there is no {what}: {reason}")
        pytest.skip(f"no {what}: {reason}")


def private_engine() -> Iterator[PrivateEngine]:
    """Start an engine with the labs' images, or say why there is none."""
    need_private_engines()
    with PrivateEngine() as private:
        build.load(private.host, IMAGES)
        yield private
