"""A case and an engine that may be used up → the report of that engine once the case has been applied."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, runtime_checkable

from dckgrade import grading
from dckgrade.lab.load import Loaded
from dckgrade.prove.case import Case
from dckgrade.report import Report
from dckgrade.world import endpoint
from dckgrade.world.daemon import connect

APPLY_WITHIN_S = 180


class Disposable(Protocol):
    """An engine that may be used up."""

    @property
    def host(self) -> str:
        """Where it listens."""
        ...

    def empty(self) -> None:
        """Remove every container, network and volume; images stay."""
        ...

    def network(self) -> AbstractContextManager[None]:
        """Stand where its containers can be reached."""
        ...


@runtime_checkable
class Renewable(Protocol):
    """An engine of our own: one that is used up is replaced."""

    def start(self) -> None:
        """Bring it up, empty and without images."""
        ...

    def stop(self) -> None:
        """End it with all that hangs in it."""
        ...


class NotApplied(Exception):
    """An `apply.sh` that did not run through; says what it printed."""


def graded(loaded: Loaded, case: Case, engine: Disposable) -> Report:
    """Empty *engine*, apply *case*, grade."""
    if case.expectation.spent and not isinstance(engine, Renewable):
        raise NotApplied(f"{case.name} would leave this engine unusable; it is seen on engines of our own.")
    engine.empty()
    # The trainee's own folder: what is typed there may write files, and they are graded.
    with TemporaryDirectory(prefix="dckgrade-work-") as folder:
        workdir = Path(shutil.copytree(case.folder, folder, dirs_exist_ok=True))
        apply(case, engine.host, workdir)
        choice = grading.Choice(lang="fr", timeout_s=case.expectation.timeout_s, workdir=workdir)
        where = endpoint.resolve(engine.host, None, {}, Path("/nonexistent"))
        with engine.network(), connect(where) as daemon:
            return grading.grade(loaded, daemon, choice)


def renewed(engine: Disposable, images: Sequence[str], fixtures: Path) -> None:
    """Put a fresh engine in the place of one that can no longer be emptied."""
    if isinstance(engine, Renewable):
        engine.stop()
        engine.start()
        load_images(engine.host, images, fixtures)


def load_images(host: str, images: Sequence[str], fixtures: Path) -> None:
    """Have the fixtures' own builder put *images* on the engine at *host*."""
    builder = fixtures / "images" / "build.py"
    if not images:
        return
    done = subprocess.run(
        [sys.executable, str(builder), "--host", host, *images],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise NotApplied(f"{builder} ended with {done.returncode}:\n{done.stdout}")


def apply(case: Case, host: str, workdir: Path | None = None) -> None:
    """Type what the trainee typed, in *workdir* (else where the case lies), against the engine at *host*."""
    script = case.folder / "apply.sh"
    if not script.exists():
        return
    environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_CONTEXT": ""}
    done = subprocess.run(
        ["sh", "-e", script.name],
        cwd=workdir or case.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=APPLY_WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise NotApplied(f"{script} ended with {done.returncode}:\n{done.stdout}")
