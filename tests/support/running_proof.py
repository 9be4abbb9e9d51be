"""A `prove` in a process of its own, to be watched, interrupted and killed; and what must then be gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support import traces


class Running:
    """A `prove` of the tiny lab on an engine of its own, in another process."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        # Where the tests were started in the background, Ctrl-C is ignored, and children inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        words = ["prove", str(folder / "tiny.yaml"), "--fixtures", str(folder / "fixtures"), "--record"]
        self.temporary = temporary
        self.sampled = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dckgrade", *words, "--jobs", "1", "-f", "json", "--lang", "en"],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_two_cases_are_done(self) -> set[str]:
        """Wait, then give the namespaces that the run has made."""
        for line in self.process.stderr or ():
            if line.startswith("tiny 2/3"):
                break
        self.sampled = traces.ticks_now()
        ours = [pid for pid, _ in traces.processes(self.temporary)]
        return traces.namespaces(ours) - traces.namespaces([os.getpid()])

    def left(self) -> list[str]:
        return traces.left(self.temporary, self.process.pid)


def gone(running: Running, namespaces: set[str]) -> None:
    """Assert that no trace is left; a killed process may take a moment to die."""

    def traces_left() -> list[str]:
        held = traces.namespaces(traces.older_than(running.sampled)) & namespaces
        return [*running.left(), *sorted(held)]

    deadline = time.monotonic() + 10
    while (left := traces_left()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
