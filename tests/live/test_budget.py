"""TP5, solved and settled, graded through a proxy that counts: what a run may ask of an engine."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest

from dckgrade.prove.case import list_cases
from dckgrade.prove.live import DisposableEngine, run_case_script
from tests.conftest import FIXTURES, need
from tests.support.recording_proxy import RecordingProxy, Request

pytestmark = pytest.mark.engine

MOST, OTHERS = 6, 200
READINGS = re.compile(r"/_ping|/containers/json|/containers/[^/]+/(json|stats)")


class Graded(NamedTuple):
    """One run, and the state of the engine before and after it."""

    requests: list[Request]
    let_go: list[str]
    report: Mapping[str, Any]
    before: Mapping[str, str]
    after: Mapping[str, str]


@pytest.fixture(scope="module")
def solved(engine: DisposableEngine) -> Iterator[DisposableEngine]:
    if not engine.host.startswith("unix://"):
        need("the proxy of this test speaks to unix sockets only", "such engine")
    engine.empty()
    (solution,) = [case for case in list_cases(FIXTURES, "tp5") if case.name == "solution"]
    run_case_script(solution, engine)
    assert dckgrade(engine, engine.host)["score"]["earned"] == 10
    yield engine
    engine.empty()


@pytest.fixture(scope="module")
def run(solved: DisposableEngine, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return counted(solved, tmp_path_factory.mktemp("proxy"))


def test_the_proxy_hides_nothing_from_the_grade(run: Graded) -> None:
    assert run.report["score"] == {"earned": 10, "possible": 10, "undecided": 0}


def test_a_settled_lab_costs_at_most_six_requests(run: Graded) -> None:
    assert len(run.requests) <= MOST, run.requests


def test_each_container_is_inspected_at_most_once(run: Graded) -> None:
    inspected = Counter(
        request.path for request in run.requests if re.fullmatch(r"/containers/[^/]+/json", request.path)
    )
    assert len(inspected) == 2
    assert max(inspected.values()) == 1, inspected


def test_all_stats_are_asked_for_before_the_first_is_answered(run: Graded) -> None:
    assert sum(request.path.endswith("/stats") for request in run.requests) == 2
    assert run.let_go == [], "the proxy gave up waiting for the other request and answered these"


def test_only_readings_leave(run: Graded) -> None:
    others = [
        request for request in run.requests if request.method != "GET" or not READINGS.fullmatch(request.path)
    ]
    assert others == []


def test_the_engine_is_left_as_it_was(run: Graded) -> None:
    assert run.after == run.before


def test_two_hundred_other_containers_cost_no_further_request(
    run: Graded, solved: DisposableEngine, tmp_path: Path
) -> None:
    client = docker.APIClient(solved.host)
    others = [client.create_container("busybox", ["true"], name=f"other-{n}")["Id"] for n in range(OTHERS)]
    try:
        crowded = counted(solved, tmp_path)
    finally:
        for other in others:
            client.remove_container(other)
        client.close()
    assert crowded.report["score"]["earned"] == 10
    assert Counter(crowded.requests) == Counter(run.requests)
    assert not [request for request in crowded.requests if any(other in request.path for other in others)]


def counted(engine: DisposableEngine, folder: Path) -> Graded:
    before = state(engine.host)
    with RecordingProxy(folder / "engine.sock", engine.host, together=2) as proxy:
        report = dckgrade(engine, proxy.host)
    return Graded(proxy.requests, proxy.let_go, report, before, state(engine.host))


def dckgrade(engine: DisposableEngine, host: str) -> Mapping[str, Any]:
    with engine.enter_network():
        done = subprocess.run(
            [sys.executable, "-m", "dckgrade", "tp5", "-f", "json", "--host", host],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    assert done.stdout, done.stderr.decode()
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def state(host: str) -> dict[str, str]:
    """Digest the list of containers, and what inspect says of each."""
    client = docker.APIClient(host)
    try:
        listed = client.containers(all=True)
        seen = {entry["Id"]: digest(client.inspect_container(entry["Id"])) for entry in listed}
    finally:
        client.close()
    # "Up 5 seconds" goes on by itself.
    return {"list": digest([{**entry, "Status": ""} for entry in listed]), **seen}


def digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(ordered(content), sort_keys=True).encode()).hexdigest()


def ordered(content: Any) -> Any:
    """Sort what the engine lists in another order each time."""
    if isinstance(content, dict):
        return {name: ordered(value) for name, value in content.items()}
    return sorted(map(ordered, content), key=json.dumps) if isinstance(content, list) else content
