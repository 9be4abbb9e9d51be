"""The machines of a class, each graded in a process of its own: what ends one process ends no other."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_runner import dckgrade_process, make_environment
from tests.support.fault_engine import FaultEngine, Reply, reply_to_ping, reply_with

UNTOUCHED = {
    "/info": reply_with({"ID": "A1", "Name": "poste", "ServerVersion": "28.5.2", "OSType": "linux"}),
    "/containers/json": reply_with([]),
    "/images/json": reply_with([]),
}
"""What an engine answers on which nothing has been done."""


def read_peer_pid(connection: socket.socket) -> int:
    """Return the process at the other end of a unix socket."""
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def kill_peer(number: signal.Signals) -> Reply:
    """Reply by killing the process that asks, as a fault in a C library would."""
    return lambda connection, _: os.kill(read_peer_pid(connection), number)


def write_class(folder: Path, engines: Sequence[FaultEngine]) -> Path:
    tables = [f'[[engine]]\ntrainee = "T{at}"\nhost = "{engine.url}"\n' for at, engine in enumerate(engines)]
    file = folder / "class.toml"
    file.write_text('labs = ["tp5", "tp2"]\n' + "".join(tables))
    return file


@contextmanager
def start_engines(folder: Path, crashing: dict[int, Reply], count: int) -> Iterator[list[FaultEngine]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                FaultEngine(
                    folder / f"{at}.sock",
                    UNTOUCHED | ({"/containers/json": crashing[at]} if at in crashing else {}),
                )
            )
            for at in range(count)
        ]


def grade_class(file: Path, *words: str) -> tuple[int, dict[str, dict[str, Any]], str]:
    done = dckgrade_process("class", str(file), "-f", "json", "--lang", "en", *words)
    rows = json.loads(done.stdout)["rows"]
    return done.returncode, {row["trainee"]: row["cells"] for row in rows}, done.stderr.decode()


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_a_crash_while_one_machine_is_graded_takes_no_other_s_results(tmp_path: Path, jobs: str) -> None:
    deaths = {1: kill_peer(signal.SIGSEGV), 2: kill_peer(signal.SIGKILL)}
    with start_engines(tmp_path, deaths, 5) as engines:
        code, cells, stderr = grade_class(write_class(tmp_path, engines), "--jobs", jobs)

    assert code == 3
    for name in ("T0", "T3", "T4"):
        assert cells[name]["tp5"]["score"] == {"earned": 0, "possible": 10, "undecided": 0}
        assert not cells[name]["tp5"].get("unreached")
    for name, how in (("T1", "SIGSEGV"), ("T2", "SIGKILL")):
        assert {cell["score"]["undecided"] == cell["score"]["possible"] for cell in cells[name].values()} == {
            True
        }
        assert f"({how}); that is a bug in dckgrade" in cells[name]["tp5"]["unreached"]
    assert len(stderr.splitlines()) == 5
    assert "Traceback" not in stderr


def test_the_lab_that_was_graded_before_the_crash_keeps_its_result(tmp_path: Path) -> None:
    asked: list[int] = []

    def die_later(connection: socket.socket, over: threading.Event) -> None:
        asked.append(read_peer_pid(connection))
        # TP5 asks for the containers first; TP2, which comes after it, asks for them again.
        if len(asked) > 1:
            os.kill(asked[-1], signal.SIGSEGV)
        UNTOUCHED["/containers/json"](connection, over)

    with start_engines(tmp_path, {0: die_later}, 1) as engines:
        _, cells, _ = grade_class(write_class(tmp_path, engines))

    assert cells["T0"]["tp5"]["score"]["undecided"] == 0
    assert "SIGSEGV" in cells["T0"]["tp2"]["unreached"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_the_command_ends(tmp_path: Path, number: signal.Signals) -> None:
    graders: set[int] = set()

    def hold(connection: socket.socket, over: threading.Event) -> None:
        graders.add(read_peer_pid(connection))
        over.wait(60)

    with start_engines(tmp_path, dict.fromkeys(range(3), hold), 3) as engines:
        words = [sys.executable, "-m", "dckgrade", "class", str(write_class(tmp_path, engines))]
        with subprocess.Popen(
            words, env=make_environment(None), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as command:
            wait_until(lambda: len(graders) == 3)
            command.send_signal(number)
            _, stderr = command.communicate(timeout=20)
        wait_until(lambda: not any(map(is_running, graders)))
    assert command.pid not in graders
    assert b"Traceback" not in stderr


def test_a_machine_that_hangs_is_stopped_and_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    def freeze(connection: socket.socket, over: threading.Event) -> None:
        os.kill(read_peer_pid(connection), signal.SIGSTOP)
        over.wait(60)

    with start_engines(tmp_path, {0: freeze}, 2) as engines:
        begun = time.monotonic()
        _, cells, _ = grade_class(write_class(tmp_path, engines), "--deadline", "6")
        took = time.monotonic() - begun

    assert took < 30
    assert "time for the class was up" in cells["T0"]["tp5"]["unreached"]
    assert cells["T1"]["tp5"]["score"]["undecided"] == 0


def test_a_machine_that_greets_late_in_a_busy_class_is_graded_all_the_same(tmp_path: Path) -> None:
    def greet_late(connection: socket.socket, over: threading.Event) -> None:
        over.wait(6)
        reply_to_ping()(connection, over)

    with FaultEngine(tmp_path / "late.sock", UNTOUCHED | {"/_ping": greet_late}) as late:
        _, cells, _ = grade_class(write_class(tmp_path, [late]))
    assert cells["T0"]["tp5"]["unreached"] == ""
    assert cells["T0"]["tp5"]["score"]["undecided"] == 0


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(holds: Any, within_s: float = 30.0) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
