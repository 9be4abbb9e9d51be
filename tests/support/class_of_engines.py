"""A class of fake engines on which TP5 is solved, each with a speed of its own; some hang, some are gone."""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.cli_runner import make_environment
from tests.support.fault_modes import FAULTS
from tests.support.fault_proxy import FaultProxy
from tests.support.recorded_conversations import Answer, Conversation
from tests.support.recording_proxy import Request

LAB = "tp5"
HUNG, DEAD = "hangs before the head", "connection refused"
"""The first greets, and then answers nothing."""


class Machine(NamedTuple):
    """A trainee's engine: how many seconds each answer takes, or which fault it has."""

    trainee: str
    delay_s: float = 0.0
    fault: str = ""


class SlowEngine:
    """Answers as recorded, after a while."""

    def __init__(self, conversation: Conversation, delay_s: float) -> None:
        self._conversation, self._delay_s = conversation, delay_s

    def answer(self, request: Request) -> Answer:
        time.sleep(self._delay_s)
        return self._conversation.answer(request)


class ClassRun(NamedTuple):
    """What a run of `dckgrade class` came to."""

    scores: dict[str, tuple[int, int]]
    """By trainee: points earned, points undecided."""
    done_s: dict[str, float]
    """By trainee: after how many seconds the machine was done with."""
    took_s: float


def make_class(hung: int, dead: int, slow: int, live: int) -> list[Machine]:
    """Return the machines, the most harmful first; the slow ones take half a second for each answer."""
    return [
        *(Machine(f"hung-{number}", fault=HUNG) for number in range(hung)),
        *(Machine(f"dead-{number}", fault=DEAD) for number in range(dead)),
        *(Machine(f"slow-{number}", delay_s=0.5) for number in range(slow)),
        *(Machine(f"live-{number}", delay_s=0.2 * number / live) for number in range(live)),
    ]


def list_wrong_rows(machines: Sequence[Machine], run: ClassRun) -> list[str]:
    """Return the trainees whose row is not as it must be: all points, or all of them undecided."""
    expected = {machine.trainee: (0, 10) if machine.fault else (10, 0) for machine in machines}
    return [trainee for trainee, score in expected.items() if run.scores.get(trainee) != score]


@contextlib.contextmanager
def start_machines(machines: Sequence[Machine], folder: Path) -> Iterator[Path]:
    """Start the engines; give the class's file."""
    conversation = Conversation.load(LAB)
    with contextlib.ExitStack() as stack:
        lines = [f'labs = ["{LAB}"]']
        for number, machine in enumerate(machines):
            fault = FAULTS.get(machine.fault)
            engine = SlowEngine(conversation, machine.delay_s)
            proxy = stack.enter_context(FaultProxy(folder / f"{number}.sock", engine, fault))
            lines += ["[[engine]]", f'trainee = "{machine.trainee}"', f'host = "{proxy.host}"']
        file = folder / "class.toml"
        file.write_text("\n".join(lines))
        yield file


def grade_class(file: Path) -> ClassRun:
    """Grade the class as a trainer would, and note when each machine's line comes."""
    begun, done_s = time.monotonic(), dict[str, float]()
    words = [sys.executable, "-m", "dckgrade", "class", str(file), "-f", "json", "--lang", "en"]
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(
            words, stdout=printed, stderr=subprocess.PIPE, text=True, env=make_environment(None)
        ) as process,
    ):
        assert process.stderr
        for line in process.stderr:
            if found := re.match(r"\[\d+/\d+\] (\S+): ", line):
                done_s[found[1]] = time.monotonic() - begun
        process.wait()
        printed.seek(0)
        rows = json.loads(printed.read())["rows"]
    cells = {row["trainee"]: row["cells"][LAB]["score"] for row in rows}
    scores = {trainee: (score["earned"], score["undecided"]) for trainee, score in cells.items()}
    return ClassRun(scores, done_s, time.monotonic() - begun)
