"""Kind `container-logging`: a container's own log settings, and what they come to."""

from typing import Any

import pytest

from dckgrade.probes.docker.container_logging import ContainerLogging, read_logging_facts
from dckgrade.report.observation import Absent
from tests.support.fake_engine import FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerLogging(container=name).observe(engine))


def settle(driver: str, **options: str) -> Any:
    written = {"Type": driver, "Config": {name.replace("_", "-"): value for name, value in options.items()}}
    return read_logging_facts("x", {"HostConfig": {"LogConfig": written}})


@every_version
def test_a_size_and_a_number_have_an_end(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["driver"], found["rotates"], found["max_bytes"]) == ("json-file", True, 3_000_000)


@every_version
def test_a_number_of_files_alone_has_none(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "unlimited")
    assert (found["files_text"], found["rotates"], found["max_bytes"]) == ("3", False, None)


@every_version
def test_the_driver_local_turns_by_itself_and_none_keeps_nothing(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    assert (look(engine, "checked")["rotates"], look(engine, "checked")["max_bytes"]) == (True, 100_000_000)
    assert (look(engine, "quota")["driver"], look(engine, "quota")["rotates"]) == ("none", False)


@pytest.mark.parametrize(
    ("driver", "options", "most"),
    [
        ("json-file", {}, None),
        ("json-file", {"max_size": "3m"}, 3_000_000),
        ("json-file", {"max_size": "1m", "max_file": "3"}, 3_000_000),
        ("json-file", {"max_size": "10ko", "max_file": "3"}, None),
        ("json-file", {"max_size": "1m", "max_file": "many"}, None),
        ("local", {"max_size": "1m", "max_file": "3"}, 3_000_000),
        ("syslog", {"max_size": "1m"}, None),
        ("", {}, None),
    ],
)
def test_what_all_files_may_take_is_size_times_number(
    driver: str, options: dict[str, str], most: int | None
) -> None:
    assert settle(driver, **options).max_bytes == most


def test_an_unknown_container_is_absent() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    assert isinstance(ContainerLogging(container="nobody").observe(engine), Absent)
