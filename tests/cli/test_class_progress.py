"""`dckgrade class` as typed, without any engine: files refused, machines that are not there, progress."""

import json
import os
import pty
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.cli_runner import dckgrade
from tests.support.fault_engine import FaultEngine, reply_with

NOWHERE = 'labs = ["tp5"]\n[[engine]]\ntrainee = "Ada"\nhost = "unix:///nowhere/a.sock"\n'
BOB = '[[engine]]\ntrainee = "=Bob\\u001b[31m"\nhost = "unix:///nowhere/b.sock"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "class.toml"
    path.write_text(NOWHERE + BOB)
    return path


def test_machines_that_are_not_there_are_rows_with_their_reason_and_it_is_3(file: Path) -> None:
    done = dckgrade("class", str(file), "-f", "json", "--lang", "en")
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert [row["cells"]["tp5"]["flags"] for row in report["rows"]] == [["unreached"], ["unreached"]]
    assert "no such socket" in report["rows"][0]["cells"]["tp5"]["unreached"]
    assert b"\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_bad_context_is_a_row_with_its_reason_and_the_others_are_graded(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "e.sock", {"/containers/json": reply_with([])}) as engine:
        text = f'labs = ["tp5"]\n[[engine]]\ntrainee = "Ada"\nhost = "{engine.url}"\n'
        (tmp_path / "class.toml").write_text(text + '[[engine]]\ntrainee = "Bob"\ncontext = "salle-9"\n')
        done = dckgrade("class", str(tmp_path / "class.toml"), "-f", "json", "--lang", "en")
    ada, bob = json.loads(done.stdout)["rows"]
    assert done.returncode == 3
    assert ada["cells"]["tp5"]["unreached"] == ""
    assert "salle-9" in bob["cells"]["tp5"]["unreached"]


def test_the_table_says_who_was_not_reached_and_why(file: Path) -> None:
    done = dckgrade("class", str(file), "--lang", "en")
    assert "Not reached: 2" in done.stdout.decode()
    assert "Ada: No Docker engine listens at unix:///nowhere/a.sock" in done.stdout.decode()


def test_a_gradebook_holds_no_zero_for_them(file: Path, tmp_path: Path) -> None:
    roster, moodle = tmp_path / "roster.csv", tmp_path / "moodle.csv"
    roster.write_text("name,email\nAda,ada@example.org\n")
    dckgrade("class", str(file), "--roster", str(roster), "--moodle", str(moodle))
    assert moodle.read_text().splitlines()[1].startswith("ada@example.org,-,")


@pytest.mark.parametrize(
    "words", [("missing.toml",), (), ("{file}", "-o", "x.doc"), ("{file}", "--jobs", "0")]
)
def test_what_cannot_be_used_is_2_before_anything_is_reached(file: Path, words: tuple[str, ...]) -> None:
    done = dckgrade("class", *(word.format(file=file) for word in words), "--lang", "en")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_all_machines_are_graded_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(12)

    def refuse_when_all_have_come(connection: socket.socket, over: threading.Event) -> None:
        together.wait(30)
        reply_with({"message": "later"}, 503)(connection, over)

    with ExitStack() as engines:
        text = 'labs = ["tp5"]\n'
        for number in range(12):
            path = tmp_path / f"{number}.sock"
            engine = engines.enter_context(FaultEngine(path, {"/_ping": refuse_when_all_have_come}))
            text += f'[[engine]]\ntrainee = "Trainee {number}"\nhost = "{engine.url}"\n'
        (tmp_path / "class.toml").write_text(text)
        done = dckgrade("class", str(tmp_path / "class.toml"), "--lang", "en")
    assert done.returncode == 3, done.stderr
    assert not together.broken


def test_every_mistake_of_a_file_is_told_with_its_line_and_it_is_2(file: Path) -> None:
    file.write_text('labs = ["tp55"]\n[[engine]]\nhostt = "x"\n')
    done = dckgrade("class", str(file), "--lang", "en")
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert [line for line in lines if line.startswith(str(file))] == [
        f"{file}:1:1: there is no lab “tp55”; did you mean `tp5`?",
        f"{file}:3:1: there is no `hostt` here; did you mean `host`?",
    ]
    assert '3 | hostt = "x"' in lines


def test_a_password_in_an_address_is_not_shown_with_its_line_either(file: Path) -> None:
    file.write_text('labs = ["tp5"]\n[[engine]]\ntrainee = "A"\nhost = "ssh://ada:c4n4ry@machine"\n')
    done = dckgrade("class", str(file), "--lang", "en")
    assert done.returncode == 2
    assert b"c4n4ry" not in done.stderr


def test_on_a_terminal_the_machines_are_shown_while_they_are_graded(file: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        run = subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "class", str(file), "--lang", "en"],
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while more := screen.read(4096):
                shown += more
        except OSError:  # how Linux says that the other end is closed
            pass
        assert run.wait(30) == 3
    assert b"/2] Ada: No Docker engine" in shown
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h")
    assert b"=Bob\x1b" not in shown
