"""What real engines do with images that are built, saved, built again and cleaned up."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.allowlist import READING_METHODS
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import WORKDIR, RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_processes import ContainerProcesses
from dckgrade.probes.docker.image_archive import ImageArchive
from dckgrade.probes.docker.image_build import ImageBuild
from dckgrade.probes.docker.image_files import ImageFiles
from dckgrade.probes.docker.image_layers import ImageLayers
from dckgrade.probes.docker.images_dangling import ImagesDangling
from dckgrade.probes.observe import observe_probes
from dckgrade.prove.engines.docker_command import list_image_references, remove_images, run_docker
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Seen, Unobservable
from tests.support.recording_proxy import RecordingProxy

pytestmark = pytest.mark.engine

APP = 'FROM busybox\nCOPY page.txt /\nUSER 1000\nENTRYPOINT ["sleep"]\nCMD ["600"]\n'
TWO_STAGES = (
    "FROM busybox AS build\nRUN echo made > /made\nFROM busybox\nCOPY --from=build /made /made\n"
    'ENTRYPOINT ["sleep", "600"]\n'
)


class Desk:
    """A working folder, and an engine that is left as it was found."""

    def __init__(self, engine: DisposableEngine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        (folder / "page.txt").write_text("page\n")

    def build(self, dockerfile: str, *options: str) -> None:
        (self.folder / "Dockerfile").write_text(dockerfile)
        subprocess.run(
            ["docker", "--host", self.engine.host, "build", *options, str(self.folder)],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder), "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            check=True,
        )

    def docker(self, *words: str) -> str:
        return run_docker(self.engine.host, *words)

    def look(self, probe: Probe, host: str = "", *, passive: bool = False) -> Any:
        where = resolve_endpoint(host or self.engine.host, None, {}, Path("/nonexistent"))
        with connect_engine(where) as daemon:
            given = RunOptions(
                passive=passive, inputs={WORKDIR: str(self.folder)}, environment={"HOME": "/nonexistent"}
            )
            (seen,) = observe_probes([probe], daemon.take_snapshot(given), 60.0).values()
        return seen

    def facts(self, probe: Probe) -> dict[str, Any]:
        seen = self.look(probe)
        assert isinstance(seen, Seen), seen
        return seen.facts


@pytest.fixture
def desk(engine: DisposableEngine, tmp_path: Path) -> Any:
    engine.empty()
    before = list_image_references(engine.host)
    folder = tmp_path / "desk"
    folder.mkdir()
    yield Desk(engine, folder)
    engine.empty()
    remove_images(engine.host, before)


def test_a_right_build_in_two_stages_leaves_an_image_without_a_name(desk: Desk) -> None:
    desk.build(TWO_STAGES, "-t", "two:1")
    assert desk.facts(ImagesDangling())["count"] == 1
    desk.docker("image", "prune", "--force")
    assert desk.facts(ImagesDangling())["count"] == 0
    assert desk.facts(ImageBuild(name="two:1"))["found_by"] == "name"


def test_pruning_spares_the_image_that_a_stopped_container_still_uses(desk: Desk) -> None:
    desk.build(APP, "-t", "mon-app:1.0")
    desk.docker("create", "--name", "app", "mon-app:1.0")
    (desk.folder / "page.txt").write_text("another page\n")
    desk.build(APP, "-t", "mon-app:1.0")
    desk.docker("image", "prune", "--force")
    assert desk.facts(ImagesDangling())["used_by"] == ["app"]
    assert desk.facts(ImageBuild(name="mon-app:1.0", container="app"))["container_image"] == "older"


def test_a_file_that_a_layer_removes_is_in_no_container_and_in_the_image(desk: Desk) -> None:
    (desk.folder / ".env").write_text("JETON=jt-0123456789\n")
    desk.build("FROM busybox\nCOPY .env /etc/\nRUN rm /etc/.env\n", "-t", "leaky:1")
    found = desk.facts(ImageLayers(name="leaky:1", patterns=[".env"], words_of=".env"))
    assert (found["removed_later"], found["holders"]) == (["/etc/.env"], ["/etc/.env"])
    assert desk.facts(ImageFiles(name="leaky:1", any_of=["/etc/.env"]))["found"] == []


def test_the_same_paths_are_seen_in_a_container_and_without_one(desk: Desk) -> None:
    desk.build(APP, "-t", "mon-app:1.0")
    paths = ["/page.txt", "/bin/sh", "/usr/bin/gcc"]
    created = desk.facts(ImageFiles(name="mon-app:1.0", any_of=paths))
    desk.docker("run", "--detach", "--name", "app", "mon-app:1.0")
    running = desk.facts(ImageFiles(name="mon-app:1.0", container="app", any_of=paths))
    assert created["found"] == running["found"] == ["/page.txt", "/bin/sh"]
    assert (created["via"], running["via"]) == ("created", "container")
    assert desk.docker("ps", "--all", "--quiet").split() == desk.docker("ps", "--quiet").split()


def test_what_is_saved_is_told_from_what_is_exported_and_from_an_earlier_build(desk: Desk) -> None:
    desk.build(APP, "-t", "mon-app:1.0")
    probe, file = ImageArchive(file="mon-app.tar", image="mon-app:1.0"), str(desk.folder / "mon-app.tar")
    desk.docker("save", "-o", file, "mon-app:1.0")
    found = desk.facts(probe)
    assert (found["kind"], found["has_tag"], found["has_image"]) == ("saved", True, True)
    desk.build(APP + "LABEL again=yes\n", "-t", "mon-app:1.0")
    assert desk.facts(probe)["has_image"] is False
    desk.docker("save", "-o", file, desk.docker("images", "-q", "mon-app:1.0").strip())
    found = desk.facts(probe)
    assert (found["kind"], found["tags"], found["has_image"]) == ("saved", [], True)
    desk.docker("create", "--name", "app", "mon-app:1.0")
    desk.docker("export", "-o", file, "app")
    assert desk.facts(probe)["kind"] == "exported"


def test_the_form_of_the_command_says_nothing_of_how_it_stops(desk: Desk) -> None:
    desk.build("FROM busybox\nENTRYPOINT sleep 600\n", "-t", "shelled:1")
    desk.build('FROM busybox\nENTRYPOINT ["sh", "-c", "sleep 600; true"]\n', "-t", "waiting:1")
    forms = [desk.facts(ImageBuild(name=name))["entrypoint_form"] for name in ("shelled:1", "waiting:1")]
    assert forms == ["shell", "shell"]
    desk.docker("run", "--detach", "--init", "--name", "inited", "shelled:1")
    desk.docker("run", "--detach", "--name", "shelled", "shelled:1")
    desk.docker("run", "--detach", "--name", "waiting", "waiting:1")
    time.sleep(1)
    first = {
        name: desk.facts(ContainerProcesses(container=name)) for name in ("inited", "shelled", "waiting")
    }
    assert (first["shelled"]["first"], first["waiting"]["first"]) == ("sleep", "sh")
    assert first["inited"]["handles_term"] is True
    desk.docker("stop", "--time", "1", "inited", "waiting")
    codes = [desk.facts(Container(name=name))["exit_code"] for name in ("inited", "waiting")]
    assert codes == [143, 137]


def test_an_export_is_a_reading_and_a_container_of_ours_is_never_started(desk: Desk, tmp_path: Path) -> None:
    desk.build(APP, "-t", "mon-app:1.0")
    with RecordingProxy(tmp_path / "layers.sock", desk.engine.host) as proxy:
        assert isinstance(desk.look(ImageLayers(name="mon-app:1.0", patterns=[".env"]), proxy.host), Seen)
    assert {request.method for request in proxy.requests} <= READING_METHODS
    with RecordingProxy(tmp_path / "files.sock", desk.engine.host) as proxy:
        assert isinstance(desk.look(ImageFiles(name="mon-app:1.0", any_of=["/page.txt"]), proxy.host), Seen)
    changing = [request for request in proxy.requests if request.method not in READING_METHODS]
    assert [request.method for request in changing] == ["POST", "DELETE"]
    assert changing[0].path.endswith("/containers/create")


def test_passive_reads_no_layers_and_creates_nothing(desk: Desk) -> None:
    desk.build(APP, "-t", "mon-app:1.0")
    layers, files = (
        ImageLayers(name="mon-app:1.0", patterns=["x"]),
        ImageFiles(name="mon-app:1.0", any_of=["/x"]),
    )
    for probe in (layers, files):
        assert isinstance(desk.look(probe, passive=True), Unobservable)
    desk.docker("run", "--detach", "--name", "app", "mon-app:1.0")
    seen = desk.look(ImageFiles(name="mon-app:1.0", container="app", any_of=["/page.txt"]), passive=True)
    assert isinstance(seen, Seen)
