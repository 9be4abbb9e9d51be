"""Engines of other Debian suites: each is what its name says; what they alone can do is seen as it is."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import Endpoint
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.network import Network
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.engines.settings import EngineSetting, create_engine
from dckgrade.report.observation import Seen
from images import build
from tests.conftest import FIXTURES, need_private_engines

pytestmark = pytest.mark.engine

CONTAINERD_STORE = "io.containerd.snapshotter.v1"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["installed", "trixie", "trixie-containerd"])
def test_an_engine_is_what_its_name_says(name: str) -> None:
    need_private_engines()
    release = RELEASES[name]
    with create_engine(EngineSetting(release=release), FIXTURES) as engine:
        folder = Path(engine.host.removeprefix("unix://")).parent
        info = run_docker(engine.host, "info", "--format", "{{.ServerVersion}} {{.DriverStatus}}")
    assert info.startswith("26.") is (release.suite == "trixie"), info
    assert (CONTAINERD_STORE in info) is release.containerd_store, info
    assert not folder.exists()


@pytest.fixture(scope="module")
def containerd_host() -> Iterator[str]:
    """Give the address of a newer engine whose images containerd keeps; nginx is one of them."""
    need_private_engines()
    with create_engine(EngineSetting(release=RELEASES["trixie-containerd"]), FIXTURES) as engine:
        build.load(engine.host, ["nginx:latest"])
        yield engine.host


def observe_facts(host: str, probe: Probe) -> dict[str, Any]:
    with connect_engine(Endpoint(host, "--host")) as connected:
        seen = probe.observe(connected.take_snapshot())
    assert isinstance(seen, Seen), seen
    return dict(seen.facts)


def test_a_container_attached_to_two_networks_at_once_is_in_both(containerd_host: str) -> None:
    with closing(docker.APIClient(containerd_host, version="auto")) as client:
        for name in ("front", "back"):
            client.create_network(name)
        both = {name: client.create_endpoint_config() for name in ("front", "back")}
        client.create_container("nginx:latest", name="two-nets", networking_config={"EndpointsConfig": both})
        client.start("two-nets")
    assert observe_facts(containerd_host, Container(name="two-nets"))["networks"] == ["back", "front"]
    for name in ("front", "back"):
        assert "two-nets" in observe_facts(containerd_host, Network(name=name))["members"]


def test_an_image_named_by_the_digest_of_its_manifest_is_still_the_lab_s(
    containerd_host: str,
) -> None:
    with closing(docker.APIClient(containerd_host, version="auto")) as client:
        image = client.inspect_image("nginx:latest")  # type: ignore[no-untyped-call]
        (digest,) = image["RepoDigests"]
        client.create_container(digest, name="by-digest")
        client.create_container(image["Id"], name="by-id")
    for name in ("by-digest", "by-id"):
        facts = observe_facts(containerd_host, Container(name=name, image="nginx"))
        assert facts["image_fits"] is True, facts
