"""What real managers tell of services, and what is asked of them to learn it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import EngineError, resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.swarm.swarm_service import SwarmService
from dckgrade.probes.swarm.swarm_task import SwarmTask
from dckgrade.probes.swarm.swarm_update import SwarmUpdate
from dckgrade.prove.case import CaseKind, read_case
from dckgrade.prove.engines.cluster import PrivateCluster
from dckgrade.prove.engines.docker_command import list_image_references, list_object_names, run_docker
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.images import LabImages
from dckgrade.prove.live import PreparedEngine, run_case_script
from dckgrade.report.observation import Seen
from tests.conftest import FIXTURES, need_private_engines
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine
SECRET_PATHS = ("/secrets", "/configs", "/swarm", "/distribution")
PROBES = (SwarmService(name="web"), SwarmUpdate(service="web"), SwarmTask(service="web"))


@pytest.fixture(scope="module")
def solved() -> Iterator[PreparedEngine]:
    """Give the manager of a swarm in which ch6 is solved."""
    need_private_engines()
    with PrivateCluster(3) as cluster:
        prepared = PreparedEngine(cluster)
        prepared.change_images(LabImages(["busybox", "nginx"], FIXTURES / "ch6"))
        run_case_script(read_case("ch6", FIXTURES / "ch6" / "solution", CaseKind.SOLUTION), prepared)
        yield prepared


def look(host: str, *probes: Probe) -> list[dict[str, Any]]:
    where = resolve_endpoint(host, None, {}, Path("/nonexistent"))
    with connect_engine(where) as daemon:
        given = RunOptions(environment={"HOME": "/nonexistent"})
        seen = observe_probes(probes, daemon.take_snapshot(given), 60.0)
    found = [seen[probe.observation_key] for probe in probes]
    assert all(isinstance(observed, Seen) for observed in found), found
    return [observed.facts for observed in found if isinstance(observed, Seen)]


def test_k3_k4_a_service_is_seen_through_its_update_and_its_task(solved: PreparedEngine) -> None:
    service, update, task = look(solved.host, *PROBES)
    assert (service["desired"], service["running"], service["node_count"]) == (3, 3, 3)
    assert (update["ended_as"], update["previous_image"]) == ("rolled-back-by-hand", "nginx:1.27")
    assert task["mounted"] == task["secrets"] == ["/run/secrets/mdp"]
    assert (task["memory_limit_bytes"], task["status_code"], task["via"]) == (64 * 2**20, 200, "inside")
    inspected = run_docker(solved.host, "inspect", task["container"], "--format", "{{json .Mounts}}")
    assert inspected.strip() == "[]"


def test_k5_what_holds_secrets_is_never_asked_for(solved: PreparedEngine, tmp_path: Path) -> None:
    with RecordingProxy(tmp_path / "proxy.sock", solved.host) as proxy:
        look(proxy.host, *PROBES)
        asked = list(proxy.requests)
    assert not [request for request in asked if request.path.startswith(SECRET_PATHS)]
    services = [request for request in asked if request.path == "/services"]
    assert {(request.method, request.query) for request in services} == {("GET", "status=true")}
    acts = {request.path.split("/")[-1] for request in asked if request.method not in {"GET", "HEAD"}}
    assert acts == {"exec", "start"}


def test_k14_live_restore_and_a_swarm_exclude_each_other() -> None:
    need_private_engines()
    with PrivateEngine("alone") as engine:
        assert engine.restart(b'{"live-restore": true}')
        with pytest.raises(EngineError, match=r"live-restore.* incompatible with swarm mode"):
            run_docker(engine.host, "swarm", "init", "--advertise-addr", "127.0.0.1")


def test_a_cluster_is_emptied_of_services_networks_secrets_and_tags(solved: PreparedEngine) -> None:
    solved.empty()
    for host in solved.hosts:
        assert list_object_names(host, "container", "--all", "--no-trunc") == []
        assert list_object_names(host, "network") == []
        assert "nginx:1.27" not in list_image_references(host)
        state = ["docker", "--host", host, "info", "--format", "{{.Swarm.LocalNodeState}}"]
        assert subprocess.run(state, capture_output=True, text=True, check=True).stdout.strip() == "inactive"
