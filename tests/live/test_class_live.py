"""`dckgrade class` over a real sshd on real engines: thirty machines, some hung, some down."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from images import build
from tests.support.class_reports import read_recorded_report
from tests.support.cli_runner import dckgrade_process
from tests.support.fault_engine import FaultEngine, stall_after
from tests.support.real_sshd import Sshd, free_port, need_ssh
from tests.support.solved_tp5 import solve_tp5

pytestmark = pytest.mark.engine

SOLVED, UNTOUCHED, MISTAKEN = range(3)
POINTS = {SOLVED: 10, UNTOUCHED: 0, MISTAKEN: read_recorded_report("tp5", "no-password").score.earned}
"""What TP5 comes to on each engine."""


@pytest.fixture(scope="module")
def sockets() -> Iterator[list[str]]:
    """Give three engines: TP5 solved, nothing done, and a database that has ended for want of a password."""
    need_ssh()
    with ExitStack() as stack:
        engines = [stack.enter_context(PrivateEngine()) for _ in range(3)]
        for engine in (engines[SOLVED], engines[MISTAKEN]):
            build.load(engine.host, ["nginx", "postgres"])
        solve_tp5(engines[SOLVED])
        run_docker(engines[MISTAKEN].host, "run", "-d", "--name", "webservers", "nginx")
        run_docker(engines[MISTAKEN].host, "run", "-d", "--name", "dbserver", "postgres")
        yield [engine.host.removeprefix("unix://") for engine in engines]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    need_ssh()
    with Sshd(tmp_path / "sshd") as daemon:
        here = f"  HostName 127.0.0.1\n  Port {daemon.port}\n  User root"
        daemon.configure(f"Host poste-*\n{here}")
        yield daemon
        assert daemon.left_behind() == []


def engine(trainee: str, host: str, *more: str) -> str:
    return "\n".join(["[[engine]]", f"trainee = {json.dumps(trainee)}", f'host = "{host}"', *more, ""])


def rows(done: subprocess.CompletedProcess[bytes], lab: str = "tp5") -> dict[str, Any]:
    return {row["trainee"]: row["cells"][lab] for row in json.loads(done.stdout)["rows"]}


@pytest.mark.timeout(200)
def test_thirty_machines_three_hung_two_down_within_a_minute(
    sockets: list[str], sshd: Sshd, tmp_path: Path
) -> None:
    good = [(f"T{at:02}", at % 3) for at in range(25)]
    text = ['labs = ["tp5"]', *(engine(name, f"ssh://poste-{name}{sockets[which]}") for name, which in good)]
    with (
        socket.create_server(("127.0.0.1", 0)) as no_greeting,
        socket.socket(socket.AF_UNIX) as no_answer,
        FaultEngine(None, {"/json": stall_after(b"HTTP/1.1 200 OK\r\n")}) as half_way,
    ):
        no_answer.bind(str(tmp_path / "s"))
        no_answer.listen()
        # They come first, where they would do the most harm.
        text[1:1] = [
            engine("H1", f"ssh://root@127.0.0.1:{no_greeting.getsockname()[1]}"),
            engine("H2", f"ssh://poste-h2{tmp_path}/s"),
            engine("H3", half_way.url),
            engine("D1", f"ssh://root@127.0.0.1:{free_port()}"),
            engine("D2", f"ssh://poste-d2{tmp_path}/nowhere.sock"),
        ]
        file = tmp_path / "class.toml"
        file.write_text("\n".join(text))
        begun = time.monotonic()
        done = dckgrade_process("class", str(file), "-f", "json", "--lang", "en", environ=sshd.environ)
        took = time.monotonic() - begun
    cells = rows(done)
    assert done.returncode == 3, done.stderr
    assert took < 60
    scores = {name: (cells[name]["score"], POINTS[which]) for name, which in good}
    # A machine that is too busy to answer thirty at once leaves something undecided: no verdict is wrong.
    assert all(
        score["earned"] <= points <= score["earned"] + score["undecided"] for score, points in scores.values()
    ), scores
    assert sum(score["undecided"] == 0 for score, _ in scores.values()) > len(good) / 2, scores
    assert {
        name: cells[name]["mistakes"].get("dbserver-running") for name, which in good if which == MISTAKEN
    }
    assert {cell["trust"] for cell in cells.values()} == {"observed"}
    reasons = {name: cells[name]["unreached"] for name in ("H1", "H2", "D1", "D2")}
    assert "did not" in reasons["H1"]
    assert "did not answer" in reasons["H2"]
    # It greets, and then answers no question to its end.
    assert cells["H3"]["flags"] == ["incomplete"]
    assert "no ssh server listens" in reasons["D1"]
    assert "engine is not running" in reasons["D2"]
    assert all(
        cells[name]["score"] == {"earned": 0, "possible": 10, "undecided": 10} for name in (*reasons, "H3")
    )
    # One line for each machine, the dead ones with their reason.
    assert len(done.stderr.decode().splitlines()) == 30
    assert "D1: ssh://" in done.stderr.decode()


def test_reports_are_kept_each_run_by_itself_and_the_roster_says_who_is_missing(
    sockets: list[str], sshd: Sshd, tmp_path: Path
) -> None:
    file, roster, kept = tmp_path / "class.toml", tmp_path / "roster.csv", tmp_path / "kept"
    hostile = "=Ada\x1b[31m\u202e"
    file.write_text(
        'labs = ["tp5"]\n'
        + engine("Ada Lovelace", f"ssh://poste-01{sockets[SOLVED]}")
        + engine(hostile, f"ssh://poste-02{sockets[UNTOUCHED]}", 'labs = ["tp5", "tp2"]')
    )
    roster.write_text("name,email\nAda Lovelace,ada@example.org\nGrace Hopper,grace@example.org\n")
    table = tmp_path / "class.csv"
    words = ("class", str(file), "--lang", "en", "--roster", str(roster), "--reports", str(kept))
    done = dckgrade_process(*words, "-o", str(table), environ=sshd.environ)
    shown = done.stdout.decode()
    assert "nothing handed in" in shown
    assert "\x1b" not in shown + done.stderr.decode()
    assert "\u202e" not in shown
    assert "'=Ada" in table.read_text()
    first = sorted(path.name.rsplit("-", 1)[0] for path in kept.iterdir())
    assert first == ["0001-ada-lovelace-tp5", "0002-ada-31m-tp2", "0002-ada-31m-tp5"]
    time.sleep(1.1)
    dckgrade_process(*words, environ=sshd.environ)
    assert len(list(kept.iterdir())) == 6
    collected = json.loads(dckgrade_process("collect", "--observed", str(kept), "-f", "json").stdout)
    ada = next(row for row in collected["rows"] if row["trainee"] == "Ada Lovelace")
    assert (ada["cells"]["tp5"]["trust"], len(ada["cells"]["tp5"]["history"])) == ("observed", 1)


def test_a_file_in_the_trainee_s_home_is_unknown_and_no_fault(
    sockets: list[str], sshd: Sshd, tmp_path: Path
) -> None:
    file = tmp_path / "class.toml"
    file.write_text('labs = ["tp2"]\n' + engine("Ada", f"ssh://poste-01{sockets[SOLVED]}"))
    kept = tmp_path / "kept"
    words = ("class", str(file), "--reports", str(kept), "--lang", "en", "-f", "json")
    # The trainer's own file of that name is nobody's.
    (tmp_path / "seccomp_profile.json").write_text("{}")
    done = dckgrade_process(*words, environ=sshd.environ, cwd=tmp_path)
    assert rows(done, "tp2")["Ada"]["verdicts"]["profile-file"] == "unknown"
    (report,) = kept.iterdir()
    check = next(
        check for check in json.loads(report.read_bytes())["checks"] if check["id"] == "profile-file"
    )
    assert check["reason"]["code"] == "elsewhere"


def test_where_the_time_for_the_class_is_short_everybody_has_a_row(sshd: Sshd, tmp_path: Path) -> None:
    file = tmp_path / "class.toml"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        machines = [engine(f"T{at}", f"ssh://poste-{at}{tmp_path}/s") for at in range(6)]
        file.write_text('labs = ["tp5", "tp6"]\n' + "".join(machines))
        begun = time.monotonic()
        done = dckgrade_process(
            "class", str(file), "--jobs", "1", "--deadline", "6", "-f", "json", "--lang", "en",
            environ=sshd.environ,
        )  # fmt: skip
        assert time.monotonic() - begun < 15
    assert done.returncode == 3
    assert len(rows(done, "tp5")) == len(rows(done, "tp6")) == 6
    assert "time for the class was up" in rows(done)["T5"]["unreached"]


def test_ctrl_c_ends_all_and_keeps_what_was_done(sockets: list[str], sshd: Sshd, tmp_path: Path) -> None:
    file, kept = tmp_path / "class.toml", tmp_path / "kept"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        machines = [engine(f"T{at}", f"ssh://poste-{at}{tmp_path}/s") for at in range(5)]
        file.write_text(
            'labs = ["tp5"]\n' + engine("Ada", f"ssh://poste-ada{sockets[UNTOUCHED]}") + "".join(machines)
        )
        with subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "class", str(file), "--reports", str(kept)],
            env={**os.environ, **sshd.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as run:
            until = time.monotonic() + 15
            while not list(kept.glob("*.json")) and time.monotonic() < until:
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            _, stderr = run.communicate(timeout=10)
    assert run.returncode == 130
    assert b"Traceback" not in stderr
    assert "0001-ada-tp5" in next(iter(kept.iterdir())).name
