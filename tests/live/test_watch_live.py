"""`--watch` on a real engine: it sees the mend, says what turned green, ends with 0, and idles cheaply."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dckgrade.prove import live
from dckgrade.prove.engines.docker_command import run_docker

pytestmark = pytest.mark.engine

CLOCK = os.sysconf("SC_CLK_TCK")


def watching(host: str, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dckgrade", "tp5", "--watch", "--host", host, "--lang", "en"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "60", "PYTHONUNBUFFERED": "1"},
        stdout=stdout,
        stderr=stderr,
    )


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def until(path: Path, words: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while words not in path.read_text(errors="replace"):
        assert time.monotonic() < end, path.read_text(errors="replace")
        time.sleep(0.1)


def test_it_sees_each_step_and_ends_well_when_all_passes(
    engine: live.DisposableEngine, tmp_path: Path
) -> None:
    engine.empty()
    shown = tmp_path / "shown"
    with engine.enter_network(), shown.open("wb") as file:
        process = watching(engine.host, stdout=file.fileno(), stderr=subprocess.STDOUT)
        try:
            until(shown, "Watching the engine")
            run_docker(engine.host, "run", "-d", "--name", "webservers", "nginx")
            until(shown, "Just passed: Container webservers")
            run_docker(
                engine.host, "run", "-d", "--name", "dbserver", "-e", "POSTGRES_PASSWORD=x", "postgres"
            )
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    assert "All done, well done!" in shown.read_text()


def test_idle_it_takes_less_than_two_percent_of_a_core(engine: live.DisposableEngine, tmp_path: Path) -> None:
    engine.empty()
    shown = tmp_path / "shown"
    with engine.enter_network(), shown.open("wb") as file:
        process = watching(engine.host, stdout=file.fileno(), stderr=subprocess.STDOUT)
        try:
            until(shown, "Watching the engine")
            before = cpu_s(process)
            time.sleep(20)
            assert (cpu_s(process) - before) / 20 < 0.02
        finally:
            process.kill()
            process.wait()
    assert shown.read_text().count("Watching the engine") == 1


def test_ctrl_c_leaves_the_terminal_as_it_was(engine: live.DisposableEngine) -> None:
    engine.empty()
    mine, theirs = pty.openpty()
    with engine.enter_network():
        process = watching(engine.host, stdout=theirs, stderr=theirs)
        try:
            shown = b""
            while b"Watching the engine" not in shown:
                shown += os.read(mine, 65536)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
            os.set_blocking(mine, False)
            # A terminal hands out some 4 KiB at once, however much is asked for.
            with contextlib.suppress(BlockingIOError):
                while more := os.read(mine, 1 << 20):
                    shown += more
        finally:
            process.kill()
            process.wait()
            os.close(mine)
            os.close(theirs)
    # The cursor was hidden while it drew, and is shown again.
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") > -1
    assert b"Traceback" not in shown
