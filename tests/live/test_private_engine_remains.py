"""Private engines that end well or badly in, no process, namespace, control group or folder of theirs out."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import requests

from dckgrade.engine import owned_folders
from dckgrade.prove.engines import cleanup
from dckgrade.prove.engines.private import PrivateEngine
from tests.conftest import need_private_engines
from tests.support.borrowed_image import PYTHON, archive, client_of, serve, until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session", autouse=True)
def _an_engine_can_be_started() -> None:
    need_private_engines()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return archive(tmp_path)


def test_nothing_is_left_behind_with_a_running_container(image: Path) -> None:
    engine = PrivateEngine()
    engine.start()
    engine.load(image)
    serve(engine, "still-running")
    folder, everything = _folder(engine), _descendants(engine._launcher_pid)
    namespaces = _namespaces(everything) - _namespaces({os.getpid(): ""})
    assert len(everything) >= 5, "unshare, dockerd, containerd, a shim, the container"
    assert len(namespaces) >= 4, "two network and two mount namespaces"
    assert _cgroups(folder) != []
    engine.stop()
    _assert_gone(folder, everything)
    assert not namespaces & _namespaces(cleanup._processes())


def test_a_container_stuck_while_starting_does_not_prevent_the_stop(image: Path) -> None:
    engine = PrivateEngine()
    engine.start()
    engine.load(image)
    neither_told_nor_ended = {"names": ["write", "exit_group"], "action": "SCMP_ACT_ERRNO"}
    profile = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [neither_told_nor_ended]})
    with client_of(engine, within=3) as client:
        stuck = client.containers.create("borrowed", [PYTHON], security_opt=[f"seccomp={profile}"])
        with pytest.raises(requests.exceptions.ReadTimeout):
            stuck.start()
    folder, everything = _folder(engine), _descendants(engine._launcher_pid)
    begun = time.monotonic()
    engine.stop()
    assert time.monotonic() - begun < 10
    _assert_gone(folder, everything)


def test_a_paused_container_does_not_prevent_the_stop(image: Path) -> None:
    engine = PrivateEngine()
    engine.start()
    engine.load(image)
    serve(engine, "paused")
    with client_of(engine) as client:
        client.containers.get("paused").pause()
    folder, everything = _folder(engine), _descendants(engine._launcher_pid)
    begun = time.monotonic()
    engine.stop()
    assert time.monotonic() - begun < 10
    _assert_gone(folder, everything)


@pytest.mark.parametrize("state", ["running", "paused"])
def test_killing_the_owner_kills_the_engine_and_the_next_start_sweeps(image: Path, state: str) -> None:
    program = (
        "import pathlib, sys, time; from dckgrade.prove.engines.private import PrivateEngine\n"
        "engine = PrivateEngine(); engine.start(); engine.load(pathlib.Path(sys.argv[1]))\n"
        "print(engine.host, engine._launcher_pid, flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", program, str(image)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        host, launcher = owner.stdout.readline().split()
        orphan = PrivateEngine()
        orphan.host = host
        serve(orphan, "orphan")
        if state == "paused":
            with client_of(orphan) as client:
                client.containers.get("orphan").pause()
        folder, everything = Path(host.removeprefix("unix://")).parent, _descendants(int(launcher))
        assert len(everything) >= 5
        assert folder.exists()
        assert _cgroups(folder) != []
        owner.send_signal(signal.SIGKILL)  # from here on any test that starts an engine sweeps
    if state == "running":  # cgroup v1 keeps a paused container until the sweep thaws it
        until(lambda: not _alive(everything), "every process of the engine is dead")
    with PrivateEngine():
        until(lambda: not _alive(everything), "the thawed are dead too")
        _assert_gone(folder, everything)


def test_the_sweep_spares_the_living_and_the_unfinished() -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=cleanup.FOLDER_PREFIX))
    with PrivateEngine() as living, PrivateEngine():
        assert _folder(living).exists()
        assert unfinished.exists()
    unfinished.rmdir()


def test_the_sweep_ends_what_a_dead_owner_started_without_a_death_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as owner:
        pass
    folder = Path(tempfile.mkdtemp(prefix=cleanup.FOLDER_PREFIX))
    left = [root / f"dckgrade-{owner.pid}-1-left" / "container" for root in cleanup.cgroup_roots()]
    argv = ["dockerd", "-c", "import time; time.sleep(60)", f"--data-root={folder}/data"]
    with subprocess.Popen(argv, executable=sys.executable) as orphan:
        for cgroup in left:
            cgroup.mkdir(parents=True)
        (folder / "owner").write_text(f"{owner.pid}-1")  # from here on any test that starts an engine sweeps
        with PrivateEngine():
            assert orphan.wait(5) == -signal.SIGKILL
            assert not folder.exists()
            assert not any(cgroup.parent.exists() for cgroup in left)


def _folder(engine: PrivateEngine) -> Path:
    return Path(engine.host.removeprefix("unix://")).parent


def _descendants(root: int) -> dict[int, str]:
    parents = {pid: cleanup._parent(pid) for pid in cleanup._processes()}
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: owned_folders.read_start(pid) for pid in found}


def _alive(processes: dict[int, str]) -> list[int]:
    return [pid for pid, started in processes.items() if owned_folders.read_start(pid) == started]


def _namespaces(processes: Iterable[int]) -> set[str]:
    found = set()
    for pid in processes:
        for kind in ("net", "mnt"):
            with contextlib.suppress(OSError):
                found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
    return found


def _cgroups(folder: Path) -> list[Path]:
    suffix = folder.name.removeprefix(cleanup.FOLDER_PREFIX)
    return [path for root in cleanup.cgroup_roots() for path in root.glob(f"dckgrade-*-{suffix}")]


def _assert_gone(folder: Path, processes: dict[int, str]) -> None:
    assert _alive(processes) == []
    assert not folder.exists()
    assert _cgroups(folder) == []
    assert folder.name not in Path("/proc/self/mountinfo").read_text()
