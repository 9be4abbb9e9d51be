"""A board that runs in a thread, and trainees who use it as the commands do."""

import asyncio
import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from msgspec.structs import replace
from sqlalchemy import func, select

from dckgrade.board import store
from dckgrade.board.board import Board
from dckgrade.board.database import now_ms, open_database
from dckgrade.board.schema import REPORTS
from dckgrade.board.serve import BoardSockets, serve_board
from dckgrade.board.sessions import COOKIE, Sessions
from dckgrade.classroom import board_client
from dckgrade.classroom.membership import JoinCode, Membership, parse_join_code
from dckgrade.classroom.people import Roster
from dckgrade.i18n import Lang
from dckgrade.report import board_request as wire
from dckgrade.report import signature
from dckgrade.report.report import Report
from tests.support.class_reports import make_trainee_report

TIMEOUT_S = 30.0


@cache
def make_report_once(trainee: str, lab: str, case: str) -> Report:
    """Make a report of somebody's engine."""
    return make_trainee_report(trainee, lab, case)


class Answer(NamedTuple):
    """What the page's server answered."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class RunningBoard:
    """What tests need of a board."""

    def __init__(self, board: Board, sockets: BoardSockets) -> None:
        self.board, self.sockets = board, sockets
        self.sessions = Sessions(board.token, is_behind_tls=False)
        self.host, self.port = sockets.page.getsockname()[:2]
        self.last_moment = 0

    @property
    def url(self) -> str:
        """Return where the page is, and what trainees without TLS join."""
        return f"http://{self.host}:{self.port}"

    @property
    def code(self) -> JoinCode:
        """Return the join code of the first class, as it is typed."""
        with self.board.engine.connect() as connection:
            line = self.sockets.public.format_join_line(store.list_classes(connection)[0].code)
        return parse_join_code(line.split()[-1])

    def join(self, name: str) -> Membership:
        """Join as *name*."""
        return board_client.join_board(self.sockets.public.join_url, self.code, name)

    def make_report(self, trainee: Membership, case: str = "solution", lab: str = "tp5") -> bytes:
        """Make a report, signed as the command signs it; each is of another second."""
        self.last_moment += 1
        moment = f"2026-11-24T10:{self.last_moment // 60:02}:{self.last_moment % 60:02}Z"
        report = replace(make_report_once(trainee.name, lab, case), started_at=moment)
        return signature.sign_report(report, signature.TraineeKey(trainee.name, trainee.secret))

    def send(self, trainee: Membership, content: bytes) -> board_client.Reply:
        """Send bytes as a report."""
        with board_client.open_connection(trainee, TIMEOUT_S) as connection:
            return connection.send_signed(trainee, wire.REPORTS_PATH, content)

    def ask(
        self, path: str, fields: dict[str, str] | None = None, *, is_trainer: bool = True, **headers: str
    ) -> Answer:
        """Ask for a page, or send a form, as the trainer's browser does."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if is_trainer:
            sent["Cookie"] = f"{COOKIE}={self.sessions.cookie}"
        body = None if fields is None else urlencode({"mark": self.sessions.form_mark} | fields)
        with contextlib.closing(connection):
            connection.request("GET" if body is None else "POST", path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())

    def count_reports(self) -> int:
        """Count what is on the disk."""
        with self.board.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(REPORTS)).scalar_one())

    def wait_until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait until something holds; fails when that takes far too long."""
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)

    def wait_for_text(self, text: str, path: str = "/classes/1") -> str:
        """Wait until a page says something; returns the page."""
        pages: list[str] = []

        def is_there() -> bool:
            pages.append(self.ask(path).text)
            return text in pages[-1]

        self.wait_until(is_there, f"{path} does not say “{text}”")
        return pages[-1]


@contextlib.contextmanager
def run_board(
    address: str, folder: Path, *, lang: Lang = "en", listen: str | None = None, url: str | None = None
) -> Iterator[RunningBoard]:
    """Run a board on a database until this ends; *listen*: where trainees reach it by TLS; *url*: a proxy."""
    board = Board(open_database(address), lang)
    board.prepare_classes(None)
    sockets = BoardSockets.open("0", listen, url, folder / "certificate.pem")
    ready, loops = threading.Event(), list[asyncio.AbstractEventLoop]()

    def serve() -> None:
        with asyncio.Runner() as runner:
            loops.append(runner.get_loop())
            runner.run(serve_board(board, Roster(), sockets, ready.set))

    thread = threading.Thread(target=serve, name="board", daemon=True)
    thread.start()
    assert ready.wait(TIMEOUT_S)
    try:
        yield RunningBoard(board, sockets)
    finally:
        loops[0].call_soon_threadsafe(board.end)
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def allow_rejoin(running: RunningBoard, trainee: Membership) -> None:
    """Let a trainee join again, as the trainer does."""
    with running.board.engine.begin() as connection:
        store.allow_rejoin(connection, trainee.trainee_id, now_ms())
