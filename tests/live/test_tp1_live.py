"""A class room of three private engines in, a swarm that is graded as it is out, and nothing left of it."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dckgrade.engine import endpoint
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.run import grade_lab
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.cluster import PrivateCluster
from dckgrade.prove.live import run_case_script
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict
from tests.conftest import FIXTURES, need_private_engines
from tests.support.built_in_labs import load_built_in_lab

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[PrivateCluster]:
    need_private_engines()
    with PrivateCluster(3) as started:
        yield started


def test_a_worker_whose_machine_dies_is_named() -> None:
    need_private_engines()
    with PrivateCluster(3) as cluster:
        run_case_script(read_case("tp1", FIXTURES / "tp1" / "solution", CaseKind.SOLUTION), cluster)
        assert {line.verdict for line in report(cluster).checks} == {Verdict.PASSED}
        patient = ["docker", "--host", cluster.host, "swarm", "update", "--dispatcher-heartbeat", "1s"]
        subprocess.run(patient, check=True, stdout=subprocess.DEVNULL)

        cluster.engines[2].stop()
        deadline = time.monotonic() + 90
        while report(cluster).score.earned == 10:
            assert time.monotonic() < deadline, "the manager does not miss its worker"
            time.sleep(0.5)

        found = {line.id: line for line in report(cluster).checks}
        named = found["two-workers"].diagnosis
        assert named
        assert (named.code, named.message) == ("SW-08", "Ne répond plus au manager\xa0: worker2.")
        assert found["nodes-active"].verdict is Verdict.PASSED


def report(cluster: PrivateCluster) -> Report:
    with connect_engine(endpoint.resolve_endpoint(cluster.host, None, {}, Path("/nonexistent"))) as daemon:
        return grade_lab(load_built_in_lab("tp1"), daemon, RunOptions())


def test_the_engines_reach_each_other_and_nothing_else(cluster: PrivateCluster) -> None:
    with cluster.enter_network():
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    assert "default" not in routes
    assert "10.11.0.0/24" in routes


def test_nothing_is_left_of_a_cluster() -> None:
    need_private_engines()
    with PrivateCluster(2) as cluster:
        folders = [Path(engine.host.removeprefix("unix://")).parent for engine in cluster.engines]
        holder = cluster._switch.pid
        assert all(folder.is_dir() for folder in folders)
        assert Path(f"/proc/{holder}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    assert not any(folder.exists() for folder in folders)
    assert not Path(f"/proc/{holder}").exists()
