"""Engines of other Debian suites: each is what its name says, and leaves nothing behind."""

from pathlib import Path

import pytest

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.engines.settings import EngineSetting, create_engine
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
