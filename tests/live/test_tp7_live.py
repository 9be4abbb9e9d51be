"""TP7's stack on a real engine, through a proxy: what leaves for the engine, and that none of it stays."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import msgspec
import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.probe_container_form import PROBE_LABEL, PROBE_NAME_PREFIX, is_probe_container_request
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.prove import images, live
from dckgrade.prove.case import list_cases
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from tests.conftest import FIXTURES, need
from tests.support.built_in_labs import load_built_in_lab
from tests.support.recording_proxy import RecordingProxy, Request

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

IMAGES = ["nginx", "busybox", "elasticsearch:7.9.3", "logstash:7.9.3", "kibana:7.9.3"]


@pytest.fixture(scope="module")
def stack(engine: DisposableEngine) -> Iterator[DisposableEngine]:
    if not engine.host.startswith("unix://"):
        need("the proxy of this test speaks to unix sockets only", "such engine")
    images.load_images(engine.host, IMAGES, FIXTURES / "tp7")
    engine.empty()
    (solution,) = [case for case in list_cases(FIXTURES, "tp7") if case.name == "solution"]
    with engine.enter_network():
        live.run_case_script(solution, engine)
        until = time.monotonic() + 200
        while (report := graded(engine.host)[0]).score.earned < 8:
            assert time.monotonic() < until, report
    yield engine
    engine.empty()


def graded(host: str, proxy: Path | None = None, **chosen: bool) -> tuple[Report, list[Request]]:
    """Grade on the engine at *host*; with a place for a *proxy*, tell what was asked of it too."""
    choice = RunOptions(timeout_s=90, **chosen)  # type: ignore[arg-type]
    if proxy is None:
        with connect_engine(resolve_endpoint(host, None, {}, Path("/nonexistent"))) as daemon:
            return run.grade_lab(load_built_in_lab("tp7"), daemon, choice), []
    with RecordingProxy(proxy / "engine.sock", host) as recording:
        with connect_engine(resolve_endpoint(recording.host, None, {}, Path("/nonexistent"))) as daemon:
            report = run.grade_lab(load_built_in_lab("tp7"), daemon, choice)
        return report, recording.requests


def marker(report: Report) -> dict[str, object]:
    (seen,) = [
        observation for observation in report.observations.values() if observation.kind == "log-marker"
    ]
    assert isinstance(seen, Seen)
    return seen.facts


def ours(host: str) -> list[object]:
    client = docker.APIClient(host)
    try:
        return list(client.containers(all=True, filters={"label": PROBE_LABEL}))
    finally:
        client.close()


def list_side_effects(requests: list[Request]) -> list[str]:
    """Give what was not a mere reading; ids are left out."""
    return [
        re.sub("[0-9a-f]{64}", "ID", f"{request.method} {request.path}")
        for request in requests
        if request.method != "GET"
    ]


STARTED = ("POST /containers/create", "POST /containers/ID/start")
"""What it takes to start a container of ours."""


def test_a_working_stack_takes_a_few_seconds_and_their_nginx_says_the_word(
    stack: DisposableEngine, tmp_path: Path
) -> None:
    begun = time.monotonic()
    with stack.enter_network():
        report, requests = graded(stack.host, tmp_path)
    assert marker(report)["by"] == "request"
    assert marker(report)["found"] is True
    # The container that shows what every new one is given, and that it starts with that.
    assert list_side_effects(requests) == [*STARTED, "DELETE /containers/ID"]
    assert time.monotonic() - begun < 20
    assert ours(stack.host) == []


def test_a_container_of_ours_says_it_where_theirs_cannot_and_is_gone_afterwards(
    stack: DisposableEngine, tmp_path: Path
) -> None:
    client = docker.APIClient(stack.host)
    log = docker.types.LogConfig(type="gelf", config={"gelf-address": "udp://127.0.0.1:12201"})
    settings = client.create_host_config(log_config=log)
    sender = client.create_container("busybox", ["sleep", "600"], host_config=settings)["Id"]
    client.start(sender)
    client.stop("webservers", timeout=0)
    try:
        with stack.enter_network():
            report, requests = graded(stack.host, tmp_path)
    finally:
        client.start("webservers")
        client.remove_container(sender, force=True)
        client.close()
    assert (marker(report)["by"], marker(report)["found"]) == ("container", True)
    assert sorted(list_side_effects(requests)) == sorted(
        [
            *(*STARTED, "DELETE /containers/ID"),
            *(*STARTED, "DELETE /containers/ID"),
        ]
    )
    for request in requests:
        if request.path == "/containers/create":
            assert is_probe_container_request(request.query, msgspec.json.decode(request.body))
            assert PROBE_NAME_PREFIX in request.query
    assert ours(stack.host) == []


def test_under_passive_nothing_but_readings_leave_and_the_word_is_skipped(
    stack: DisposableEngine, tmp_path: Path
) -> None:
    with stack.enter_network():
        report, requests = graded(stack.host, tmp_path, passive=True)
    assert list_side_effects(requests) == []
    verdicts = {line.id: line.verdict.value for line in report.checks}
    assert verdicts["logs-reach-elasticsearch"] == "skipped"
    assert "failed" not in {
        verdicts[name] for name in ("elasticsearch-healthy", "kibana-ready", "shared-network")
    }


def test_judged_at_once_the_word_is_undecided_not_lost(stack: DisposableEngine) -> None:
    with stack.enter_network():
        report, _ = graded(stack.host, at_once=True)
    (line,) = [check for check in report.checks if check.id == "logs-reach-elasticsearch"]
    assert line.verdict in {"unknown", "passed"}
    assert ours(stack.host) == []
