"""The trainee's commands and the trainer's, as they are typed."""

import contextlib
import json
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dckgrade.board.database import get_sqlite_address
from dckgrade.board.schema import REPORTS
from dckgrade.board.serve import BoardSockets
from dckgrade.classroom import membership
from dckgrade.classroom.membership import parse_board_url, parse_join_code
from dckgrade.classroom.outbox import MAX_WAITING, Outbox
from dckgrade.cli import board as board_command
from dckgrade.cli.sending import ReportSender
from dckgrade.i18n import UserError
from dckgrade.report import codec
from dckgrade.report.report import Report
from tests.cli.test_watch import EMPTY, Watching
from tests.support.class_reports import make_trainee_report
from tests.support.cli_runner import dckgrade, make_environment
from tests.support.fault_engine import FaultEngine
from tests.support.running_board import RunningBoard, run_board


class Person:
    """Somebody at a machine of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "c"), "DCKGRADE_LANG": "en"}
        self.environ |= {"XDG_STATE_HOME": str(folder / "s"), "XDG_CACHE_HOME": str(folder / "k")}
        self.membership = folder / "c" / "dckgrade" / "board.json"
        self.outbox = Outbox(folder / "s" / "dckgrade" / "outbox")

    def type(self, *words: str, **environ: str) -> tuple[int, str, str]:
        done = dckgrade(*words, environ=self.environ | environ, cwd=self.folder)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def join(self, running: RunningBoard, name: str = "Ada") -> None:
        line = running.sockets.public.format_join_line(running.code.code).split()[1:]
        assert self.type(*line, "--name", name)[0] == 0


@pytest.fixture
def person(tmp_path: Path) -> Person:
    (tmp_path / "home").mkdir()
    return Person(tmp_path / "home")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FaultEngine]:
    with FaultEngine(tmp_path / "engine.sock", EMPTY) as scripted:
        yield scripted


@pytest.fixture
def board(tmp_path: Path) -> Iterator[RunningBoard]:
    with run_board(get_sqlite_address(tmp_path / "board.sqlite3"), tmp_path) as running:
        yield running


def list_labs(running: RunningBoard) -> list[str]:
    with running.board.engine.connect() as connection:
        return list(connection.execute(select(REPORTS.c.lab).order_by(REPORTS.c.id)).scalars())


def test_a_trainee_joins_is_graded_asks_and_leaves(
    board: RunningBoard, person: Person, engine: FaultEngine
) -> None:
    code, _, said = person.type("join", board.url, board.code.code.lower(), "--name", "Ada  Lovelace")
    assert (code, "Ada Lovelace" in said) == (0, True)
    assert stat.S_IMODE(person.membership.stat().st_mode) == 0o600
    assert person.type("join", board.url, board.code.code)[0] == 2

    code, printed, said = person.type("tp5", "--host", engine.url)
    assert (code, said) == (1, "")
    assert list_labs(board) == ["tp5"]
    code, printed, _ = person.type("tp5", "--host", engine.url, "-f", "json")
    assert codec.from_json(printed.encode(), "x").lab.id == "tp5"
    assert list_labs(board) == ["tp5", "tp5"]

    assert person.type("hand", "je bloque sur le port")[0] == 0
    board.wait_for_text("je bloque sur le port")
    assert person.type("hand", "--down")[0] == 0
    board.wait_for_text("Raised hands (0)")
    assert person.type("leave")[0] == 0
    assert not person.membership.exists()
    board.wait_for_text("has left")
    assert [person.type(command)[0] for command in ("leave", "hand")] == [2, 2]


def test_a_trainee_leaves_whatever_has_become_of_what_waits(board: RunningBoard, person: Person) -> None:
    person.join(board)
    folder = person.outbox.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(folder)
    code, _, said = person.type("leave")
    assert (code, "outbox cannot be read" in said, "Nothing is sent" in said) == (0, True, True)
    assert not person.membership.exists()


def test_nothing_is_sent_without_a_board_with_no_send_or_where_that_is_set(
    board: RunningBoard, person: Person, engine: FaultEngine
) -> None:
    person.type("tp5", "--host", engine.url)
    person.join(board)
    person.type("tp5", "--host", engine.url, "--no-send")
    person.type("tp5", "--host", engine.url, DCKGRADE_NO_SEND="1")
    (person.membership.parent / "config.toml").write_text("no-send = true\n")
    person.type("tp5", "--host", engine.url)
    assert list_labs(board) == []
    assert person.outbox.list_waiting() == []


def test_what_cannot_be_sent_is_kept_said_in_a_line_and_sent_with_the_next_run(
    tmp_path: Path, person: Person, engine: FaultEngine
) -> None:
    address = get_sqlite_address(tmp_path / "board.sqlite3")
    with run_board(address, tmp_path) as running:
        person.join(running)
        port = running.port
    code, _, said = person.type("tp5", "--host", engine.url)
    assert (code, said.count("\n"), "cannot be reached" in said, "1" in said) == (1, 1, True, True)
    person.type("tp2", "--host", engine.url)
    assert len(person.outbox.list_waiting()) == 2
    with run_board(address, tmp_path) as running:
        kept = json.loads(person.membership.read_bytes())
        person.membership.write_text(
            json.dumps(kept | {"url": kept["url"].replace(str(port), str(running.port))})
        )
        _, _, said = person.type("tp7", "--host", engine.url)
        assert said == ""
        assert list_labs(running) == ["tp5", "tp2", "tp7"]
    assert person.outbox.list_waiting() == []


def make_sender(tmp_path: Path, url: str) -> ReportSender:
    joined = membership.Membership(url, "t", "Ada", "A", "0" * 64, "")
    return ReportSender(joined, Outbox(tmp_path / "outbox"))


def test_a_board_that_does_not_answer_keeps_nobody_for_longer_than_a_second(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        sender = make_sender(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}")
        begun = time.monotonic()
        sender.send([make_trainee_report("Ada")])
        sender.finish()
        # A deadline, not a speed: the machine may be busy.
        assert time.monotonic() - begun < 5
    assert len(sender.outbox.list_waiting()) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 502 X\r\n\r\n"]
)
def test_what_is_no_board_gets_nothing_acknowledged(tmp_path: Path, reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            with contextlib.suppress(OSError):  # it listens no more
                while True:
                    connection, _address = other.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(reply)

        answering = threading.Thread(target=answer)
        answering.start()
        sender = make_sender(tmp_path, f"http://127.0.0.1:{other.getsockname()[1]}")
        sender.send([make_trainee_report("Ada")])
        sender.finish()
        other.shutdown(socket.SHUT_RDWR)
        answering.join()
    assert len(sender.outbox.list_waiting()) == 1


def test_a_run_ends_as_it_was_graded_though_what_waits_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Outbox) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    sender = make_sender(tmp_path, "http://127.0.0.1:1")
    monkeypatch.setattr(Outbox, "list_waiting", refuse)
    sender.finish()
    assert "Permission denied" in capsys.readouterr().err


def test_two_hundred_reports_wait_in_order_the_oldest_are_let_go_and_no_clock_changes_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "outbox")
    clock = iter(range(10**18, 0, -(10**15)))
    monkeypatch.setattr("dckgrade.classroom.outbox.time.time_ns", lambda: next(clock))
    for number in range(MAX_WAITING + 5):
        outbox.add(str(number).encode())
    waiting = outbox.list_waiting()
    assert [path.read_text() for path in waiting] == [str(number) for number in range(5, MAX_WAITING + 5)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in waiting} == {0o600}
    (outbox.folder / "what.part").write_text("x")
    assert len(outbox.list_waiting()) == MAX_WAITING


def test_a_report_that_the_board_refuses_for_good_is_let_go_and_the_next_one_is_sent(
    board: RunningBoard, person: Person, engine: FaultEngine
) -> None:
    person.join(board)
    person.outbox.add(b"no report")
    _, _, said = person.type("tp5", "--host", engine.url)
    assert "cannot use" in said
    assert list_labs(board) == ["tp5"]
    assert person.outbox.list_waiting() == []


def test_a_trainee_whose_key_is_void_is_told_to_join_again_and_loses_nothing(
    board: RunningBoard, person: Person, engine: FaultEngine
) -> None:
    person.join(board)
    kept = json.loads(person.membership.read_bytes())
    person.membership.write_text(json.dumps(kept | {"secret": "1" * 64}))
    code, _, said = person.type("tp5", "--host", engine.url)
    assert (code, "does not know your key" in said) == (1, True)
    assert len(person.outbox.list_waiting()) == 1


def test_a_damaged_membership_or_a_full_disk_does_not_keep_anybody_from_being_graded(
    person: Person, engine: FaultEngine
) -> None:
    person.membership.parent.mkdir(parents=True)
    for content in ("{", "[]", '{"url": "x"}', "\0"):
        person.membership.write_text(content)
        code, printed, said = person.type("tp5", "--host", engine.url)
        assert (code, "damaged" in said, "tp5" in printed) == (1, True, True)
    assert person.type("leave")[0] == 0
    assert not person.membership.exists()


def test_what_cannot_be_kept_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "outbox").write_text("in the way")
    sender = make_sender(tmp_path, "http://127.0.0.1:1")
    sender.send([make_trainee_report("Ada")])
    sender.finish()
    assert "File exists" in capsys.readouterr().err


def test_watch_sends_at_each_change_without_being_asked(
    board: RunningBoard, person: Person, engine: FaultEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.join(board)
    for name, value in person.environ.items():
        monkeypatch.setenv(name, value)
    watching = Watching("tp5", "--host", engine.url)
    watching.until(b"Watching")
    board.wait_until(lambda: list_labs(board) == ["tp5"], "nothing was sent")
    watching.interrupt()


@pytest.mark.parametrize(
    "words",
    [
        ["join", "ftp://board", "AAAABBBB"],
        ["join", "https://", "AAAABBBB"],
        ["join", "https://user@board", "AAAABBBB"],
        ["join", "https://board:99999", "AAAABBBB"],
        ["join", "http://board.example", "AAAABBBB"],
        ["join", "https://board.example", "AAAA"],
        ["join", "https://board.example", "AAAA-BBBB-%%%%"],
        ["join", "http://127.0.0.1:1", "AAAABBBB", "--name", "Ada"],
        ["join", "http://127.0.0.1:1", "AAAABBBB"],
        ["board", "--listen", "nowhere:port"],
        ["board", "--listen", "0.0.0.0:99999"],
        ["board", "--page", "0.0.0.0:8000"],
        ["board", "--url", "board.example"],
        ["board", "purge"],
        ["board", "purge", "--older-than", "ever"],
        ["board", "backup"],
        ["board", "restore", "nowhere"],
    ],
)
def test_what_cannot_be_is_refused_in_two_lines_without_a_traceback(words: list[str], person: Person) -> None:
    code, printed, said = person.type(*words)
    assert (code, printed) == (2, "")
    assert 1 <= said.count("\n") <= 2
    assert "Traceback" not in said
    assert "bug" not in said


def test_a_database_that_is_none_is_told(person: Person, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    for address in ("nonsense", "mysql://x/y", "postgresql://127.0.0.1:1/x", f"sqlite:///{tmp_path}/text"):
        code, _, said = person.type("board", "purge", "--older-than", "1", DCKGRADE_DATABASE=address)
        assert (code, "Traceback" in said, "bug" in said) == (2, False, False), said


def test_without_the_extra_one_line_says_what_brings_it(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        board_command, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name)
    )
    code, _, said = person.type("board")
    assert code == 2
    assert "(uvicorn)" in said
    assert "pip install 'dckgrade[board]'" in said


def test_codes_are_read_as_people_type_them_and_addresses_have_their_port() -> None:
    code = parse_join_code("k7q2 m4xd-abcd-efgh-0123-4567-8ijk")
    assert code == ("K7Q2M4XD", "ABCDEFGHOI234567BIJK")
    assert parse_board_url("https://Board.example/dckgrade/") == ("board.example", 443, True, "/dckgrade")
    assert parse_board_url("http://[::1]:8000")[:3] == ("::1", 8000, False)
    with pytest.raises(UserError):
        parse_join_code("")


def run_command(person: Person, *words: str) -> "subprocess.Popen[str]":
    environment = make_environment(person.environ)
    return subprocess.Popen(
        [sys.executable, "-m", "dckgrade", *words], env=environment,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_board_s_own_command_serves_until_it_is_interrupted_and_keeps_its_state(
    person: Person,
) -> None:
    shown: list[Mapping[str, Any]] = []
    for _ in range(2):
        words = ("board", "--page", "0", "--listen", "0.0.0.0:0", "--class", "Docker A")
        with run_command(person, *words) as process:
            assert process.stderr
            lines = [process.stderr.readline() for _ in range(3)]
            process.terminate()
            lines += [process.stderr.read()]
        assert "/enter?token=" in lines[0]
        assert "Docker A: dckgrade join https://" in lines[2]
        assert (process.returncode, lines[3]) == (0, "")
        shown.append({"token": lines[0].split("token=")[1], "code": lines[2].split()[-1]})
    assert shown[0] == shown[1]
    folder = person.folder / "s" / "dckgrade" / "board"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} >= {"board.sqlite3", "certificate.pem"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in folder.iterdir())


def test_a_port_that_is_taken_is_told(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, said = person.type("board", "--page", port)
    assert (code, port in said) == (2, True)


def make_old_and_new(running: RunningBoard) -> None:
    for name in ("Ada", "Grace"):
        joined = running.join(name)
        running.send(joined, running.make_report(joined))
    running.wait_for_text("2 passed")


def test_a_copy_of_the_board_comes_back_whole_on_either_database(
    address: str, tmp_path: Path, person: Person
) -> None:
    copy, other = tmp_path / "board.copy", tmp_path / "other"
    other.mkdir()
    with run_board(address, tmp_path) as running:
        make_old_and_new(running)
        token = running.board.token
        code, _, said = person.type("board", "backup", str(copy), DCKGRADE_DATABASE=address)
        assert (code, "2 reports" in said) == (0, True), said
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*board.copy*")] == ["board.copy"]
    assert person.type("board", "restore", str(copy), DCKGRADE_DATABASE=address)[0] == 2
    for target in (get_sqlite_address(other / "b"),):
        assert person.type("board", "restore", str(copy), DCKGRADE_DATABASE=target)[0] == 0
        with run_board(target, other) as running:
            assert running.board.token == token
            running.wait_for_text("2 passed")
            joined = running.join("Alan")
            running.send(joined, running.make_report(joined))
            running.wait_for_text("3 passed")


def test_a_copy_goes_to_postgresql_and_numbering_goes_on_there(
    tmp_path: Path, person: Person, request: pytest.FixtureRequest
) -> None:
    copy = tmp_path / "board.copy"
    with run_board(get_sqlite_address(tmp_path / "a"), tmp_path) as running:
        make_old_and_new(running)
        person.type("board", "backup", str(copy), DCKGRADE_DATABASE=get_sqlite_address(tmp_path / "a"))
    target = request.getfixturevalue("postgres").create_database()
    assert person.type("board", "restore", str(copy), DCKGRADE_DATABASE=target)[0] == 0
    with run_board(target, tmp_path) as running:
        joined = running.join("Alan")
        running.send(joined, running.make_report(joined))
        running.wait_for_text("3 passed")
        running.ask("/classes", {"name": "B"})
        assert "B" in running.ask("/classes/2").text


def test_what_is_no_copy_is_refused(person: Person, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("nothing of the kind" * 100)
    code, _, said = person.type("board", "restore", str(tmp_path / "copy"))
    assert (code, "Traceback" in said, "no copy" in said) == (2, False, True), said


def test_old_reports_are_deleted_with_whoever_has_no_other(
    address: str, tmp_path: Path, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dckgrade.board.board.SWEEP_INTERVAL_S", 0.1)
    monkeypatch.setattr("dckgrade.board.board.REREAD_INTERVAL_S", 0.2)
    with run_board(address, tmp_path) as running:
        make_old_and_new(running)
        with running.board.engine.begin() as connection:
            for table, column in (("reports", "received_at"), ("trainees", "joined_at")):
                connection.exec_driver_sql(
                    f"UPDATE {table} SET {column} = {column} - 10 * 86400000"  # noqa: S608
                    + (" WHERE name = 'Ada'" if table == "trainees" else " WHERE id = 1")
                )
        assert "1 report" in person.type("board", "purge", "--older-than", "9", DCKGRADE_DATABASE=address)[2]
        # Seen by a board that runs, which nobody has told of it.
        page = running.wait_for_text("1 passed")
        assert "Grace" in page
        assert "Ada" not in page


def test_labs_of_another_version_or_language_have_everything_judged_again(tmp_path: Path) -> None:
    address = get_sqlite_address(tmp_path / "b")
    with run_board(address, tmp_path) as running:
        ada = running.join("Ada")
        running.send(ada, running.make_report(ada, "no-password"))
        running.wait_for_text("superuser password")
    with run_board(address, tmp_path, lang="fr") as running:
        running.wait_for_text("mot de passe administrateur")
    with sqlite3.connect(tmp_path / "b") as connection:
        connection.execute("UPDATE reports SET judged_as = 'sha256:other:fr', earned = 99")
    connection.close()
    with run_board(address, tmp_path, lang="fr") as running:
        running.wait_for_text("mot de passe administrateur")
        with running.board.engine.connect() as reading:
            assert reading.execute(select(REPORTS.c.earned)).scalar_one() < 99


def test_a_report_keeps_its_bytes_whoever_made_it(tmp_path: Path) -> None:
    made: Report = make_trainee_report("Ada")
    sender = make_sender(tmp_path, "http://127.0.0.1:1")
    sender.send([made])
    sender.finish()
    kept = codec.from_json(sender.outbox.list_waiting()[0].read_bytes(), "x")
    assert (kept.trainee, kept.observations) == ("Ada", made.observations)


def test_behind_a_proxy_on_another_machine_the_board_listens_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    opened = BoardSockets.open(f"0.0.0.0:{port}", None, "https://board.example", tmp_path / "certificate.pem")
    with opened.page:
        assert (opened.page.getsockname()[1], opened.trainees) == (port, None)
        assert opened.public.format_join_line("ABCD2345").split() == [
            "dckgrade", "join", "https://board.example", "ABCD-2345",
        ]  # fmt: skip
