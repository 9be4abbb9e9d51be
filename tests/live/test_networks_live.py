"""Chapter 3 on a real engine, through a proxy: what leaves for the engine, and that nothing changes there."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.probe_container_form import (
    PROBE_LABEL,
    is_network_question,
    is_probe_container_request,
)
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.prove import live
from dckgrade.prove.case import list_cases
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict
from tests.conftest import FIXTURES, need
from tests.support.built_in_labs import load_built_in_lab
from tests.support.recording_proxy import RecordingProxy, Request

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

CREATE, PROGRAMS = "/containers/create", {"nslookup", "getent", "nc"}


class Site:
    """A case of ch3 on an engine."""

    def __init__(self, engine: DisposableEngine, case: str) -> None:
        self.engine = engine
        engine.empty()
        (found,) = [entry for entry in list_cases(FIXTURES, "ch3") if entry.name == case]
        with engine.enter_network():
            live.run_case_script(found, engine)

    def grade(self, folder: Path | None = None, **chosen: bool) -> tuple[Report, list[Request]]:
        """Grade it; with a *folder* for a proxy, tell what was asked of the engine too."""
        loaded, options = load_built_in_lab("ch3"), RunOptions(**chosen)  # type: ignore[arg-type]
        with RecordingProxy((folder or Path()) / "engine.sock", self.engine.host) as proxy:
            endpoint = resolve_endpoint(proxy.host, None, {}, Path("/nonexistent"))
            with self.engine.enter_network(), connect_engine(endpoint) as connected:
                return run.grade_lab(loaded, connected, options), proxy.requests

    def describe(self) -> dict[str, Any]:
        """Tell all that grading must leave as it is."""
        client = docker.APIClient(self.engine.host)
        try:
            containers = [client.inspect_container(entry["Id"]) for entry in client.containers(all=True)]
            networks = [client.inspect_network(entry["Id"]) for entry in client.networks()]
            images = sorted(image["Id"] for image in client.images())
            volumes = sorted(volume["Name"] for volume in client.volumes()["Volumes"] or [])
        finally:
            client.close()
        for container in containers:
            container["Mounts"].sort(key=str)
        described = {"containers": containers, "networks": networks, "images": images, "volumes": volumes}
        return {
            name: sorted(json.dumps(entry, sort_keys=True) for entry in all_)
            for name, all_ in described.items()
        }

    def count_markers(self) -> int:
        """Count the marked requests that have come to api."""
        client = docker.APIClient(self.engine.host)
        try:
            lines = client.logs("api", stderr=False).decode().splitlines()
        finally:
            client.close()
        return sum("GET /dckgrade-" in line for line in lines)


@pytest.fixture(scope="module")
def solved(engine: DisposableEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not engine.host.startswith("unix://"):
        need("the proxy of this test speaks to unix sockets only", "such engine")
    site, until = Site(engine, "solution"), time.monotonic() + 120
    while site.grade(tmp_path_factory.mktemp("proxy"))[0].score.earned < 10:
        assert time.monotonic() < until
    yield site
    engine.empty()


def list_commands(requests: list[Request]) -> list[list[str]]:
    return [json.loads(request.body)["Cmd"] for request in requests if request.path.endswith("/exec")]


def is_reading(request: Request) -> bool:
    return request.method in {"GET", "HEAD"} and "/images/" not in request.path


def test_a_solved_lab_takes_readings_and_short_commands_and_leaves_all_as_it_was(
    solved: Site, tmp_path: Path
) -> None:
    before, markers = solved.describe(), solved.count_markers()
    report, requests = solved.grade(tmp_path)
    assert report.score.earned == 10
    assert solved.describe() == before
    assert solved.count_markers() == markers + 1, "the marker is sent once a run"
    others = [request for request in requests if not is_reading(request) and "exec" not in request.path]
    assert others == []
    for argv in list_commands(requests):
        assert argv[:2] == ["timeout", "4"]
        assert argv[2] in PROGRAMS
        assert is_network_question(argv[2:]) or argv[2] == "getent"


def test_what_is_passive_only_reads_and_passes_nothing_that_it_did_not_see(
    solved: Site, tmp_path: Path
) -> None:
    markers = solved.count_markers()
    report, requests = solved.grade(tmp_path, passive=True)
    assert [request for request in requests if not is_reading(request)] == []
    assert solved.count_markers() == markers
    verdicts = {check.id: check.verdict for check in report.checks}
    skipped = {name for name, verdict in verdicts.items() if verdict is Verdict.SKIPPED}
    assert skipped == {"name-resolves", "db-answers", "db-isolated", "proxy-passes"}
    assert {verdicts[name] for name in verdicts.keys() - skipped} == {Verdict.PASSED}
    assert (report.score.earned, report.score.undecided) == (4, 6)


def test_images_without_tools_are_looked_from_beside_and_nothing_stays(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    if not engine.host.startswith("unix://"):
        need("the proxy of this test speaks to unix sockets only", "such engine")
    site = Site(engine, "without-tools")
    before = site.describe()
    report, requests = site.grade(tmp_path)
    assert report.score.earned == 10
    vias = {
        seen.facts["via"]
        for seen in report.observations.values()
        if isinstance(seen, Seen) and seen.kind == "network-reach"
    }
    assert vias == {"beside"}
    assert site.describe() == before
    creations = [request for request in requests if request.path == CREATE]
    bodies = [json.loads(creation.body) for creation in creations]
    assert bodies
    assert all(
        is_probe_container_request(creation.query, json.loads(creation.body)) for creation in creations
    )
    assert all(body["HostConfig"]["NetworkMode"].startswith("container:") for body in bodies)
    assert all(is_network_question(body["Entrypoint"]) for body in bodies)
    assert sum(request.method == "DELETE" for request in requests) == len(creations)
    client = docker.APIClient(engine.host)
    try:
        assert client.containers(all=True, filters={"label": PROBE_LABEL}) == []
    finally:
        client.close()
    engine.empty()
