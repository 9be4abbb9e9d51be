"""Runs that are ended at some point by a signal, and what is left of them after the next run."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dckgrade.engine.probe_container_form import PROBE_LABEL
from dckgrade.prove.engines.docker_command import run_docker
from tests.support import traces
from tests.support.fault_modes import FAULTS
from tests.support.fault_proxy import FaultProxy
from tests.support.recorded_conversations import Conversation
from tests.support.tiny_lab import tiny

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
GRADED = {0, 1, 3}
END_S, DEATH_S = 60.0, 10.0
"""Within these seconds a run that is told to end has ended; what was killed has died."""


class Kill(NamedTuple):
    """One run of *command* that was ended *after_s* seconds from its start."""

    command: str
    signal: signal.Signals
    after_s: float
    left_at_once: list[str]
    """What the signal has left to clean up."""
    left: list[str]
    """What the next run has left: of both."""


class KilledCommands:
    """The three commands that leave something to clean up, on a real engine with a running container."""

    def __init__(self, engine: str, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self._temporary = Path(tempfile.mkdtemp(prefix="dckgrade-kills-"))
        lab, fixtures = tiny(folder)
        self._words = {
            "tp7": ["tp7", "--host", engine, "--no-history", "--timeout", "20"],
            "prove": ["prove", str(lab), "--fixtures", str(fixtures), "--jobs", "1"],
            "class": ["class", str(folder / "class.toml"), "--deadline", "30"],
        }

    @contextlib.contextmanager
    def prepare(self) -> Iterator[None]:
        """Have a container to grade, and a class of this engine and of one that hangs."""
        run_docker(self._engine, "run", "-d", "--name", "webservers", "nginx")
        silent = FAULTS["hangs before the head"]
        with FaultProxy(self._folder / "s", Conversation.load("tp5"), silent) as hung:
            hosts = [hung.host, self._engine]
            lines = ['labs = ["tp7"]']
            for number, host in enumerate(hosts):
                lines += ["[[engine]]", f'trainee = "T{number}"', f'host = "{host}"']
            (self._folder / "class.toml").write_text("\n".join(lines))
            try:
                yield
            finally:
                shutil.rmtree(self._temporary, ignore_errors=True)

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start *command*, whose temporary files are its own."""
        # Where the tests were started in the background, Ctrl-C is ignored, and children inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            [sys.executable, "-m", "dckgrade", *self._words[command]],
            env={**os.environ, "TMPDIR": str(self._temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run_whole(self, command: str) -> float:
        """Run it to its end; return the seconds that it took."""
        begun = time.monotonic()
        code = self.start(command).wait(END_S * 3)
        assert code in GRADED, f"{command} ended with {code}"
        return time.monotonic() - begun

    def kill(self, command: str, number: signal.Signals, after_s: float) -> Kill:
        """End it after so many seconds, run it once more to its end, and see what there is."""
        process = self.start(command)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.send_signal(number)
        stuck = []
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            stuck = [f"{command} has not ended {END_S:.0f} s after {number.name}"]
            process.kill()
        at_once = self._look(process.pid)
        self.run_whole(command)
        return Kill(command, number, after_s, at_once, stuck + self.list_left(process.pid))

    def list_left(self, pid: int) -> list[str]:
        """List containers, processes, mounts, control groups, files; what was killed may take a moment."""
        deadline = time.monotonic() + DEATH_S
        while (left := self._look(pid)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left

    def _look(self, pid: int) -> list[str]:
        containers = run_docker(self._engine, "ps", "-aq", "--filter", f"label={PROBE_LABEL}").split()
        return [*(f"container {ref}" for ref in containers), *traces.left(self._temporary, pid)]


def choose_kills(count: int, commands: Sequence[str], seed: str) -> list[tuple[str, signal.Signals, float]]:
    """Choose *count* commands in turn, signals in turn, and where in a run each is sent: from 0 to 1."""
    dice = random.Random(seed)  # noqa: S311 - a choice that can be made again, no secret
    return [
        (commands[number % len(commands)], SIGNALS[number // len(commands) % len(SIGNALS)], dice.random())
        for number in range(count)
    ]
