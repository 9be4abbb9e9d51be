"""A case and an engine that may be used up → the report of that engine once the case has been applied."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from dckgrade import grading
from dckgrade.lab.load import Loaded
from dckgrade.prove.case import Case
from dckgrade.prove.docker_command import docker, images, remove_images
from dckgrade.report import Report
from dckgrade.verdict import Verdict
from dckgrade.world import endpoint
from dckgrade.world.connection import connect

APPLY_WITHIN_S = 180
LOOKS_AGAIN = 2
RUNNING: set[int] = set()
"""Every `apply.sh` of ours that is running now, each with a process group of its own."""
# What an `apply.sh` starts and forgets, or was doing when we were killed, dies with it.
CAGE = (
    *("setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--kill-child=KILL"),
    *("--mount", "--mount-proc", "--propagation", "private"),
)


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


@runtime_checkable
class Renewable(Protocol):
    """An engine of our own: one that is used up is replaced."""

    def start(self) -> None:
        """Bring it up, empty and without images."""
        ...

    def stop(self) -> None:
        """End it with all that hangs in it."""
        ...


class Stage:
    """An engine with a lab's images on it: each case finds it as the first one did, its images too."""

    def __init__(
        self,
        engine: Disposable,
        load: Callable[[str], None] = lambda _host: None,
        shelf: Mapping[str, str] | None = None,
    ) -> None:
        self.engine, self.load, self.shelf = engine, load, shelf or {}
        load(engine.host)
        self.images = images(engine.host)

    @property
    def host(self) -> str:
        """Where it listens; elsewhere once it has been renewed."""
        return self.engine.host

    @property
    def neighbours(self) -> Mapping[str, str]:
        """What an `apply.sh` is told of further engines, and of what is on the shelf."""
        return {**self.engine.neighbours, **self.shelf}

    def empty(self) -> None:
        """Remove all that a case has made: a tag of its own too."""
        self.engine.empty()
        remove_images(self.host, self.images)

    def network(self) -> AbstractContextManager[None]:
        """Stand where its containers can be reached."""
        return self.engine.network()

    def renew(self) -> None:
        """Put a fresh engine in the place of one that can no longer be emptied."""
        if isinstance(self.engine, Renewable):
            self.engine.stop()
            self.engine.start()
            self.load(self.host)


class NotApplied(Exception):
    """An `apply.sh` that did not run through; says what it printed."""


def graded(loaded: Loaded, case: Case, engine: Disposable) -> Report:
    """Empty *engine*, apply *case* where its containers can be reached, grade."""
    if case.expectation.spent and not (isinstance(engine, Stage) and isinstance(engine.engine, Renewable)):
        raise NotApplied(f"{case.name} would leave this engine unusable; it is seen on engines of our own.")
    engine.empty()
    where = endpoint.resolve(engine.host, None, {}, Path("/nonexistent"))
    # The trainee's own folder: what is typed there may write files, and they are graded.
    with (
        tempfile.TemporaryDirectory(prefix="dckgrade-work-") as folder,
        tempfile.TemporaryDirectory(prefix="dckgrade-home-") as home,
        engine.network(),
    ):
        workdir = Path(shutil.copytree(case.folder, folder, dirs_exist_ok=True))
        apply(case, engine, workdir, home)
        choice = grading.Choice(
            lang="fr",
            timeout_s=case.expectation.timeout_s,
            workdir=workdir,
            # What this machine happens to have installed is none of the case's doing.
            environment={"HOME": home, "PATH": f"{home}/bin"},
        )
        with connect(where) as daemon:
            report = grading.grade(loaded, daemon, choice)
            # Grading changes nothing: what a busy machine answered too late may be asked again.
            for _ in range(LOOKS_AGAIN):
                if not too_late(case, report):
                    break
                report = grading.grade(loaded, daemon, choice)
            return report


def too_late(case: Case, report: Report) -> bool:
    """Say whether something is unknown that should not be."""
    unknown = [line.id for line in report.checks if line.verdict is Verdict.UNKNOWN]
    return any(case.expectation.of(check)[0] is not Verdict.UNKNOWN for check in unknown)


def load_images(host: str, wanted: Sequence[str], home: Path) -> None:
    """Put *wanted* on the engine at *host*: archives beside the cases, the rest by the builder."""
    archives = [name for name in wanted if name.endswith(".tar")]
    for name in archives:
        docker(host, "load", "--quiet", "--input", str(home / name))
    if named := [name for name in wanted if name not in archives]:
        built(home.parent / "images" / "build.py", ["--host", host, *named])


def shelved(names: Sequence[str], fixtures: Path) -> dict[str, str]:
    """Have the builder make archives; give for each image the variable that tells an `apply.sh` its path."""
    if not names:
        return {}
    lines = built(fixtures / "images" / "build.py", names).splitlines()
    paths = [line.rpartition(" ")[2] for line in lines if line.endswith(".tar")]
    variables = ("SHELF_" + re.sub(r"\W", "_", name).upper() for name in names)
    return dict(zip(variables, paths, strict=True))


def built(builder: Path, words: Sequence[str]) -> str:
    """Run the builder, and give what it printed; `NotApplied` with that when it fails."""
    done = subprocess.run(
        [*cage(), sys.executable, str(builder), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise NotApplied(f"{builder} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def apply(case: Case, engine: Disposable, workdir: Path | None = None, home: str = "") -> None:
    """Type what the trainee typed, in *workdir* (else where the case lies), against *engine*."""
    script = case.folder / "apply.sh"
    if not script.exists():
        return
    # Left out, not emptied: Docker's command before 23 takes an empty variable for a context called "".
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
    environment |= {**engine.neighbours, "DOCKER_HOST": engine.host}
    if home:
        environment = {name: value for name, value in environment.items() if name != "XDG_CACHE_HOME"}
        # The command's own plugins stay where its owner has them.
        config = environment.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
        environment |= {
            "DOCKER_CONFIG": config,
            "HOME": home,
            "PATH": f"{home}/bin:{environment.get('PATH', '')}",
        }
    # A file, not a pipe: a pipe ends only when the last forgotten background process has let go of it.
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [*cage(), "sh", "-e", script.name],
            cwd=workdir or case.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        RUNNING.add(process.pid)
        try:
            ended: int | str = process.wait(APPLY_WITHIN_S)
        except subprocess.TimeoutExpired:
            ended = f"no end in {APPLY_WITHIN_S} s"
        finally:
            RUNNING.discard(process.pid)
            end(process.pid)
            process.wait()
        if ended != 0:
            printed.seek(0)
            raise NotApplied(f"{script}: {ended}\n{printed.read().decode(errors='replace')}")


def end(group: int) -> None:
    """Kill an `apply.sh` and what it left in the background."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@contextlib.contextmanager
def ended_when_interrupted() -> Iterator[None]:
    """Kill every `apply.sh` when whoever waits is interrupted; not otherwise, they may be another lab's."""
    try:
        yield
    except BaseException:
        for group in list(RUNNING):
            end(group)
        raise


@cache
def cage() -> tuple[str, ...]:
    """Give what an `apply.sh` runs in, where we may build it."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which(CAGE[0]):
        return ()
    trial = subprocess.run([*CAGE, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return () if trial.returncode else CAGE
