"""What trainees send: nothing is believed, what is acknowledged is kept, once."""

import hashlib
import json
import socket
import ssl
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from dckgrade.board import store
from dckgrade.board.board import NONCE_LIFETIME_MS
from dckgrade.board.database import get_sqlite_address, now_ms
from dckgrade.board.schema import CLASSES, HANDS, REPORTS, TRAINEES
from dckgrade.classroom import board_client
from dckgrade.classroom.board_client import BoardConnection, BoardRefusal, BoardUnreachable, MembershipEnded
from dckgrade.classroom.membership import JoinCode, parse_board_url
from dckgrade.report import board_request as wire
from dckgrade.report import codec
from tests.support.running_board import RunningBoard, allow_rejoin, run_board


def test_a_report_is_kept_byte_for_byte_and_once_however_often_it_comes(running: RunningBoard) -> None:
    ada = running.join("Ada Lovelace")
    content = running.make_report(ada)
    first, second = running.send(ada, content), running.send(ada, content)

    assert (first.content["known"], second.content["known"]) == (False, True)
    assert first.content["digest"] == hashlib.sha256(content).hexdigest()
    with running.board.engine.connect() as connection:
        assert connection.execute(select(REPORTS.c.raw)).scalars().all() == [content]


def test_a_changed_byte_another_path_or_another_s_name_is_refused(running: RunningBoard) -> None:
    ada, grace = running.join("Ada"), running.join("Grace")
    content = running.make_report(ada)
    with BoardConnection(parse_board_url(running.url), "", 10) as connection:
        connection.request("GET", wire.NONCE_PATH)
        nonce = connection.nonce
        good = wire.sign_request(ada.secret, wire.REPORTS_PATH, ada.trainee_id, nonce, content)
        tries = [
            (wire.REPORTS_PATH, ada.trainee_id, nonce, content.replace(b"10", b"11", 1), good),
            (wire.HAND_PATH, ada.trainee_id, nonce, content[:2000], good),
            (wire.REPORTS_PATH, grace.trainee_id, nonce, content, good),
            (wire.REPORTS_PATH, ada.trainee_id, nonce[:-1] + "é", content, good),
            (wire.REPORTS_PATH, ada.trainee_id, nonce, content, good[:-1]),
            (wire.REPORTS_PATH, ada.trainee_id, nonce, content, ""),
            (wire.REPORTS_PATH, "nobody", nonce, content, good),
        ]
        for path, trainee_id, said, body, signature in tries:
            headers = {
                wire.TRAINEE_HEADER: trainee_id,
                wire.NONCE_HEADER: said,
                wire.SIGNATURE_HEADER: signature,
            }
            reply = connection.request("POST", path, body, headers)
            assert reply.status == 401, (path, trainee_id)
    assert running.count_reports() == 0


def test_a_nonce_that_is_made_up_or_too_old_is_refused_and_the_client_takes_another(
    running: RunningBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, now = running.board, now_ms()
    nonce = board.make_nonce()
    assert board.is_nonce_fresh(nonce)
    assert not any(map(board.is_nonce_fresh, ["", "a.b", f"{now}.00.{'0' * 24}", nonce[:-1], "é.é.é"]))

    ada = running.join("Ada")
    with board_client.open_connection(ada, 10) as connection:
        with monkeypatch.context() as patch:
            patch.setattr("dckgrade.board.board.now_ms", lambda: now - NONCE_LIFETIME_MS - 1)
            connection.request("GET", wire.NONCE_PATH)
        assert not board.is_nonce_fresh(connection.nonce)
        connection.send_signed(ada, wire.REPORTS_PATH, running.make_report(ada))
    assert running.count_reports() == 1


def test_a_hand_that_is_sent_again_by_somebody_who_listened_is_refused(running: RunningBoard) -> None:
    ada, body = running.join("Ada"), b'{"text": "help"}'
    with board_client.open_connection(ada, 10) as connection:
        connection.request("GET", wire.NONCE_PATH)
        nonce = connection.nonce
        headers = {
            wire.TRAINEE_HEADER: ada.trainee_id,
            wire.NONCE_HEADER: nonce,
            wire.SIGNATURE_HEADER: wire.sign_request(ada.secret, wire.HAND_PATH, ada.trainee_id, nonce, body),
        }
        replies = [connection.request("POST", wire.HAND_PATH, body, headers) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 401]
    assert replies[1].content["error"] == "nonce"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b"[" * 5000, b'{"schema": "dckgrade-report/1"}', b"null"]
)
def test_what_is_no_report_is_refused_for_good(content: bytes, tmp_path: Path) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        ada = running.join("Ada")
        with pytest.raises(BoardRefusal):
            running.send(ada, content)
        assert running.count_reports() == 0


def test_more_than_a_mebibyte_is_refused_before_it_is_read(running: RunningBoard) -> None:
    ada = running.join("Ada")
    with pytest.raises(BoardRefusal):
        running.send(ada, b" " * (codec.MAX_REPORT_BYTES + 1))

    head = f"POST {wire.REPORTS_PATH} HTTP/1.1\r\nHost: a\r\n{wire.TRAINEE_HEADER}: {ada.trainee_id}\r\n"
    with socket.create_connection((running.host, running.port), timeout=10) as raw:
        raw.sendall(f"{head}Content-Length: {codec.MAX_REPORT_BYTES + 1}\r\n\r\n".encode())
        assert b" 413 " in raw.recv(4096)
    with socket.create_connection((running.host, running.port), timeout=10) as raw:
        raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        with pytest.raises(OSError, match=r".*"):  # noqa: PT012 - it may be cut at any chunk
            for _ in range(100):
                raw.sendall(chunk)
            raise ConnectionResetError
        assert running.count_reports() == 0


def test_six_hundred_reports_an_hour_are_taken_and_one_more_is_kept_by_the_client(
    running: RunningBoard,
) -> None:
    ada = running.join("Ada")
    known = running.make_report(ada)
    running.send(ada, known)
    with running.board.engine.begin() as connection:
        for number in range(599):
            raw = str(number).encode()
            store.keep_report(connection, ada.trainee_id, "tp5", raw, now_ms())
    with pytest.raises(BoardUnreachable):
        running.send(ada, running.make_report(ada))
    # What is there already is acknowledged all the same.
    assert running.send(ada, known).content["known"]

    with running.board.engine.begin() as connection:
        connection.execute(update(REPORTS).values(received_at=now_ms() - store.HOUR_MS))
    assert running.send(ada, running.make_report(ada)).content["known"] is False


def test_a_code_ends_a_wrong_one_is_refused_and_many_wrong_ones_have_to_wait(running: RunningBoard) -> None:
    code = running.code
    with running.board.engine.begin() as connection:
        connection.execute(update(CLASSES).values(code_until=now_ms() - 1))
    with pytest.raises(BoardRefusal, match="code"):
        running.join("Ada")
    with running.board.engine.begin() as connection:
        connection.execute(update(CLASSES).values(code_until=now_ms() + store.HOUR_MS))
    assert running.join("Ada").name == "Ada"

    for _ in range(9):
        with pytest.raises(BoardRefusal):
            board_client.join_board(running.url, JoinCode("AAAAAAAA", ""), "Eve")
    with pytest.raises(BoardUnreachable):
        board_client.join_board(running.url, code, "Grace")


def test_a_name_is_taken_once_and_again_by_the_trainer_s_leave_and_the_old_key_is_void_then(
    running: RunningBoard,
) -> None:
    before = running.join("Ada Lovelace")
    running.send(before, running.make_report(before))
    for same in ("Ada Lovelace", "ada  lovelace", "Àda Lovelace"):
        with pytest.raises(BoardRefusal, match="name"):
            running.join(same)
    allow_rejoin(running, before)
    after = running.join("ada lovelace")

    assert (after.trainee_id, after.name) == (before.trainee_id, "Ada Lovelace")
    assert after.secret != before.secret
    with pytest.raises(MembershipEnded):
        running.send(before, running.make_report(before))
    running.send(after, running.make_report(after))
    assert running.count_reports() == 2
    with pytest.raises(BoardRefusal, match="name"):
        running.join("Ada Lovelace")


@pytest.mark.parametrize(
    "name", ["", "   ", "\u200b", "x" * 81, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 20]
)
def test_a_name_that_nobody_can_read_is_refused(name: str, tmp_path: Path) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running, pytest.raises(BoardRefusal):
        running.join(name)


def test_a_hand_is_raised_said_anew_lowered_and_gone_with_whoever_leaves(running: RunningBoard) -> None:
    ada = running.join("Ada")

    def list_hands() -> list[str]:
        with running.board.engine.connect() as connection:
            return list(connection.execute(select(HANDS.c.text)).scalars())

    board_client.set_hand(ada, "the port\0\n of nginx" + "x" * 500)
    assert list_hands()[0].startswith("the port of nginx")
    assert len(list_hands()[0]) == wire.MAX_HAND_CHARS
    board_client.set_hand(ada, "never mind")
    assert list_hands() == ["never mind"]
    board_client.set_hand(ada, None)
    assert list_hands() == []
    board_client.set_hand(ada, "")
    board_client.leave_board(ada)
    assert list_hands() == []
    with pytest.raises(MembershipEnded):
        board_client.set_hand(ada, "again")


def test_a_hand_goes_down_by_itself_when_the_check_passes_on_which_it_went_up(running: RunningBoard) -> None:
    ada = running.join("Ada")
    running.send(ada, running.make_report(ada, "no-password"))
    running.wait_for_text("Ada</a> stuck for")
    board_client.set_hand(ada, "I am lost")
    running.wait_for_text("Raised hands (1)")
    running.send(ada, running.make_report(ada, "no-password"))
    running.send(ada, running.make_report(ada, "solution"))
    running.wait_for_text("Raised hands (0)")


def test_odd_bodies_and_names_break_nothing(running: RunningBoard) -> None:
    ada = running.join("Ada'; DROP TABLE reports; --")
    bodies = [b"[]", b"1", b'"x"', b'{"code": []}', b'{"name": {}, "code": 1}', b'{"text": [1]}', b"{", b"\0"]
    with board_client.open_connection(ada, 10) as connection:
        for body in bodies:
            for path in (wire.JOIN_PATH, wire.HAND_PATH, wire.REPORTS_PATH):
                assert connection.send_once(ada, path, body).status in {200, 403, 413, 422, 429}
    with running.board.engine.connect() as connection_to_database:
        names = connection_to_database.execute(select(TRAINEES.c.name)).scalars().all()
    assert names == ["Ada'; DROP TABLE reports; --"]


def test_beyond_loopback_there_is_tls_with_the_certificate_of_the_join_line_and_no_page(
    tmp_path: Path,
) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path, listen="0.0.0.0:0") as running:
        code, trainees = running.code, running.sockets.trainees
        assert trainees
        assert len(code.fingerprint) == wire.FINGERPRINT_CHARS
        url = f"https://127.0.0.1:{trainees.getsockname()[1]}"
        ada = board_client.join_board(url, code, "Ada")
        certificate = ssl.get_server_certificate(("127.0.0.1", trainees.getsockname()[1]))
        assert ada.fingerprint == hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        running.send(ada, running.make_report(ada))
        assert running.count_reports() == 1
        with board_client.open_connection(ada, 10) as connection:
            for page in ("/", "/enter", "/classes/1", "/metrics", "/static/htmx.min.js"):
                assert connection.request("GET", page).status == 404

        other = replace_fingerprint(code)
        with pytest.raises(MembershipEnded, match="nothing was sent"):
            board_client.join_board(url, other, "Eve")
        with pytest.raises(MembershipEnded, match="nothing was sent"):
            running.send(ada._replace(fingerprint="0" * 64), running.make_report(ada))
        with pytest.raises(BoardUnreachable, match="certificate"):
            running.send(ada._replace(fingerprint=""), running.make_report(ada))
        assert oct((tmp_path / "certificate.pem").stat().st_mode)[-3:] == "600"


def replace_fingerprint(code: JoinCode) -> JoinCode:
    """Have another fingerprint, of a certificate that is not shown."""
    return code._replace(fingerprint="A" * wire.FINGERPRINT_CHARS)


def test_a_lab_that_the_board_has_not_is_kept_and_said(running: RunningBoard) -> None:
    ada = running.join("Ada")
    raw = json.loads(running.make_report(ada))
    raw["lab"]["id"] = "../../etc/passwd"
    raw.pop("signature")
    running.send(ada, json.dumps(raw).encode())
    running.wait_for_text("There is no lab", f"/classes/1/trainees/{ada.trainee_id}")


def test_a_report_that_cannot_be_judged_keeps_none_that_comes_after_it(
    running: RunningBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = running.join("Ada")
    raw = json.loads(running.make_report(ada))
    raw.pop("signature")
    for lab in ("nowhere\0\u202e", "\0", "x" * 5000, "tp5\n"):
        raw["lab"]["id"] = lab
        running.send(ada, json.dumps(raw).encode())
    with monkeypatch.context() as patch:
        patch.setattr("dckgrade.board.judging.advance_standing", lambda *_: 1 / 0)
        running.send(ada, running.make_report(ada))
        running.wait_for_text("ZeroDivisionError", f"/classes/1/trainees/{ada.trainee_id}")
    running.send(ada, running.make_report(ada))
    running.wait_for_text("1 passed")


def test_what_a_report_claims_is_not_believed(running: RunningBoard) -> None:
    ada = running.join("Ada")
    report = codec.from_json(running.make_report(ada, "no-password"), "report")
    forged = replace(report, score=replace(report.score, earned=report.score.possible, undecided=0))
    running.send(ada, codec.to_json(forged))
    page = running.wait_for_text("worth a look")
    assert f"{report.score.possible}/{report.score.possible}" not in page
