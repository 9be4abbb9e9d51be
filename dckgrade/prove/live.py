"""A case and an engine that may be used up → the report of that engine once the case has been applied."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

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

    @property
    def neighbours(self) -> Mapping[str, str]:
        """What an `apply.sh` is told of further engines: environment variables."""
        ...

    def empty(self) -> None:
        """Remove every container, network and volume; images stay."""
        ...

    def network(self) -> AbstractContextManager[None]:
        """Stand where its containers can be reached."""
        ...


class NotApplied(Exception):
    """An `apply.sh` that did not run through; says what it printed."""


def graded(loaded: Loaded, case: Case, engine: Disposable) -> Report:
    """Empty *engine*, apply *case*, grade."""
    engine.empty()
    apply(case, engine)
    choice = grading.Choice(lang="fr", timeout_s=case.expectation.timeout_s)
    where = endpoint.resolve(engine.host, None, {}, Path("/nonexistent"))
    with engine.network(), connect(where) as daemon:
        return grading.grade(loaded, daemon, choice)


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


def apply(case: Case, engine: Disposable) -> None:
    """Type what the trainee typed, against *engine*."""
    script = case.folder / "apply.sh"
    if not script.exists():
        return
    environment = {**os.environ, **engine.neighbours, "DOCKER_HOST": engine.host, "DOCKER_CONTEXT": ""}
    done = subprocess.run(
        ["sh", "-e", script.name],
        cwd=case.folder,
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
