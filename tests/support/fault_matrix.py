"""Grade labs on recorded engines behind faults, in processes of their own, and tell what went wrong of it."""

import contextlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.support.fault_modes import FAULTS
from tests.support.fault_proxy import EngineBehind, Fault, FaultProxy
from tests.support.recorded_conversations import FOLDER, Conversation
from tests.support.recording_proxy import Request

FIXTURES = Path(__file__).parents[2] / "fixtures"
LABS = sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))
TIMEOUT_S, GRACE_S, BASELINE_S = 3.0, 1.0, 10.0
AT_ONCE = 5
"""Most runs wait most of their time."""
TRIES = 3
"""A run that is late beside others is made again alone: then the machine is no excuse."""
ALLOWED_VERDICTS = {"passed", "unknown", "skipped"}
ALLOWED_EXIT_CODES = {0, 1, 3}
PRELOADED = [
    "docker",
    "dckgrade.cli.grade",
    "dckgrade.cli.command_line",
    "dckgrade.engine.docker_transport",
    "dckgrade.engine.connection",
    "dckgrade.grading.run",
    "dckgrade.lab.checked",
    "dckgrade.render.formats",
    "tests.support.fault_matrix",
]


class Trial(NamedTuple):
    """A lab and what goes wrong while it is graded."""

    lab: str
    fault: str


class Ended(NamedTuple):
    """How a run ended."""

    code: int | None
    """None: it had to be killed, or died."""
    stdout: bytes
    stderr: bytes
    took_s: float
    """But for the time during which the machine had no processor free for it."""


@cache
def load_conversation(lab: str) -> Conversation:
    return Conversation.load(lab)


def does_concern(trial: Trial) -> bool:
    """Return whether grading the lab makes a request that the fault is about."""
    fault = FAULTS[trial.fault]
    return fault.door != "open" or any(
        fault.concerns(parse_key(key)) for key in load_conversation(trial.lab).answers
    )


def parse_key(key: str) -> Request:
    """Return the request that a conversation keeps under *key*."""
    method, path, *_ = key.split(" ")
    return Request(method, path, "")


def list_trials() -> list[Trial]:
    """List every fault with every lab that it concerns."""
    trials = [Trial(lab, fault) for fault in FAULTS for lab in LABS]
    return [trial for trial in trials if does_concern(trial)]


def run_trial(trial: Trial, engine: str | None = None) -> list[str]:
    """Grade the lab behind the fault; return what is wrong, the reasons why it may not."""
    allowed = list_passing_checks(trial.lab, engine)
    return find_wrong(grade_behind(trial.lab, FAULTS[trial.fault], TIMEOUT_S, engine), allowed)


@cache
def list_passing_checks(lab: str, engine: str | None = None) -> frozenset[str]:
    """List the checks that pass without a fault."""
    return frozenset(
        name for name, verdict in grade_without_fault(lab, engine).items() if verdict == "passed"
    )


@cache
def grade_without_fault(lab: str, engine: str | None = None) -> Mapping[str, str]:
    """Return the verdict of each check; a check may take its time."""
    ended = grade_behind(lab, None, BASELINE_S, engine)
    return {check["id"]: check["verdict"] for check in json.loads(ended.stdout)["checks"]}


def grade_behind(lab: str, fault: Fault | None, timeout_s: float, engine: str | None = None) -> Ended:
    """Grade *lab* on its recorded engine, or on the one at *engine*, behind *fault*."""
    behind = EngineBehind(engine) if engine else load_conversation(lab)
    with tempfile.TemporaryDirectory(prefix="dckgrade-faults-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        shutil.copytree(FIXTURES / lab / "solution", place / "work")
        with FaultProxy(place / "s", behind, fault) as proxy:
            words = [lab, "--host", proxy.host, "-f", "json", "--lang", "en", "--no-history"]
            return run_command([*words, "--timeout", f"{timeout_s:g}"], place, timeout_s + 20)


def run_command(words: Sequence[str], place: Path, patience_s: float) -> Ended:
    """Run `dckgrade` in a process that has its modules already, as a user would in *place*/work."""
    child = make_context().Process(target=become_dckgrade, args=(list(words), place))
    begun = time.monotonic()
    child.start()
    child.join(patience_s)
    took_s, has_ended = time.monotonic() - begun, child.exitcode is not None
    if not has_ended:
        child.kill()
        child.join()
    child.close()
    told, stdout, stderr = (path.read_bytes() if path.exists() else b"" for path in list_streams(place))
    code, waited_s = (int(told.split()[0]), float(told.split()[1])) if has_ended and told else (None, 0.0)
    return Ended(code, stdout, stderr, took_s - waited_s)


def list_streams(place: Path) -> tuple[Path, Path, Path]:
    """Return where a run leaves its exit code, which multiprocessing may lose, and what it prints."""
    return place / "told", place / "out", place / "err"


def measure_wait_s() -> float:
    """Return how long this process's threads wanted a processor and had none (proc(5), schedstat), in all."""
    waited_ns = 0
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            waited_ns += int((thread / "schedstat").read_text().split()[1])
    return waited_ns / 1e9


@cache
def make_context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def become_dckgrade(words: list[str], place: Path) -> None:
    """Run the command in this process, which was made for it, its streams in files."""
    told, *printed = list_streams(place)
    begun = time.monotonic()
    for number, path in enumerate(printed, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ |= {"PATH": "/nonexistent", "HOME": str(place), "COLUMNS": "100"}
    os.chdir(place / "work")
    sys.argv = ["dckgrade", *words]
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
    from dckgrade import __main__ as entry_point

    try:
        entry_point.start_command_line()
    except SystemExit as end:
        # What a busy machine has it wait for is not its own; no more than there was can be taken off.
        waited_s = min(measure_wait_s(), time.monotonic() - begun)
        told.write_text(f"{int(end.code or 0)} {waited_s}")


def find_wrong(ended: Ended, passing: frozenset[str], timeout_s: float = TIMEOUT_S) -> list[str]:
    """Return what a run under a fault may not do and did; *passing* pass without it."""
    return [
        *find_wrong_end(ended, timeout_s),
        *find_wrong_verdicts(ended, passing),
    ]


def find_wrong_end(ended: Ended, timeout_s: float) -> Iterator[str]:
    if b"Traceback" in ended.stderr or b"bug in dckgrade" in ended.stderr:
        yield f"a traceback: {ended.stderr.decode(errors='replace')[-600:]}"
    if ended.code not in ALLOWED_EXIT_CODES:
        yield f"exit code {ended.code}"
    if ended.took_s > timeout_s + GRACE_S:
        yield LATE.format(took=ended.took_s)


LATE = "late: {took:.1f} s"


def find_wrong_verdicts(ended: Ended, passing: frozenset[str]) -> Iterator[str]:
    try:
        report = json.loads(ended.stdout)
    except ValueError as error:
        yield f"stdout is not one JSON document: {error}"
        return
    verdicts = {check["id"]: check["verdict"] for check in report["checks"]}
    for name in sorted(passing):
        if verdicts.get(name) not in ALLOWED_VERDICTS:
            yield f"{name} is {verdicts.get(name)}"
    if ended.code == 0 and set(verdicts.values()) != {"passed"}:
        yield "exit code 0, and not all passed"


def run_trials(
    trials: Sequence[Trial],
    engine: str | None = None,
    tell: Callable[[Trial, list[str]], None] = lambda *_: None,
) -> dict[Trial, list[str]]:
    """Run the trials, some at once; those that are late are run again alone. *tell* is told each result."""
    found: dict[Trial, list[str]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Where a fault is absent, all is known before the first one is there.
        list(pool.map(lambda lab: list_passing_checks(lab, engine), {trial.lab for trial in trials}))
        for trial, wrong in zip(
            trials, pool.map(lambda trial: run_trial(trial, engine), trials), strict=True
        ):
            found[trial] = wrong
            tell(trial, wrong)
    for trial in trials:
        for _ in range(TRIES):
            if not any(fault.startswith("late") for fault in found[trial]):
                break
            found[trial] = run_trial(trial, engine)
    return found


def read_commit() -> str:
    """Read which commit this is; nothing where there is no repository."""
    words = ["git", "-C", str(FIXTURES), "rev-parse", "HEAD"]
    with contextlib.suppress(OSError):
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    return ""
