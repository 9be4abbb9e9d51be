"""Real engines started with real `daemon.json` files: what is in force, what dockerd refuses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.daemon_files import find_last_words
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.lab.load import load_lab
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.daemon_file import DaemonFile
from dckgrade.probes.docker.daemon_json.settings import parse_daemon_json
from dckgrade.probes.docker.log_rotation import LogRotation
from dckgrade.probes.observe import observe_probes
from dckgrade.prove import live
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.docker_command import list_image_references, run_docker
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.process_group import CaseNotApplied
from dckgrade.report.observation import Seen
from images import build
from tests.conftest import GivenEngine, need_private_engines
from tests.support.recording_proxy import RecordingProxy
from tests.support.refused_daemon_json import REFUSED
from tests.support.tiny_lab import tiny

pytestmark = pytest.mark.engine

ROTATING = b'{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}'


@pytest.fixture(scope="module")
def started() -> Iterator[PrivateEngine]:
    """Give an engine that may be restarted, unlike the one that all tests share."""
    need_private_engines()
    with PrivateEngine() as engine:
        build.load(engine.host, ["nginx", "busybox"])
        yield engine


@pytest.fixture
def own_engine(started: PrivateEngine) -> PrivateEngine:
    """Give it as it was at first."""
    started.restore_daemon_json()
    started.empty()
    return started


def observed(engine: PrivateEngine, probe: Probe, host: str = "") -> Any:
    """Look once, as a run does."""
    where = resolve_endpoint(host or engine.host, None, {}, Path("/nonexistent"))
    with connect_engine(where) as daemon:
        given = RunOptions(dockerd=engine.dockerd, environment={"HOME": "/nonexistent"})
        (seen,) = observe_probes([probe], daemon.take_snapshot(given), 30.0).values()
    return seen


def facts(engine: PrivateEngine, probe: Probe) -> dict[str, Any]:
    seen = observed(engine, probe)
    assert isinstance(seen, Seen), seen
    return seen.facts


def test_what_is_in_force_is_seen_and_what_is_only_written_is_not(own_engine: PrivateEngine) -> None:
    own_engine.dockerd.daemon_json_path.write_bytes(ROTATING)
    assert facts(own_engine, LogRotation())["rotates"] is False
    assert facts(own_engine, DaemonFile())["rotates"] is True
    assert own_engine.restart(ROTATING)
    found = facts(own_engine, LogRotation())
    assert (found["rotates"], found["max_size"], found["max_file"]) == (True, 10_000_000, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            b'{"log-opts": {"max-size": "10m", "compress": "true"}}',
            "compress cannot be true when max-file is less than 2 or max-size is not set",
        ),
        (b'{"log-opts": {"max-size": "10m", "env-regex": "a**"}}', "error parsing regexp: invalid nested"),
        (b'{"log-driver": "local", "log-opts": {"compress": "yes"}}', "error reading compress log option"),
    ],
)
def test_settings_with_which_no_container_starts_are_told_in_docker_s_words(
    own_engine: PrivateEngine, settings: bytes, message: str
) -> None:
    assert own_engine.restart(settings)
    found = facts(own_engine, LogRotation())
    assert (found["accepted"], found["rotates"]) == (False, False)
    assert found["text"].startswith(message)
    assert run_docker(own_engine.host, "ps", "--all", "--quiet") == ""


def test_looking_sends_only_what_is_allowed_and_leaves_nothing(
    own_engine: PrivateEngine, tmp_path: Path
) -> None:
    before = list_image_references(own_engine.host)
    with RecordingProxy(tmp_path / "engine.sock", own_engine.host) as proxy:
        assert isinstance(observed(own_engine, LogRotation(), proxy.host), Seen)
    sent = [f"{request.method} {request.path}" for request in proxy.requests if request.path != "/_ping"]
    written = [line for line in sent if not line.startswith("GET ")]
    created, started, removed = written
    assert created == "POST /containers/create"
    assert started.startswith("POST /containers/")
    assert started.endswith("/start")
    assert removed.startswith("DELETE /containers/")
    assert run_docker(own_engine.host, "ps", "--all", "--quiet") == ""
    assert list_image_references(own_engine.host) == before


def test_without_any_image_nothing_is_tried() -> None:
    need_private_engines()
    with PrivateEngine() as bare:
        assert facts(bare, LogRotation())["tried"] is False


def test_a_restart_keeps_images_and_stops_containers(own_engine: PrivateEngine) -> None:
    before = list_image_references(own_engine.host)
    for name in ("one", "two"):
        run_docker(own_engine.host, "run", "--detach", "--name", name, "nginx")
    assert own_engine.restart(ROTATING)
    assert list_image_references(own_engine.host) == before
    run_docker(own_engine.host, "start", "one")
    found = facts(own_engine, LogRotation())
    # What was made before the change keeps its setting, started again or not.
    assert (found["rotates"], found["older"]) == (True, ["one"])
    run_docker(own_engine.host, "stop", "one")
    assert facts(own_engine, LogRotation())["older"] == []


def test_containers_that_a_restart_has_stopped_are_named(own_engine: PrivateEngine) -> None:
    for name in ("one", "two"):
        run_docker(own_engine.host, "run", "--detach", "--name", name, "nginx")
    assert own_engine.restart(ROTATING)
    assert facts(own_engine, LogRotation())["stopped_together"] == ["one", "two"]


def test_dockerd_refuses_what_we_refuse_for_the_same_reason(own_engine: PrivateEngine) -> None:
    """The measured texts of `test_daemon_json.py`, held against the dockerd of this machine."""
    where = resolve_endpoint(own_engine.host, None, {}, Path("/nonexistent"))
    for text, problem, _, _ in REFUSED:
        assert not own_engine.restart(text.encode()), text
        last_words = find_last_words(where, 0.0, {}, own_engine.dockerd)
        assert last_words, text
        assert parse_daemon_json(text.encode(), last_words).problem == problem, (text, last_words)
    own_engine.restore_daemon_json()
    assert run_docker(own_engine.host, "ps", "--quiet") == ""


def test_a_case_has_its_own_daemon_json_and_the_next_one_the_engine_s(
    own_engine: PrivateEngine, tmp_path: Path
) -> None:
    lab, fixtures = tiny(tmp_path)
    folder = fixtures / "tiny" / "solution"
    (folder / "daemon.json").write_bytes(ROTATING)
    (folder / "before.sh").write_text('grep -q "^{}$" "$DAEMON_JSON"; docker create --name old busybox\n')
    applied = folder / "apply.sh"
    applied.write_text(
        f'grep -q max-size "$DAEMON_JSON"; docker inspect old >/dev/null\n{applied.read_text()}'
    )
    report = live.grade_case(load_lab(lab), read_case("tiny", folder, CaseKind.SOLUTION), own_engine)
    assert {line.verdict for line in report.checks} == {"passed"}
    assert own_engine.dockerd.daemon_json_path.read_bytes() == b"{}"
    assert facts(own_engine, LogRotation())["rotates"] is False


def test_a_case_whose_engine_does_not_come_up_is_graded_and_the_engine_put_back(
    own_engine: PrivateEngine, tmp_path: Path
) -> None:
    lab, fixtures = tiny(tmp_path)
    folder = fixtures / "tiny" / "solution"
    (folder / "apply.sh").unlink()
    (folder / "daemon.json").write_bytes(b"{")
    report = live.grade_case(load_lab(lab), read_case("tiny", folder, CaseKind.SOLUTION), own_engine)
    assert {line.verdict for line in report.checks} == {"unknown"}
    assert run_docker(own_engine.host, "ps", "--quiet") == ""


def test_a_case_with_a_daemon_json_is_not_seen_on_an_engine_of_others(tmp_path: Path) -> None:
    lab, fixtures = tiny(tmp_path)
    folder = fixtures / "tiny" / "solution"
    (folder / "daemon.json").write_bytes(b"{}")
    with pytest.raises(CaseNotApplied, match=r"daemon\.json of its own"):
        live.grade_case(
            load_lab(lab), read_case("tiny", folder, CaseKind.SOLUTION), GivenEngine("unix:///nowhere")
        )
