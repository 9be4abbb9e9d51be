"""Applies a case to an engine that may be used up, and grades that engine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from dckgrade.engine import endpoint
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.engine.owned_folders import make_owned_folder
from dckgrade.engine.run_options import WORKDIR, RunOptions
from dckgrade.engine.unavailable import UnavailableEngine
from dckgrade.grading import run
from dckgrade.lab.model import LoadedLab, parse_duration_s
from dckgrade.prove.case import Case
from dckgrade.prove.engines.docker_command import list_image_references, remove_images
from dckgrade.prove.images import LabImages, replace_image_names
from dckgrade.prove.process_group import RUNNING_GROUPS, CaseNotApplied, find_containment_prefix, kill_group
from dckgrade.report.report import Report
from dckgrade.report.result import Verdict

SCRIPT_TIMEOUT_S = 180
MAX_REGRADES = 5


class DisposableEngine(Protocol):
    """An engine that may be used up."""

    @property
    def host(self) -> str:
        """Where it listens."""
        ...

    @property
    def script_environment(self) -> Mapping[str, str]:
        """What an `apply.sh` is told of further engines and of files: environment variables."""
        ...

    def empty(self) -> None:
        """Remove every container, network and volume; images stay."""
        ...

    def enter_network(self) -> AbstractContextManager[None]:
        """Put the calling thread where its containers can be reached."""
        ...


@runtime_checkable
class Restartable(Protocol):
    """An engine of our own whose `daemon.json` a case may choose."""

    @property
    def dockerd(self) -> OwnDockerd:
        """Where its configuration is, and what it prints."""
        ...

    def restart(self, settings: bytes) -> bool:
        """Restart it with that `daemon.json`, its containers stopped; say whether it has come up."""
        ...

    def restore_daemon_json(self) -> None:
        """Restart it with its own, where it has another."""
        ...


@runtime_checkable
class SeveralEngines(Protocol):
    """Engines of our own on one network, of which the first is graded."""

    @property
    def hosts(self) -> Sequence[str]:
        """Where each of them listens."""
        ...


class PreparedEngine:
    """An engine with a lab's images on it: each case finds it as the first one did, its images too."""

    def __init__(
        self, engine: DisposableEngine, lifetime: AbstractContextManager[object] | None = None
    ) -> None:
        self.engine = engine
        self.lifetime = lifetime
        """The context in which an engine of our own runs; None: the engine was there before us."""
        self.foreign_images: set[str] | None = None
        """What was on it before any lab's images; None: not looked at yet."""
        self.image_references: set[str] = set()
        self.archive_paths: Mapping[str, str] = {}
        self.image_replacements: Mapping[str, str] = {}

    @property
    def host(self) -> str:
        """Where it listens."""
        return self.engine.host

    @property
    def hosts(self) -> Sequence[str]:
        """Where it listens, and where further engines do that need the same images."""
        return self.engine.hosts if isinstance(self.engine, SeveralEngines) else [self.host]

    @property
    def is_replaceable(self) -> bool:
        """Return whether another one can be started in its place."""
        return self.lifetime is not None

    @property
    def script_environment(self) -> Mapping[str, str]:
        """What an `apply.sh` is told of further engines, and of the images that it can load."""
        return {**self.engine.script_environment, **self.archive_paths}

    def start(self) -> None:
        """Start an engine of our own."""
        if self.lifetime:
            self.lifetime.__enter__()

    def stop(self) -> None:
        """Stop an engine of our own."""
        if self.lifetime:
            self.lifetime.__exit__(None, None, None)

    def change_images(self, images: LabImages) -> None:
        """Empty it, and put a lab's images in the place of another's."""
        self.engine.empty()
        if self.foreign_images is None:
            self.foreign_images = list_image_references(self.host)
        else:
            self._remove_images_but(self.foreign_images | images.references)
        for host in self.hosts:
            images.load(host)
        self.image_references = list_image_references(self.host)
        self.archive_paths = images.archive_paths
        self.image_replacements = images.replacements

    def empty(self) -> None:
        """Remove all that a case has made: a tag of its own too."""
        self.engine.empty()
        self._remove_images_but(self.image_references)

    def _remove_images_but(self, kept: set[str]) -> None:
        for host in self.hosts:
            remove_images(host, kept)

    def enter_network(self) -> AbstractContextManager[None]:
        """Put the calling thread where its containers can be reached."""
        return self.engine.enter_network()


def grade_case(loaded: LoadedLab, case: Case, engine: DisposableEngine) -> Report:
    """Empty *engine*, apply *case* where its containers can be reached, grade."""
    inner = engine.engine if isinstance(engine, PreparedEngine) else engine
    own = inner if isinstance(inner, Restartable) else None
    is_replaceable = isinstance(engine, PreparedEngine) and engine.is_replaceable
    if case.expectation.needs_fresh_engine and not is_replaceable:
        raise CaseNotApplied(
            f"{case.name} would leave this engine unusable; it is seen on engines of our own."
        )
    if case.daemon_json is not None and own is None:
        raise CaseNotApplied(f"{case.name} has a daemon.json of its own; it is seen on engines of our own.")
    engine.empty()
    # The trainee's own folder: what is typed there may write files, and they are graded.
    with (
        make_owned_folder("dckgrade-case-") as owned,
        tempfile.TemporaryDirectory(prefix="dckgrade-work-", dir=owned) as folder,
        tempfile.TemporaryDirectory(prefix="dckgrade-home-", dir=owned) as home,
        ExitStack() as afterwards,
    ):
        workdir, up = Path(shutil.copytree(case.folder, folder, dirs_exist_ok=True)), True
        if isinstance(engine, PreparedEngine):
            replace_image_names(workdir, engine.image_replacements)
        if own:
            afterwards.callback(own.restore_daemon_json)
        if own and case.daemon_json is not None:
            with engine.enter_network():
                run_case_script(case, engine, workdir, home, "before.sh")
            up = own.restart(case.daemon_json)
        choice = RunOptions(
            lang="fr",
            timeout_s=case.expectation.timeout_s,
            inputs={WORKDIR: str(workdir)},
            # What this machine happens to have installed is none of the case's doing.
            environment={"HOME": home, "PATH": f"{home}/bin"},
            dockerd=own.dockerd if own else None,
        )
        with engine.enter_network() if up else nullcontext():
            run_case_script(case, engine, workdir, home)
            return grade_with_retries(cap_budgets(loaded, case), case, engine.host, choice, up=up)


def cap_budgets(loaded: LoadedLab, case: Case) -> LoadedLab:
    """Shorten the wait for the checks that *case* gives a smaller budget."""
    caps = case.expectation.budget
    checks = [
        replace(check, within=min(check.within or cap, cap, key=parse_duration_s))
        if (cap := caps.get(check.id))
        else check
        for check in loaded.lab.checks
    ]
    return replace(loaded, lab=replace(loaded.lab, checks=checks))


def grade_with_retries(loaded: LoadedLab, case: Case, host: str, choice: RunOptions, *, up: bool) -> Report:
    """Grade the engine at *host*; one that has not come *up* may be what the case is about."""
    where = endpoint.resolve_endpoint(host, None, {}, Path("/nonexistent"))
    with connect_engine(where) if up else UnavailableEngine(where, "") as daemon:
        report = run.grade_lab(loaded, daemon, choice)
        # Grading changes nothing: what a busy machine answered too late may be asked again.
        for _ in range(MAX_REGRADES):
            if not has_unexpected_unknown(case, report):
                break
            report = run.grade_lab(loaded, daemon, choice)
        return report


def has_unexpected_unknown(case: Case, report: Report) -> bool:
    """Return whether something is unknown that should not be."""
    unknown = [line.id for line in report.checks if line.verdict is Verdict.UNKNOWN]
    return any(case.expectation.get_expected_result(check)[0] is not Verdict.UNKNOWN for check in unknown)


def run_case_script(
    case: Case, engine: DisposableEngine, workdir: Path | None = None, home: str = "", name: str = "apply.sh"
) -> None:
    """Run a script of *case* against *engine*, in *workdir* or else in the case's own folder."""
    script = case.folder / name
    if not script.exists():
        return
    # Left out, not emptied: Docker's command before 23 takes an empty variable for a context called "".
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"}
    environment |= {**engine.script_environment, "DOCKER_HOST": engine.host}
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
            [*find_containment_prefix(), "sh", "-e", script.name],
            cwd=workdir or case.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        RUNNING_GROUPS.add(process.pid)
        try:
            ended: int | str = process.wait(SCRIPT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            ended = f"no end in {SCRIPT_TIMEOUT_S} s"
        finally:
            RUNNING_GROUPS.discard(process.pid)
            kill_group(process.pid)
            process.wait()
        if ended != 0:
            printed.seek(0)
            raise CaseNotApplied(f"{script}: {ended}\n{printed.read().decode(errors='replace')}")
