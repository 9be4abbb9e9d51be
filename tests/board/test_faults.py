"""Whatever breaks: what was acknowledged is on the disk, once, and what was not is delivered later."""

import hashlib
import itertools
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select

from dckgrade.board.database import get_sqlite_address, now_ms, use_database
from dckgrade.board.schema import REPORTS
from dckgrade.board.store import list_classes
from dckgrade.classroom import board_client
from dckgrade.classroom.board_client import BoardUnreachable
from dckgrade.classroom.membership import JoinCode, Membership
from dckgrade.classroom.outbox import Outbox
from dckgrade.report import board_request as wire
from dckgrade.report import signature
from tests.support.class_reports import make_trainee_report
from tests.support.cutting_proxy import CuttingProxy
from tests.support.postgres_server import PostgresServer
from tests.support.report_sender import Sender
from tests.support.running_board import TIMEOUT_S, RunningBoard, run_board


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--tries"))


def read_digests(address: str) -> list[str]:
    """Read the digests of what is kept, in order; one that is there twice is there twice."""
    with use_database(address) as engine, engine.connect() as connection:
        return sorted(
            hashlib.sha256(raw).hexdigest() for raw in connection.execute(select(REPORTS.c.raw)).scalars()
        )


@contextmanager
def run_process(address: str, folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command in a process of its own, on a fixed port."""
    environ = os.environ | {"DCKGRADE_DATABASE": address, "HOME": str(folder), "DCKGRADE_LANG": "en"}
    environ |= {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-m", "dckgrade", "board", "--page", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as process:
        assert process.stderr
        assert b"token" in process.stderr.readline()
        try:
            yield process
        finally:
            process.kill()


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def join_as(url: str, address: str, name: str) -> Membership:
    with use_database(address) as engine, engine.connect() as connection:
        code = list_classes(connection)[0].code
    return board_client.join_board(url, JoinCode(code, ""), name)


def make_bytes(joined: Membership) -> bytes:
    key = signature.TraineeKey(joined.name, joined.secret)
    return signature.sign_report(make_trainee_report(joined.name), key)


def test_kill_9_under_load_loses_nothing_that_was_acknowledged_and_counts_nothing_twice(
    address: str, tmp_path: Path, tries: int
) -> None:
    dice, port = random.Random(19), find_free_port()  # noqa: S311
    senders: list[Sender] = []
    with run_process(address, tmp_path, port):
        for name in ("Ada", "Grace", "Alan", "Edsger"):
            joined = join_as(f"http://127.0.0.1:{port}", address, name)
            senders.append(Sender(joined, tmp_path / name, make_bytes(joined)))
    for sender in senders:
        sender.start()
    for _ in range(tries):
        with run_process(address, tmp_path, port) as process:
            time.sleep(dice.uniform(0.05, 0.5))
            process.kill()
            process.wait()
        # Read first: more may be acknowledged only by the next process.
        acknowledged = set[str]().union(*(sender.acknowledged for sender in senders))
        assert acknowledged <= set(read_digests(address))
    for sender in senders:
        sender.over.set()
        sender.join(TIMEOUT_S)
    with run_process(address, tmp_path, port):
        for sender in senders:
            board_client.deliver(sender.joined, sender.outbox)
    assert read_digests(address) == sorted(set[str]().union(*(sender.sent for sender in senders)))
    assert all(sender.acknowledged == sender.sent for sender in senders)


def choose_places(length: int, tries: int) -> list[int]:
    """Choose where to cut: both ends, and some between; with thirty tries or more, every byte."""
    if tries >= 30:
        return list(range(length + 1))
    between = random.Random(length).sample(range(2, length - 1), 3 * tries)  # noqa: S311
    return sorted({0, 1, length - 1, length, *between})


def test_a_request_that_is_cut_at_any_byte_is_kept_whole_or_not_at_all(tmp_path: Path, tries: int) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        ada = running.join("Ada")
        content = running.make_report(ada)
        nonce = running.board.make_nonce()
        mark = wire.sign_request(ada.secret, wire.REPORTS_PATH, ada.trainee_id, nonce, content)
        head = (
            f"POST {wire.REPORTS_PATH} HTTP/1.1\r\nHost: board\r\nContent-Length: {len(content)}\r\n"
            f"{wire.TRAINEE_HEADER}: {ada.trainee_id}\r\n{wire.NONCE_HEADER}: {nonce}\r\n"
            f"{wire.SIGNATURE_HEADER}: {mark}\r\nConnection: close\r\n\r\n"
        )
        request = head.encode() + content
        for place in choose_places(len(request), tries)[:-1]:
            with socket.create_connection((running.host, running.port), timeout=TIMEOUT_S) as connection:
                connection.sendall(request[:place])
            assert running.count_reports() == 0, place
        with socket.create_connection((running.host, running.port), timeout=TIMEOUT_S) as connection:
            connection.sendall(request)
            reply = b"".join(iter(lambda: connection.recv(4096), b""))
        assert (b" 200 OK" in reply, running.count_reports()) == (True, 1)


def test_an_answer_that_is_cut_at_any_byte_makes_the_client_send_again_and_counts_once(
    tmp_path: Path, tries: int
) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        ada = running.join("Ada")
        outbox = Outbox(tmp_path / "outbox")
        # Of the first answer, which gives a nonce, and of the second.
        for number, place in enumerate(choose_places(600, min(tries, 29))):
            outbox.add(running.make_report(ada))
            with CuttingProxy(running.port, down=place) as proxy:
                try:
                    board_client.deliver(ada._replace(url=proxy.url), outbox)
                except BoardUnreachable:
                    assert len(outbox.list_waiting()) == 1
                    board_client.deliver(ada, outbox)
            assert (outbox.list_waiting(), running.count_reports()) == ([], number + 1), place


def test_a_full_disk_acknowledges_nothing_and_what_waited_comes_when_there_is_room(
    tmp_path: Path, tries: int
) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        ada, outbox = running.join("Ada"), Outbox(tmp_path / "outbox")
        is_full = limit_pages(running)
        # Within what a trainee may send in an hour.
        each = min(30, 500 // tries)
        for number in range(tries):
            is_full.set()
            for _ in range(each):
                outbox.add(running.make_report(ada))
            with pytest.raises(BoardUnreachable):
                board_client.deliver(ada, outbox)
            kept, waiting = running.count_reports(), len(outbox.list_waiting())
            assert (waiting > 0, kept + waiting) == (True, each * (number + 1))
            assert running.ask("/healthz").text == "ok"
            is_full.clear()
            board_client.deliver(ada, outbox)
            assert (running.count_reports(), outbox.list_waiting()) == (each * (number + 1), [])
        running.wait_for_text("1 passed")


def limit_pages(running: RunningBoard) -> threading.Event:
    """Have SQLite report a full disk (SQLITE_FULL) after some more pages, while the event is set."""
    is_full = threading.Event()
    room = {False: 1 << 30}

    def limit(connection: object, *_: object) -> None:
        execute: Callable[[str], object] = connection.execute  # type: ignore[attr-defined]
        if is_full.is_set():
            (pages,) = execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]
            room.setdefault(True, pages + 8)
        else:
            room.pop(True, None)
        execute(f"PRAGMA max_page_count = {room[is_full.is_set()]}")

    event.listen(running.board.engine, "checkout", limit)
    return is_full


def test_a_clock_that_jumps_loses_nothing(
    running: RunningBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    ada, outbox = running.join("Ada"), Outbox(tmp_path / "outbox")
    jumps = itertools.cycle([-(10**10), 10**10, -1, 0, 700_000])
    with board_client.open_connection(ada, TIMEOUT_S) as connection:
        for number, jump in zip(range(max(5, tries)), jumps, strict=False):
            for module in ("api", "board"):
                monkeypatch.setattr(f"dckgrade.board.{module}.now_ms", lambda jump=jump: now_ms() + jump)
            connection.send_signed(ada, wire.REPORTS_PATH, running.make_report(ada))
            outbox.add(running.make_report(ada))
            board_client.deliver(ada, outbox)
            assert running.count_reports() == 2 * (number + 1)
    running.wait_for_text("1 passed")


def test_a_database_that_restarts_loses_nothing_and_pages_that_are_open_go_on(
    postgres: PostgresServer, tmp_path: Path, tries: int
) -> None:
    with run_board(postgres.create_database(), tmp_path) as running:
        ada = running.join("Ada")
        sender = Sender(ada, tmp_path / "outbox", make_bytes(ada))
        running.wait_for_text("Ada")
        sender.start()
        for _ in range(tries):
            postgres.stop()
            assert running.ask("/readyz").status == 503
            postgres.start()
            before = len(sender.acknowledged)
            running.wait_until(lambda: len(sender.acknowledged) > before, "nothing is sent again")  # noqa: B023
        sender.over.set()
        sender.join(TIMEOUT_S)
        board_client.deliver(ada, sender.outbox)
        assert sender.acknowledged == sender.sent
        assert running.count_reports() == len(sender.sent)
        # Heard of again by the page, which asked for nothing meanwhile.
        running.send(ada, running.make_report(ada, "no-password"))
        running.wait_for_text("stuck for")


def test_two_boards_on_one_database_show_what_either_takes(postgres: PostgresServer, tmp_path: Path) -> None:
    address = postgres.create_database()
    with run_board(address, tmp_path) as one, run_board(address, tmp_path) as other:
        # What it shows from now on, it has been told.
        other.wait_for_text("Nobody has joined yet.")
        ada = one.join("Ada")
        other.wait_for_text("Ada")
        content = one.make_report(ada, "no-password")
        elsewhere = ada._replace(url=other.url)
        assert [other.send(to, content).content["known"] for to in (elsewhere, ada)] == [False, True]
        one.wait_for_text("stuck for")
        board_client.set_hand(elsewhere, "help")
        one.wait_for_text("Raised hands (1)")
        # A key that one of them has replaced is not taken by the other any more.
        one.ask(f"/classes/1/trainees/{ada.trainee_id}/rejoin", {})
        again = one.join("Ada")
        other.send(again._replace(url=other.url), other.make_report(again))
        one.wait_for_text("1 passed")


def test_a_client_that_sends_slowly_or_nothing_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dckgrade.board.serve.IDLE_TIMEOUT_S", 0.2)
    monkeypatch.setattr("dckgrade.board.api.BODY_TIMEOUT_S", 0.3)
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        ada = running.join("Ada")
        head = f"POST {wire.REPORTS_PATH} HTTP/1.1\r\nHost: a\r\n{wire.TRAINEE_HEADER}: {ada.trainee_id}\r\n"
        beginnings = [b"", b"GET / HT", f"{head}Content-Length: 100\r\n\r\n".encode(), b"\x16\x03\x01"]
        for beginning in beginnings:
            with socket.create_connection((running.host, running.port), timeout=TIMEOUT_S) as slow:
                slow.sendall(beginning)
                # The other end lets go, whatever it said before.
                assert b"".join(iter(lambda: slow.recv(4096), b""))[:13] in {
                    b"", b"HTTP/1.1 408 ", b"HTTP/1.1 400 ",
                }  # fmt: skip
        running.send(ada, running.make_report(ada))
