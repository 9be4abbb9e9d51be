"""A guest machine: a real kernel with AppArmor, an engine reached as on this machine, gone after use."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dckgrade.prove import images
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.guest import GuestEngine, GuestPanicked
from dckgrade.prove.engines.private import PrivateEngineFailed
from tests.conftest import FIXTURES, need_guests

pytestmark = pytest.mark.engine

BUILDER = FIXTURES / "guest" / "build.py"
PROFILE = "profile held flags=(attach_disconnected) {\n  file,\n  deny signal,\n}\n"
"""It keeps even Docker's signals from a container."""


@contextmanager
def guest() -> Iterator[GuestEngine]:
    with GuestEngine(lambda folder: images.run_builder(BUILDER, [str(folder)])) as booted:
        yield booted


def typed(booted: GuestEngine, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | booted.script_environment | {"DOCKER_HOST": booted.host}
    with booted.enter_network():
        return subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.mark.timeout(600)
def test_profiles_are_loaded_from_here_and_emptying_takes_containers_and_profiles_away(
    tmp_path: Path,
) -> None:
    need_guests()
    (tmp_path / "held").write_text(PROFILE)
    (tmp_path / "broken").write_text("profile broken {\n  file\n}\n")
    with guest() as booted:
        assert "name=apparmor" in run_docker(booted.host, "info", "--format", "{{.SecurityOptions}}")
        images.load_images(booted.host, ["busybox"], FIXTURES / "tp3")

        loaded = typed(booted, tmp_path, "apparmor_parser", "-r", "held")
        broken = typed(booted, tmp_path, "apparmor_parser", "-r", "broken")
        run = ("docker", "run", "-d", "--name", "box", "--security-opt", "apparmor=held", "busybox")
        ran = typed(booted, tmp_path, *run, "sleep", "600")
        profile = typed(booted, tmp_path, "docker", "exec", "box", "cat", "/proc/1/attr/current")
        assert (loaded.returncode, ran.returncode, profile.stdout) == (0, 0, "held (enforce)\n"), loaded
        assert broken.returncode != 0
        assert "syntax error" in broken.stdout

        booted.empty()
        assert run_docker(booted.host, "ps", "--all", "--quiet") == ""
        again = typed(booted, tmp_path, *run, "true")
        assert "apparmor" in again.stderr

        folder = Path(booted.host.removeprefix("unix://")).parent
    assert not folder.exists()


def test_a_machine_that_does_not_boot_says_why_at_once() -> None:
    need_guests()
    begun = time.monotonic()

    def nothing(folder: Path) -> None:
        (folder / "kernel").write_bytes(b"no kernel")
        (folder / "disk").write_bytes(b"no disk")

    with pytest.raises(PrivateEngineFailed, match="invalid kernel header"), GuestEngine(nothing):
        pass
    assert time.monotonic() - begun < 60


def test_a_machine_whose_kernel_panics_is_booted_again_at_once() -> None:
    need_guests()
    begun, builds = time.monotonic(), []

    def without_disk(folder: Path) -> None:
        builds.append(folder)
        images.run_builder(BUILDER, [str(folder)])
        (folder / "disk").unlink()
        (folder / "disk").write_bytes(bytes(1 << 20))

    with (
        pytest.raises(GuestPanicked, match="Unable to mount root fs"),
        GuestEngine(without_disk),
    ):
        pass
    assert len(builds) == 3
    assert not any(folder.exists() for folder in builds)
    assert time.monotonic() - begun < 120
