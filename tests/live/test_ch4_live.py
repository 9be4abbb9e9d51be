"""What real engines do with volumes, memory, copies of an image's files and read-only files."""

import io
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import WORKDIR, RunOptions
from dckgrade.probes.base import Probe
from dckgrade.probes.docker.volume import Volume
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.storage.kept_data import STEADY_CREATED_AT_SINCE, KeptData
from dckgrade.probes.storage.mount import Mount
from dckgrade.probes.storage.mount_in_force import TRY_WRITE_SCRIPT, MountInForce
from dckgrade.probes.storage.same_tree import SameTree
from dckgrade.probes.storage.volume_archive import VolumeArchive
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine
from dckgrade.report.observation import Absent, Seen
from tests.support.recording_proxy import RecordingProxy, Request

pytestmark = pytest.mark.engine

SLEEP = ("busybox", "sleep", "600")
SITE = "/usr/share/nginx/html"


@pytest.fixture(autouse=True)
def emptied(engine: DisposableEngine) -> None:
    engine.empty()


def run(engine: DisposableEngine, *words: str) -> None:
    run_docker(engine.host, "run", "--detach", *words)


def look(host: str, probe: Probe, workdir: Path | None = None, *, passive: bool = False) -> Any:
    where = resolve_endpoint(host, None, {}, Path("/nonexistent"))
    inputs = {WORKDIR: str(workdir)} if workdir else {}
    with connect_engine(where) as daemon:
        given = RunOptions(passive=passive, inputs=inputs, environment={"HOME": "/nonexistent"})
        (seen,) = observe_probes([probe], daemon.take_snapshot(given), 60.0).values()
    return seen


def facts(engine: DisposableEngine, probe: Probe, workdir: Path | None = None) -> dict[str, Any]:
    seen = look(engine.host, probe, workdir)
    assert isinstance(seen, Seen), seen
    return seen.facts


def list_changes(requests: list[Request]) -> list[str]:
    return [
        f"{one.method} {one.path.split('/')[-1]}" for one in requests if one.method not in {"GET", "HEAD"}
    ]


def test_a_file_outlives_its_container_and_a_restart_proves_nothing(engine: DisposableEngine) -> None:
    words = ("--name", "keeper", "-v", "kept:/data", "busybox", "sh", "-c")
    run(engine, *words, "[ -e /data/f ] || echo 1 > /data/f; sleep 600")
    time.sleep(1)
    probe = KeptData(container="keeper", path="/data/f")
    run_docker(engine.host, "restart", "--time", "0", "keeper")
    assert facts(engine, probe)["survived"] is False
    run_docker(engine.host, "rm", "--force", "keeper")
    # The folder of the volume changes: before Docker 23 that moves the volume's own date.
    run(engine, *words, "echo > /data/g; sleep 600")
    time.sleep(1)
    found = facts(engine, probe)
    assert (found["survived"], found["older_than_container"], found["volume"]) == (True, True, "kept")


def test_what_docker_copied_from_the_image_is_old_and_has_not_survived(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "site", "-v", f"site:{SITE}", "nginx")
    probe = KeptData(container="site", path=f"{SITE}/index.html")
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        found = look(proxy.host, probe).facts
    assert (found["older_than_container"], found["from_image"], found["survived"]) == (True, True, False)
    made = [change.split(" ")[0] for change in list_changes(proxy.requests)]
    assert made == ["POST", "DELETE"], "created, never started, removed"
    assert run_docker(engine.host, "ps", "--all", "--format", "{{.Names}}").split() == ["site"]
    untold = look(engine.host, probe, passive=True).facts
    assert (untold["from_image"], untold["survived"]) == (None, None)


def test_what_is_in_memory_is_not_found_and_the_kernel_tells_its_limit(engine: DisposableEngine) -> None:
    run(engine, "--name", "cached", "--tmpfs", "/cache:size=16m", "-v", "disk:/disk", *SLEEP)
    run_docker(engine.host, "exec", "cached", "touch", "/cache/f", "/disk/f")
    assert facts(engine, KeptData(container="cached", path="/cache/f"))["exists"] is False
    assert facts(engine, KeptData(container="cached", path="/disk/f"))["exists"] is True
    found = facts(engine, MountInForce(container="cached", destination="/cache"))
    assert (found["filesystem"], found["size_kib"], found["mounted"]) == ("tmpfs", 16384, True)
    assert facts(engine, MountInForce(container="cached", destination="/disk"))["filesystem"] != "tmpfs"


def test_a_volume_of_memory_is_told_from_one_on_the_disk(engine: DisposableEngine) -> None:
    run_docker(engine.host, "volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "fleeting")
    run(engine, "--name", "two", "-v", "fleeting:/a", "-v", "lasting:/b", *SLEEP)
    in_memory = [
        facts(engine, Mount(container="two", destination=path))["in_memory"] for path in ("/a", "/b")
    ]
    assert in_memory == [True, False]


def test_a_refused_write_changes_nothing_and_none_is_tried_on_what_is_writable(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "writer", "-v", "shared:/w", *SLEEP)
    run_docker(engine.host, "exec", "writer", "sh", "-c", "echo 1 > /w/f")
    run(engine, "--name", "reader", "-v", "shared:/r:ro", "-v", "shared:/w", *SLEEP)
    before = facts(engine, KeptData(container="reader", path="/r/f"))["size"]
    found = facts(engine, MountInForce(container="reader", destination="/r/f"))
    assert (found["read_only"], found["refused_write"], found["mounted"]) == (True, True, False)
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        writable = look(proxy.host, MountInForce(container="reader", destination="/w/f")).facts
    assert (writable["read_only"], writable["refused_write"]) == (False, None)
    assert not any(TRY_WRITE_SCRIPT.encode() in one.body for one in proxy.requests)
    assert facts(engine, KeptData(container="reader", path="/r/f"))["size"] == before


def test_looking_creates_no_volume_and_passively_sends_only_readings(
    engine: DisposableEngine, tmp_path: Path
) -> None:
    run(engine, "--name", "one", "-v", "left:/data", *SLEEP)
    run(engine, "--name", "other", "-v", "right:/data", *SLEEP)
    run_docker(engine.host, "exec", "one", "sh", "-c", "echo x > /data/f; chown 1000 /data/f")
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        info = tarfile.TarInfo("volume/f")
        info.size, info.uid, info.mode = 2, 1000, 0o644
        tar.addfile(info, io.BytesIO(b"x\n"))
    volumes = run_docker(engine.host, "volume", "ls", "--quiet")
    probes: list[Probe] = [
        Mount(container="one", destination="/data"),
        KeptData(container="one", path="/data/f"),
        SameTree(container="one", path="/data", with_="other:/data"),
        SameTree(container="one", path="/data", with_="s.tar"),
        VolumeArchive(file="s.tar"),
    ]
    with RecordingProxy(tmp_path / "engine.sock", engine.host) as proxy:
        seen = [look(proxy.host, probe, tmp_path, passive=True) for probe in probes]
    assert list_changes(proxy.requests) == []
    assert "HEAD" in {one.method for one in proxy.requests}
    assert [found.facts.get("same") for found in seen] == [None, None, False, True, None]
    assert run_docker(engine.host, "volume", "ls", "--quiet") == volumes
    assert isinstance(look(engine.host, KeptData(container="nobody", path="/x")), Absent)


def test_pruning_takes_a_named_volume_without_a_container_before_docker_23_alone(
    engine: DisposableEngine,
) -> None:
    run_docker(engine.host, "volume", "create", "alone")
    run(engine, "--name", "user", "-v", "held:/data", *SLEEP)
    run_docker(engine.host, "volume", "prune", "--force")
    major = int(run_docker(engine.host, "version", "--format", "{{.Server.Version}}").partition(".")[0])
    assert isinstance(look(engine.host, Volume(name="alone")), Absent) is (major < STEADY_CREATED_AT_SINCE)
    assert isinstance(look(engine.host, Volume(name="held")), Seen)
