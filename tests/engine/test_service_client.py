"""Requests to sound and broken services of containers."""

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from dckgrade.engine.answers import Address, NoAnswer, OutOfReach
from dckgrade.engine.service_client import MAX_ANSWER_BODY_BYTES, exchange_tcp, get_http_answer
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import Reply, drip_bytes, encode_chunk, stall_after
from tests.support.fault_service import OK_HEAD, reset_connection, start_fault_service


def get_no_answer_reason(call: Callable[[], object]) -> str:
    begun = time.monotonic()
    with pytest.raises(NoAnswer) as caught:
        call()
    assert time.monotonic() - begun < 2
    return caught.value.reason


def test_an_answer_comes_whole_with_header_names_in_lower_case() -> None:
    with start_fault_service(OK_HEAD + b"X-Two: a\r\nx-two: b\r\nContent-Length: 2\r\n\r\nhi") as there:
        answered = get_http_answer(there.address, "/")
    assert (answered.status, answered.body, answered.truncated) == (200, b"hi", False)
    assert answered.headers["server"] == "nginx/1.27"
    assert answered.headers["x-two"] == "a, b"


def test_the_request_is_plain_and_asks_for_no_compression() -> None:
    with start_fault_service(OK_HEAD + b"Content-Length: 0\r\n\r\n") as there:
        get_http_answer(there.address, "/a b/é?q=1&r=%20")
    request = there.requests[0].decode()
    assert request.startswith("GET /a%20b/%C3%A9?q=1&r=%20 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{there.address.port}\r\n" in request
    assert "Accept-Encoding: identity\r\n" in request


def test_a_path_cannot_smuggle_a_header() -> None:
    with start_fault_service(OK_HEAD + b"Content-Length: 0\r\n\r\n") as there:
        get_http_answer(there.address, "/\r\nX-Evil: 1")
    assert b"\r\nX-Evil" not in there.requests[0]


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with start_fault_service(
        f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".encode()
    ) as there:
        assert get_http_answer(there.address, "/").status == status
        assert len(there.requests) == 1


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with start_fault_service(OK_HEAD + b"Content-Length: 0\r\n\r\n") as there:
        assert get_http_answer(there.address, "/").status == 200


def test_a_body_in_chunks_or_up_to_the_end_is_read() -> None:
    with start_fault_service(
        OK_HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + encode_chunk(b"he")
        + encode_chunk(b"llo")
        + encode_chunk(b"")
    ) as there:
        assert get_http_answer(there.address, "/").body == b"hello"
    with start_fault_service(OK_HEAD + b"\r\nhello") as there:
        assert get_http_answer(there.address, "/").body == b"hello"


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000\r\n\r\n", b"\r\n"])
def test_a_large_body_is_cut_and_says_so(framing: bytes) -> None:
    with start_fault_service(OK_HEAD + framing + b"x" * 1_000_000) as there:
        answered = get_http_answer(there.address, "/")
    assert len(answered.body) == MAX_ANSWER_BODY_BYTES
    assert answered.truncated


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    with start_fault_service(
        OK_HEAD + b"Content-Length: %d\r\n\r\n" % MAX_ANSWER_BODY_BYTES + b"x" * MAX_ANSWER_BODY_BYTES
    ) as there:
        assert not get_http_answer(there.address, "/").truncated


@pytest.mark.parametrize(
    "reply",
    [
        OK_HEAD + b"Content-Length: 10\r\n\r\nhalf",
        OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal",
        OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhal",
        b"",
    ],
)
def test_an_answer_cut_short_is_none(reply: bytes) -> None:
    with start_fault_service(reply) as there:
        assert get_no_answer_reason(lambda: get_http_answer(there.address, "/")) == "reset"


def test_a_connection_reset_is_told_from_one_refused() -> None:
    with start_fault_service(reset_connection) as there:
        assert get_no_answer_reason(lambda: get_http_answer(there.address, "/")) == "reset"
    assert get_no_answer_reason(lambda: get_http_answer(there.address, "/")) == "refused"


@pytest.mark.parametrize(
    "reply",
    [
        b"220 smtp ready\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_another_protocol_is_garbled(reply: bytes) -> None:
    with start_fault_service(reply) as there:
        assert get_no_answer_reason(lambda: get_http_answer(there.address, "/")) == "garbled"


@pytest.mark.parametrize(
    "say",
    [
        stall_after(b""),
        stall_after(OK_HEAD),
        stall_after(OK_HEAD + b"Content-Length: 10\r\n\r\nhalf"),
        drip_bytes(OK_HEAD + b"Content-Length: 10\r\n\r\n0123456789"),
        drip_bytes(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.01),
    ],
)
def test_a_server_that_takes_too_long_is_silent(say: Reply) -> None:
    with start_fault_service(say) as there:
        assert get_no_answer_reason(lambda: get_http_answer(there.address, "/", 0.5)) == "silent"


def test_an_address_beyond_reach_is_nobodys_fault() -> None:
    with pytest.raises(OutOfReach) as caught:
        get_http_answer(Address("host.invalid", 80, "published"), "/", 2)
    assert caught.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_a_connection_that_does_not_come_about_is_out_of_reach() -> None:
    # A full backlog drops the SYN, as a firewall or a machine that is off would.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        address = Address("127.0.0.1", full.getsockname()[1], "own")
        for _ in range(3):
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)  # noqa: FBT003
            connection.connect_ex((address.host, address.port))
        time.sleep(0.1)
        begun = time.monotonic()
        with pytest.raises(OutOfReach) as caught:
            get_http_answer(address, "/", 0.5)
    assert caught.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH
    assert time.monotonic() - begun < 1.5


def test_an_exchange_gives_what_came_up_to_the_count() -> None:
    with start_fault_service(b"NS", count=8) as there:
        assert exchange_tcp(there.address, b"\0\0\0\10\4\322\26\57", 1) == b"N"
    assert there.requests == [b"\0\0\0\10\4\322\26\57"]


def test_an_exchange_gives_what_came_before_the_end_or_the_deadline() -> None:
    with start_fault_service(b"N", count=1) as there:
        assert exchange_tcp(there.address, b"?", 10) == b"N"
    with start_fault_service(stall_after(b"N"), count=1) as there:
        assert exchange_tcp(there.address, b"?", 10, 0.3) == b"N"


def test_an_exchange_without_a_byte_says_why() -> None:
    with start_fault_service(stall_after(b""), count=1) as there:
        assert get_no_answer_reason(lambda: exchange_tcp(there.address, b"?", 1, 0.3)) == "silent"
    with start_fault_service(b"", count=1) as there:
        assert get_no_answer_reason(lambda: exchange_tcp(there.address, b"?", 1)) == "reset"
    assert get_no_answer_reason(lambda: exchange_tcp(there.address, b"?", 1)) == "refused"
