"""An engine that its owner names: used only when given up and empty, and left as it was."""

import json
from pathlib import Path

import pytest

from dckgrade.prove.engines.docker_command import list_image_references, list_object_names, run_docker
from dckgrade.prove.live import DisposableEngine
from tests.support.cli_runner import dckgrade_process
from tests.support.tiny_lab import tiny

pytestmark = pytest.mark.engine


def test_an_engine_is_not_used_up_unless_it_was_given_up_for_that() -> None:
    run_ = dckgrade_process("prove", "tp5", "--host", "unix:///nowhere", "--lang", "en")

    assert run_.returncode == 2
    assert b"Add --disposable" in run_.stderr


def test_an_engine_that_cannot_be_reached_is_exit_3() -> None:
    run_ = dckgrade_process("prove", "tp5", "--host", "unix:///nowhere", "--disposable", "--lang", "en")

    assert run_.returncode == 3
    assert run_.stdout == b""
    assert b"failed" in run_.stderr


def test_an_engine_with_objects_of_others_is_refused_and_left_alone(
    tmp_path: Path, engine: DisposableEngine
) -> None:
    lab, fixtures = tiny(tmp_path)
    engine.empty()
    run_docker(engine.host, "volume", "create", "theirs")
    run_docker(engine.host, "network", "create", "their-net")
    run_docker(engine.host, "create", "--name", "their-box", "busybox")
    (box,) = list_object_names(engine.host, "container", "--all")
    given = ("prove", str(lab), "--fixtures", str(fixtures), "--host", engine.host, "--disposable")

    run_ = dckgrade_process(*given, "--lang", "en")

    assert run_.returncode == 3
    for message in (
        f"container {box}",
        "volume theirs",
        "network their-net",
        "Remove them, or leave --host out",
    ):
        assert message.encode() in run_.stderr
    assert list_object_names(engine.host, "volume") == ["theirs"]
    assert list_object_names(engine.host, "network") == ["their-net"]
    engine.empty()


def test_an_engine_in_a_swarm_is_refused(tmp_path: Path, engine: DisposableEngine) -> None:
    lab, fixtures = tiny(tmp_path)
    engine.empty()
    run_docker(engine.host, "swarm", "init", "--advertise-addr", "127.0.0.1")
    given = ("prove", str(lab), "--fixtures", str(fixtures), "--host", engine.host, "--disposable")
    try:
        run_ = dckgrade_process(*given, "--lang", "en")
    finally:
        run_docker(engine.host, "swarm", "leave", "--force")
        engine.empty()

    assert run_.returncode == 3
    assert b"swarm active" in run_.stderr


def test_images_that_cannot_be_had_are_exit_3_and_leave_nothing(
    tmp_path: Path, engine: DisposableEngine
) -> None:
    lab, fixtures = tiny(tmp_path)
    (fixtures / "tiny" / "proof.yaml").write_text("images: [no-such-image]\n")
    engine.empty()
    before = counted(engine.host)
    given = ("prove", str(lab), "--fixtures", str(fixtures), "--host", engine.host, "--disposable")

    run_ = dckgrade_process(*given, "--lang", "en")

    assert run_.returncode == 3
    assert b"There is no recipe for no-such-image" in run_.stderr
    assert counted(engine.host) == before


def test_a_given_engine_is_left_as_empty_as_it_was(tmp_path: Path, engine: DisposableEngine) -> None:
    lab, fixtures = tiny(
        tmp_path, more="docker volume create vol; docker network create net; docker tag busybox b:1\n"
    )
    engine.empty()
    before = counted(engine.host)

    with engine.enter_network():
        run_ = dckgrade_process(
            *("prove", str(lab), "--fixtures", str(fixtures), "--host", engine.host, "--disposable"),
            *("--record", "-f", "json", "--lang", "en"),
        )

    assert run_.returncode == 0, run_.stdout + run_.stderr
    assert json.loads(run_.stdout)["proven"] is True
    assert counted(engine.host) == before


def counted(host: str) -> dict[str, set[str]]:
    """Count everything on an engine, by name."""
    kinds = ("container", "volume", "network")
    return {"image": list_image_references(host)} | {
        what: set(list_object_names(host, what, *(["--all"] if what == "container" else [])))
        for what in kinds
    }
