"""`--watch` on a scripted engine: one stream of events, an engine that goes away, several labs, an end."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli_runner import dckgrade
from tests.support.fault_engine import CHUNKED_JSON_HEAD, FaultEngine, reply_with, stall_after

EMPTY = {
    "/containers/json": reply_with([]),
    "/images/json": reply_with([]),
    "/info": reply_with({"ID": "e"}),
    "/events": stall_after(CHUNKED_JSON_HEAD),
}


class Watching:
    """A run on a terminal of its own."""

    def __init__(self, *arguments: str, rows: int = 60, columns: int = 100) -> None:
        self.mine, theirs = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dckgrade", *arguments, "--watch", "--lang", "en"],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": str(rows)},
        )
        os.close(theirs)

    def until(self, words: bytes, count: int = 1, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while self.shown.count(words) < count:
            open_ = self.read(0.2)
            assert open_, self.shown.decode(errors="replace")
            assert time.monotonic() < end, self.shown.decode(errors="replace")

    def read(self, seconds: float) -> bool:
        """Read what has been shown meanwhile; say whether the other end is still open."""
        if select.select([self.mine], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.mine, 65536)
            except OSError:
                return False
        return True

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        ended = self.process.wait(20)
        while self.read(0.2):
            pass
        return ended


@contextmanager
def watching(*arguments: str, rows: int = 60, columns: int = 100) -> Iterator[Watching]:
    session = Watching(*arguments, rows=rows, columns=columns)
    try:
        yield session
    finally:
        session.process.kill()
        session.process.wait()
        os.close(session.mine)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_one_stream_of_events_however_often_it_is_graded(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "e.sock", EMPTY) as engine:
        options = ("tp2", "--host", engine.url, "--workdir", str(tmp_path))
        with watching(*options) as session:
            session.until(b"Watching the engine")
            (tmp_path / "seccomp_profile.json").write_text("{}")
            session.until(b"Just passed")
            assert session.interrupt() == 130
        asked = [path.partition("?")[0] for path in engine.list_paths()]
    assert asked.count("/v1.51/events") == 1
    assert asked.count("/v1.51/containers/json") >= 2


def test_ctrl_c_shows_the_cursor_again_and_uses_no_other_screen_and_keeps_the_run(
    tmp_path: Path, state: Path
) -> None:
    with FaultEngine(tmp_path / "e.sock", EMPTY) as engine, watching("tp5", "--host", engine.url) as session:
        session.until(b"Watching the engine")
        assert session.interrupt() == 130
        shown = session.shown
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") > -1
    assert b"\x1b[?1049h" not in shown
    assert b"Traceback" not in shown
    assert [path.name for path in state.rglob("*.json")] == ["tp5.json"]


def test_an_engine_that_goes_away_is_told_and_seen_again_when_it_is_back(tmp_path: Path) -> None:
    socket = tmp_path / "e.sock"
    with FaultEngine(socket, EMPTY) as engine:
        running = watching("tp5", "--host", engine.url)
        session = running.__enter__()
        session.until(b"Watching the engine")
    socket.unlink()
    try:
        session.until(b"cannot be reached")
        with FaultEngine(socket, EMPTY):
            session.until(b"Total: 0/10", count=2)
            assert session.interrupt() == 130
    finally:
        running.__exit__(None, None, None)
    assert b"Traceback" not in session.shown


def test_all_labs_are_watched_on_one_screen_each_a_line(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "e.sock", EMPTY) as engine:
        options = ("all", "--host", engine.url, "--workdir", str(tmp_path))
        with watching(*options, rows=24) as session:
            session.until(b"Watching the engine")
            first = session.shown
            (tmp_path / "seccomp_profile.json").write_text("{}")
            session.until(b"Just passed")
            assert session.interrupt() == 130
    assert b"All labs" in first
    assert first.count(b"\n") < 24, "nothing scrolls away, so it can be drawn over"
    assert all(f"tp{number} ".encode() in first for number in range(1, 7))


@pytest.mark.parametrize(("lab", "rows", "columns"), [("ch4", 24, 80), ("tp5", 24, 80), ("tp6", 30, 40)])
def test_one_lab_is_watched_on_one_screen_with_total_next_step_and_end(
    tmp_path: Path, lab: str, rows: int, columns: int
) -> None:
    with FaultEngine(tmp_path / "e.sock", EMPTY) as engine:
        options = (lab, "--host", engine.url, "--workdir", str(tmp_path))
        with watching(*options, rows=rows, columns=columns) as session:
            session.until(b"Ctrl-C ends")
            first = session.shown
            assert session.interrupt() == 130
            whole = session.shown[len(first) :]
    assert first.count(b"\n") < rows, "nothing scrolls away, so it can be drawn over"
    assert b"Total: 0/10" in first
    assert b"Begin with" in first
    assert b"To fix" not in first
    assert b"To fix" in whole, "all there is to say stays in the terminal when it ends"


def test_watching_writes_no_other_format() -> None:
    assert dckgrade("tp5", "--watch", "-f", "json").returncode == 2
