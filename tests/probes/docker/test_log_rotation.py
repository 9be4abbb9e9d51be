"""What kind `log-rotation` makes of answers: `/info` of old and new engines, the rest put in by tests."""

import copy
from typing import Any

import pytest

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.probes.docker.log_rotation import LogRotation
from dckgrade.report.observation import Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES, FakeEngine
from tests.support.scenes.docker import EngineWithLogOptions


def facts(fake_engine: FakeEngine) -> dict[str, Any]:
    found = LogRotation().observe(fake_engine)
    assert isinstance(found, Seen), found
    return found.facts


@pytest.mark.parametrize("engine", ENGINES)
def test_the_factory_s_setting_does_not_rotate_on_any_engine(engine: str) -> None:
    found = facts(EngineWithLogOptions(engine=engine))
    assert (found["driver"], found["driver_known"], found["rotates"]) == ("json-file", True, False)
    assert (found["size_text"], found["max_size"], found["max_file"], found["older"]) == ("", None, 1, [])


def test_a_size_and_a_number_of_files_rotate() -> None:
    found = facts(EngineWithLogOptions({"max-size": "10m", "max-file": "3"}))
    assert (found["rotates"], found["max_size"], found["max_file"]) == (True, 10_000_000, 3)


LOGGER = "failed to initialize logging driver: "
ROTATING = {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize(
    ("options", "driver", "words"),
    [
        (
            {"max-size": "10m", "compress": "true"},
            "json-file",
            "compress cannot be true when max-file is less than 2 or max-size is not set",
        ),
        ({**ROTATING, "tag": "{{.Name"}, "json-file", "template: log-tag:1: unclosed action"),
        (
            {"max-size": "10m", "max-file": "1"},
            *("local", "compression cannot be enabled when max file count is 1"),
        ),
        ({**ROTATING, "env-regex": "("}, "json-file", "error parsing regexp: missing closing ): `(`"),
        (ROTATING, "json-file", "something that only a Docker of tomorrow says"),
    ],
)
@pytest.mark.parametrize("before", ["", "failed to create task for container: "])
def test_options_with_which_no_container_starts_do_not_rotate(
    options: dict[str, str], driver: str, words: str, before: str
) -> None:
    found = facts(EngineWithLogOptions(options, driver, error=f"{before}{LOGGER}{words}"))
    assert (found["accepted"], found["rotates"], found["text"]) == (False, False, words)
    assert (found["program"], found["place"]) == ("Docker", "docker run")


@pytest.mark.parametrize(
    "error",
    [
        "",
        'OCI runtime create failed: exec: "/bin/sh": no such file or directory: unknown',
        "failed to create task for container: failed to create shim task: OCI runtime create failed: runc …",
        "exec /bin/sh: exec format error",
    ],
)
def test_an_image_without_a_shell_shows_as_much(error: str) -> None:
    found = facts(EngineWithLogOptions(ROTATING, error=error))
    assert (found["accepted"], found["rotates"], found["text"]) == (True, True, None)


@pytest.mark.parametrize(("files", "rotates"), [("3", True), ("0", False)])
def test_where_no_container_could_be_tried_the_rules_decide(files: str, rotates: bool) -> None:  # noqa: FBT001
    error = "Decoding seccomp profile failed: unexpected end of JSON input"
    found = facts(EngineWithLogOptions({**ROTATING, "max-file": files}, error=error))
    assert (found["accepted"], found["rotates"]) == (None, rotates)


def test_a_container_that_was_not_allowed_to_start_shows_nothing() -> None:
    class Guarded(EngineWithLogOptions):
        def inspect_started_container(self, image: str) -> Json:
            return {**super().inspect_started_container(image), "State": {"Status": "created", "Error": ""}}

    found = facts(Guarded({"max-size": "10m", "compress": "true"}))
    assert (found["accepted"], found["rotates"]) == (None, False)
    assert facts(Guarded(ROTATING))["rotates"] is True


def test_what_docker_takes_is_right_whatever_is_known_of_its_rules() -> None:
    found = facts(EngineWithLogOptions({**ROTATING, "compress": "tomorrow"}))
    assert (found["accepted"], found["rotates"]) == (True, True)


@pytest.mark.parametrize("size", [".5m", "10.m", "1e3"])
def test_a_size_that_docker_has_taken_is_one(size: str) -> None:
    assert facts(EngineWithLogOptions({"max-size": size}))["rotates"] is True


def test_an_image_of_which_none_can_be_made_leaves_the_next() -> None:
    class Choosy(EngineWithLogOptions):
        def inspect_started_container(self, image: str) -> Json:
            super().inspect_started_container(image)
            if image.endswith("a"):
                raise OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 400 not for this platform")
            return super().inspect_started_container(image)

    fake_engine = Choosy(ROTATING)
    fake_engine.answers["images"][""].append({"Id": "sha256:" + "b" * 64})
    assert facts(fake_engine)["rotates"] is True


def test_one_container_is_made_of_one_local_image() -> None:
    fake_engine = EngineWithLogOptions()
    fake_engine.answers["images"][""].append({"Id": "sha256:" + "b" * 64})
    facts(fake_engine)
    assert fake_engine.made == ["sha256:" + "a" * 64]


@pytest.mark.parametrize(
    ("driver", "known"),
    [
        ("jsonfile", False),
        ("JSON-FILE", False),
        ("none", True),
        ("syslog", True),
        ("grafana/loki:latest", True),
    ],
)
def test_of_a_driver_that_does_not_rotate_no_container_is_made(driver: str, known: bool) -> None:  # noqa: FBT001
    fake_engine = EngineWithLogOptions(driver=driver)
    found = facts(fake_engine)
    assert (found["driver"], found["driver_known"], found["rotates"]) == (driver, known, False)
    assert fake_engine.made == []


def test_without_any_image_nothing_can_be_seen_and_nobody_is_to_blame() -> None:
    fake_engine = EngineWithLogOptions()
    fake_engine.answers["images"] = {"": []}
    found = facts(fake_engine)
    assert (found["tried"], found["driver"], found["rotates"]) == (False, "json-file", False)


def test_an_engine_that_refuses_to_make_one_is_unknown() -> None:
    class Refusing(EngineWithLogOptions):
        def inspect_started_container(self, image: str) -> Json:
            raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP 403 {image}")

    assert isinstance(LogRotation().observe(Refusing()), Unobservable)


def test_an_engine_without_a_log_driver_is_unknown() -> None:
    assert isinstance(LogRotation().observe(EngineWithLogOptions(driver="")), Unobservable)


def test_running_containers_without_the_options_in_force_are_older() -> None:
    fake_engine = EngineWithLogOptions({"max-size": "10m"}).only("webservers")
    assert facts(fake_engine)["older"] == ["webservers"]
    fake_engine.inspect("webservers")["HostConfig"]["LogConfig"]["Config"] = {"max-size": "1m"}
    assert facts(fake_engine)["older"] == []
    fake_engine.inspect("webservers")["HostConfig"]["LogConfig"] = {"Type": "gelf", "Config": {}}
    assert facts(fake_engine)["older"] == []


def ended(*at: str) -> EngineWithLogOptions:
    """Make an engine with containers that ended at these seconds."""
    fake_engine = EngineWithLogOptions()
    fake_engine.only("webservers")
    first = copy.deepcopy(fake_engine.inspect("webservers"))
    fake_engine.listed.clear()
    for number, second in enumerate(at):
        state = {"Status": "exited", "Running": False, "FinishedAt": f"2026-01-01T10:{second}.123456789Z"}
        ref = f"{number:064x}"
        fake_engine.listed.append({"Id": ref, "Names": [f"/c{number}"], "State": "exited"})
        fake_engine.inspected[ref] = {**first, "Id": ref, "State": state}
    return fake_engine


def test_containers_that_ended_within_seconds_stopped_together() -> None:
    assert facts(ended("00:00", "00:09", "00:15"))["stopped_together"] == ["c0", "c1", "c2"]


def test_containers_that_ended_one_by_one_did_not() -> None:
    assert facts(ended("00:00"))["stopped_together"] == []
    assert facts(ended("00:00", "05:00", "09:00"))["stopped_together"] == []


def test_one_that_ended_later_does_not_hide_those_that_stopped_together() -> None:
    assert facts(ended("00:00", "00:01", "30:00"))["stopped_together"] == ["c0", "c1"]
