"""Accounts of services: sent to their service alone, and never again once refused."""

import base64
import socket
import threading
from pathlib import Path

import pytest

from dckgrade.engine import rejected_logins
from dckgrade.engine.answers import Login
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.service_client import MAX_ACCOUNT_BODY_BYTES, MAX_ANSWER_BODY_BYTES, get_http_answer
from tests.support.fault_engine import connect_fault_engine, reply_bytes, reply_to_ping
from tests.support.fault_service import OK_HEAD, start_fault_service

MINE = Login("admin", "canary-secret-1")
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
EMPTY = OK_HEAD + b"Content-Length: 0\r\n\r\n"


def test_an_account_is_sent_as_basic_credentials_and_otherwise_nothing_is() -> None:
    with start_fault_service(EMPTY) as there:
        get_http_answer(there.address, "/", login=MINE)
        get_http_answer(there.address, "/")
    sent = base64.b64encode(b"admin:canary-secret-1").decode()
    assert f"\r\nAuthorization: Basic {sent}\r\n" in there.requests[0].decode()
    assert b"Authorization" not in there.requests[1]


def test_an_account_is_never_shown() -> None:
    options = RunOptions(inputs={"grafana-password": MINE.password})
    assert "canary" not in f"{MINE} {MINE!r} {options} {options!r}"


@pytest.mark.parametrize(("login", "kept"), [(None, MAX_ANSWER_BODY_BYTES), (MINE, MAX_ACCOUNT_BODY_BYTES)])
def test_an_account_s_answer_may_be_longer_and_has_an_end_too(login: Login | None, kept: int) -> None:
    with start_fault_service(OK_HEAD + b"\r\n" + b"x" * (MAX_ACCOUNT_BODY_BYTES + 1)) as there:
        answered = get_http_answer(there.address, "/", login=login)
    assert (len(answered.body), answered.truncated) == (kept, True)


def test_an_account_that_was_refused_is_not_tried_again_in_any_look(tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, {"/_ping": reply_to_ping()}) as (connected, _),
        start_fault_service(REFUSED) as there,
    ):
        for _ in range(3):
            look = connected.take_snapshot()
            assert look.request_http(there.address, "/api/org", MINE).status == 401
            assert look.request_http(there.address, "/api/datasources", MINE).status == 401
        assert len(there.requests) == 1
        assert connected.take_snapshot().request_http(there.address, "/api/health").status == 401
        assert (
            connected.take_snapshot().request_http(there.address, "/", Login("admin", "other")).status == 401
        )
    assert len(there.requests) == 3


def test_a_refusal_that_a_service_passes_on_is_not_its_own(tmp_path: Path) -> None:
    replies = iter(map(reply_bytes, (EMPTY, REFUSED, EMPTY)))

    def reply(connection: socket.socket, over: threading.Event) -> None:
        next(replies)(connection, over)

    with (
        connect_fault_engine(tmp_path, {"/_ping": reply_to_ping()}) as (connected, _),
        start_fault_service(reply) as there,
    ):
        guess = Login("admin", "admin", guessed_for="c" * 64)
        look = connected.take_snapshot(RunOptions(environment={"HOME": str(tmp_path)}))
        statuses = [
            look.request_http(there.address, path, guess).status
            for path in ("/api/org", "/api/datasources/proxy/1/query", "/api/search")
        ]
    assert statuses == [200, 401, 200], (
        "Prometheus's 401 through Grafana says nothing about Grafana's account"
    )
    assert list(tmp_path.rglob("refused.json")) == []


def test_one_that_is_let_in_is_asked_anew_in_each_look(tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, {"/_ping": reply_to_ping()}) as (connected, _),
        start_fault_service(EMPTY) as there,
    ):
        for _ in range(2):
            look = connected.take_snapshot()
            assert [look.request_http(there.address, "/api/org", MINE).status for _ in range(2)] == [200, 200]
    assert len(there.requests) == 2


def test_a_guess_that_was_refused_is_not_made_again_in_the_next_runs(tmp_path: Path) -> None:
    given = RunOptions(environment={"HOME": str(tmp_path / "home")})
    guess = Login("admin", "admin", guessed_for="c" * 64)
    with start_fault_service(REFUSED) as there:
        for run in range(5):
            (tmp_path / f"run{run}").mkdir()
            with connect_fault_engine(tmp_path / f"run{run}", {"/_ping": reply_to_ping()}) as (
                connected,
                _engine,
            ):
                assert (
                    connected.take_snapshot(given).request_http(there.address, "/api/org", guess).status
                    == 401
                )
        assert len(there.requests) == 1
        with connect_fault_engine(tmp_path, {"/_ping": reply_to_ping()}) as (connected, _engine):
            other = Login("admin", "admin", guessed_for="d" * 64)
            connected.take_snapshot(given).request_http(there.address, "/api/org", other)
            connected.take_snapshot(given).request_http(there.address, "/api/org", Login("admin", "typed"))
        assert len(there.requests) == 3
    (written,) = (tmp_path / "home").rglob("*.json")
    assert "typed" not in written.read_text()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"x": "y"}', b"[" * 100_000])
def test_a_note_that_is_none_is_no_refusal(tmp_path: Path, content: bytes) -> None:
    environment = {"HOME": str(tmp_path)}
    path = rejected_logins.get_rejections_path(environment)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert not rejected_logins.was_rejected_lately("c", "admin", environment)
    rejected_logins.remember_rejection("c", "admin", environment)
    assert rejected_logins.was_rejected_lately("c", "admin", environment)


def test_a_refusal_is_forgotten_when_grafana_has_forgotten_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    rejected_logins.remember_rejection("c", "admin", environment)
    monkeypatch.setattr(rejected_logins, "REJECTION_MEMORY_S", 0.0)
    assert not rejected_logins.was_rejected_lately("c", "admin", environment)


def test_where_nothing_can_be_written_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rejected_logins.remember_rejection("c", "admin", {"XDG_STATE_HOME": str(tmp_path / "file")})
