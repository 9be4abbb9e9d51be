"""A lab drafted from two recordings of a real engine grades that engine: 0 untouched, all points solved."""

from pathlib import Path

import docker
import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.grading.draft import draft_lab
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import live
from dckgrade.prove.case import list_cases
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.recording import EngineRecording
from dckgrade.report.report import Report
from tests.conftest import FIXTURES
from tests.support.record_pairs import record_host
from tests.support.recording_proxy import RecordingProxy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


def record(engine: DisposableEngine) -> EngineRecording:
    with engine.enter_network():
        return record_host(engine.host)


def grade(engine: DisposableEngine, loaded: LoadedLab) -> Report:
    endpoint = resolve_endpoint(engine.host, None, {}, Path("/nonexistent"))
    with engine.enter_network(), connect_engine(endpoint) as connected:
        return run.grade_lab(loaded, connected, RunOptions())


def list_names(engine: DisposableEngine) -> set[str]:
    client = docker.APIClient(engine.host)
    try:
        return {name for entry in client.containers(all=True) for name in entry["Names"]}
    finally:
        client.close()


def test_a_drafted_lab_grades_real_engines(engine: DisposableEngine, tmp_path: Path) -> None:
    engine.empty()
    before = record(engine)
    (solution,) = [case for case in list_cases(FIXTURES, "ch3") if case.name == "solution"]
    with engine.enter_network():
        live.run_case_script(solution, engine)
    containers = list_names(engine)
    after = record(engine)
    assert list_names(engine) == containers, "what recording made is gone"

    path = tmp_path / "drafted.yaml"
    path.write_text(draft_lab("drafted", before, after, "en").text, encoding="utf-8")
    loaded = load_lab(path)
    solved = grade(engine, loaded)
    assert [line.id for line in solved.checks if line.earned != line.points] == []
    assert {"network-reach", "proxy-pass", "published-port"} <= {
        str(seen.kind) for seen in solved.observations.values()
    }

    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        with engine.enter_network():
            record_host(proxy.host, passive=True)
        assert {request.method for request in proxy.requests} <= {"GET", "HEAD"}
    engine.empty()
    assert grade(engine, loaded).score.earned == 0
