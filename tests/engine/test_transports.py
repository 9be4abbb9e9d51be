"""One contract, two transports: whatever an engine sends, both give the same answer or the same error."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dckgrade.engine import allowlist
from dckgrade.engine.allowlist import ForbiddenRequest
from dckgrade.engine.answers import ApiAnswer, OutOfReach
from dckgrade.engine.api_version import NEWEST_TESTED
from dckgrade.engine.client import EngineClient
from dckgrade.engine.deadline import call_all_within
from dckgrade.engine.docker_transport import DockerTransport
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.resources import CONTAINER, RESOURCES, HttpMethod
from dckgrade.engine.unix_transport import UnixTransport
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    CHUNKED_JSON_HEAD,
    JSON_HEAD,
    KEPT_HEAD,
    RAW_STREAM_HEAD,
    FaultEngine,
    Reply,
    drip_bytes,
    encode_chunk,
    reply_bytes,
    reply_with,
    serve_in_turn,
    stall_after,
)

ASKED = "/v1.51/containers/web/json"
MAX_BYTES, TIMEOUT_S = 1000, 0.4
OUT, UNREADABLE = UnobservableReason.ENGINE_OUT_OF_REACH, UnobservableReason.UNREADABLE
DEADLINE, ENGINE_ERROR = UnobservableReason.DEADLINE, UnobservableReason.ENGINE_ERROR
BODY = b'{"Id": "web"}'
KEPT = KEPT_HEAD + b"Content-Length: 13\r\n\r\n" + BODY

Transport = UnixTransport | DockerTransport
Open = Callable[[str], Transport]
Outcome = ApiAnswer | tuple[UnobservableReason, str]


def open_unix(url: str) -> Transport:
    return UnixTransport(url.removeprefix("unix://"))


def open_docker(url: str) -> Transport:
    return DockerTransport(Endpoint(url, "--host"), NEWEST_TESTED, set())


BOTH = pytest.mark.parametrize("open_transport", [open_unix, open_docker])


def ask(transport: Transport, method: HttpMethod = "GET", timeout_s: float = TIMEOUT_S) -> Outcome:
    begun = time.monotonic()
    try:
        return transport.request(ASKED, {}, max_bytes=MAX_BYTES, timeout_s=timeout_s, method=method)
    except OutOfReach as error:
        return error.why, error.detail
    finally:
        assert time.monotonic() - begun < timeout_s + 1


@contextmanager
def start(folder: Path, reply: Reply) -> Iterator[FaultEngine]:
    with FaultEngine(folder / "docker.sock", {"/json": reply}) as engine:
        yield engine


CLOSED = {"connection": "close", "content-type": "application/json"}
CUT = (UNREADABLE, "an answer cut short")
UNKNOWN_LENGTH = (UNREADABLE, "an answer of unknown length")
LATE = (DEADLINE, "")
HUNG_UP = (OUT, "Remote end closed connection without response")


def make_answer(status: int = 200, body: bytes = BODY, **headers: str) -> ApiAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiAnswer(status, {**CLOSED, **named}, body)


SPLIT = encode_chunk(BODY[:5]) + encode_chunk(BODY[5:])
SOUND_HEAD = JSON_HEAD + b"Content-Length: 13\r\n\r\n"
OVER_LIMIT = (UNREADABLE, "an answer of more than 1000 bytes")
CASES: Mapping[str, tuple[Reply, Outcome]] = {
    # Whole answers
    "length": (reply_bytes(SOUND_HEAD + BODY), make_answer(content_length="13")),
    "empty": (
        reply_bytes(JSON_HEAD + b"Content-Length: 0\r\n\r\n"),
        make_answer(body=b"", content_length="0"),
    ),
    "chunks": (
        reply_bytes(CHUNKED_JSON_HEAD + SPLIT + b"0\r\n\r\n"),
        make_answer(transfer_encoding="chunked"),
    ),
    "chunks with extensions and a trailer": (
        reply_bytes(CHUNKED_JSON_HEAD + b"d;a=b\r\n" + BODY + b"\r\n0\r\nX-Late: 1\r\n\r\n"),
        make_answer(transfer_encoding="chunked"),
    ),
    "chunks whose last empty line is missing": (
        reply_bytes(CHUNKED_JSON_HEAD + SPLIT + b"0\r\n"),
        make_answer(transfer_encoding="chunked"),
    ),
    "chunked in capitals": (
        reply_bytes(JSON_HEAD + b"Transfer-Encoding: Chunked\r\n\r\n" + SPLIT + b"0\r\n\r\n"),
        make_answer(transfer_encoding="Chunked"),
    ),
    "frames up to the end": (
        reply_bytes(RAW_STREAM_HEAD + BODY),
        ApiAnswer(200, {"content-type": "application/vnd.docker.raw-stream"}, BODY),
    ),
    "a header twice": (
        reply_bytes(JSON_HEAD + b"X-Way: a\r\nContent-Length: 13\r\nX-WAY: b\r\n\r\n" + BODY),
        make_answer(content_length="13", x_way="a, b"),
    ),
    "a folded header": (
        reply_bytes(JSON_HEAD + b"X-Way: a\r\n b\r\nContent-Length: 13\r\n\r\n" + BODY),
        make_answer(content_length="13", x_way="a b"),
    ),
    "a header of another alphabet": (
        reply_bytes(JSON_HEAD + b"X-Way: \xe9\r\nContent-Length: 13\r\n\r\n" + BODY),
        make_answer(content_length="13", x_way="é"),
    ),
    "a line that is no header": (
        reply_bytes(JSON_HEAD + b"Content-Length: 13\r\nnonsense\r\n\r\n" + BODY),
        make_answer(content_length="13"),
    ),
    "packed although nobody asked": (
        reply_bytes(JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"),
        make_answer(body=b"\x1f\x8b\x08", content_encoding="gzip", content_length="3"),
    ),
    "continue before the answer": (
        reply_bytes(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + SOUND_HEAD + BODY),
        make_answer(content_length="13"),
    ),
    "no content": (
        reply_bytes(JSON_HEAD.replace(b"200 OK", b"204 No Content") + b"\r\n"),
        make_answer(204, b""),
    ),
    "a redirection, not followed": (
        reply_bytes(
            JSON_HEAD.replace(b"200 OK", b"302 Found")
            + b"Location: /v1.51/containers/other/json\r\nContent-Length: 0\r\n\r\n"
        ),
        make_answer(302, b"", content_length="0", location="/v1.51/containers/other/json"),
    ),
    "an error up to the end": (
        reply_bytes(JSON_HEAD.replace(b"200 OK", b"500 Oops") + b"\r\n" + BODY),
        make_answer(500),
    ),
    "HTTP/1.0": (
        reply_bytes(JSON_HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Content-Length: 13\r\n\r\n" + BODY),
        make_answer(content_length="13"),
    ),
    "a status without words": (
        reply_bytes(JSON_HEAD.replace(b"200 OK", b"200") + b"Content-Length: 13\r\n\r\n" + BODY),
        make_answer(content_length="13"),
    ),
    "lines without carriage returns": (
        reply_bytes((SOUND_HEAD).replace(b"\r", b"") + BODY),
        make_answer(content_length="13"),
    ),
    "dripped, but in time": (drip_bytes(SOUND_HEAD + BODY, 0.001), make_answer(content_length="13")),
    "exactly the limit": (
        reply_with(b"x" * MAX_BYTES),
        make_answer(body=b"x" * MAX_BYTES, content_length=str(MAX_BYTES)),
    ),
    # Cut short, or of unknown length
    "no length": (reply_bytes(JSON_HEAD + b"\r\n" + BODY), UNKNOWN_LENGTH),
    "a length that is no number": (
        reply_bytes(JSON_HEAD + b"Content-Length: x\r\n\r\n" + BODY),
        UNKNOWN_LENGTH,
    ),
    "a negative length": (reply_bytes(JSON_HEAD + b"Content-Length: -13\r\n\r\n" + BODY), UNKNOWN_LENGTH),
    "a length with a sign": (reply_bytes(JSON_HEAD + b"Content-Length: +13\r\n\r\n" + BODY), UNKNOWN_LENGTH),
    "two lengths": (
        reply_bytes(JSON_HEAD + b"Content-Length: 13\r\nContent-Length: 5\r\n\r\n" + BODY),
        UNKNOWN_LENGTH,
    ),
    "one length twice": (
        reply_bytes(JSON_HEAD + b"Content-Length: 13\r\nContent-Length: 13\r\n\r\n" + BODY),
        UNKNOWN_LENGTH,
    ),
    "packed chunks": (
        reply_bytes(JSON_HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + SPLIT + b"0\r\n\r\n"),
        UNKNOWN_LENGTH,
    ),
    "a length of many digits": (
        reply_bytes(JSON_HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + BODY),
        CUT,
    ),
    "a length with zeros before": (reply_bytes(JSON_HEAD + b"Content-Length: 0013\r\n\r\n" + BODY), CUT),
    "shorter than announced": (reply_bytes(JSON_HEAD + b"Content-Length: 50\r\n\r\n" + BODY), CUT),
    "chunks and another length": (
        reply_bytes(
            JSON_HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + SPLIT + b"0\r\n\r\n"
        ),
        CUT,
    ),
    "the last chunk is missing": (reply_bytes(CHUNKED_JSON_HEAD + SPLIT), CUT),
    "a chunk cut short": (reply_bytes(CHUNKED_JSON_HEAD + b"ff\r\n" + BODY), CUT),
    "a chunk of no size": (reply_bytes(CHUNKED_JSON_HEAD + b"zz\r\n" + BODY), CUT),
    "a chunk of negative size": (reply_bytes(CHUNKED_JSON_HEAD + b"-5\r\n" + BODY), CUT),
    "a chunk's size in too long a line": (
        reply_bytes(CHUNKED_JSON_HEAD + b"0" * 70_000 + b"d\r\n" + BODY),
        CUT,
    ),
    "a trailer too long": (
        reply_bytes(CHUNKED_JSON_HEAD + SPLIT + b"0\r\n" + b"x" * 70_000 + b"\r\n\r\n"),
        CUT,
    ),
    # Too large
    "one more than the limit": (reply_with(b"x" * (MAX_BYTES + 1)), OVER_LIMIT),
    "endless chunks": (reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(b"x" * 600) * 50), OVER_LIMIT),
    "endless frames": (reply_bytes(RAW_STREAM_HEAD + b"x" * 5000), OVER_LIMIT),
    # No answer
    "hung up": (reply_bytes(b""), HUNG_UP),
    "another protocol": (reply_bytes(b"220 smtp ready\r\n"), (OUT, r"BadStatusLine('220 smtp ready\r\n')")),
    "a status of letters": (
        reply_bytes(b"HTTP/1.1 2xx OK\r\n\r\n"),
        (OUT, r"BadStatusLine('HTTP/1.1 2xx OK\r\n')"),
    ),
    "a status of two digits": (
        reply_bytes(b"HTTP/1.1 20 OK\r\n\r\n"),
        (OUT, r"BadStatusLine('HTTP/1.1 20 OK\r\n')"),
    ),
    "HTTP/2": (reply_bytes(b"HTTP/2 200\r\n\r\n"), (OUT, "UnknownProtocol('HTTP/2')")),
    "a secret in the status line": (reply_bytes(b"TOKEN=c4n4ry\r\n"), (OUT, "BadStatusLine('TOKEN=***")),
    "a status line too long": (
        reply_bytes(b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n"),
        (OUT, "LineTooLong('got more than 65536 bytes when reading status line')"),
    ),
    "a header too long": (
        reply_bytes(JSON_HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n"),
        (OUT, "LineTooLong('got more than 65536 bytes when reading header line')"),
    ),
    "too many headers": (
        reply_bytes(JSON_HEAD + b"X: y\r\n" * 200 + b"\r\n"),
        (OUT, "HTTPException('got more than 100 headers')"),
    ),
    # Too late
    "mute": (stall_after(b""), LATE),
    "mute after the status": (stall_after(JSON_HEAD), LATE),
    "mute in the body": (stall_after(JSON_HEAD + b"Content-Length: 13\r\n\r\n{"), LATE),
    "mute after a chunk": (stall_after(CHUNKED_JSON_HEAD + encode_chunk(BODY)), LATE),
    "mute before the trailer": (stall_after(CHUNKED_JSON_HEAD + encode_chunk(BODY) + b"0\r\n"), LATE),
    "a head in drips": (drip_bytes(SOUND_HEAD + BODY, 0.05), LATE),
    "a body in drips": (
        drip_bytes(b"".join([JSON_HEAD, b"Content-Length: 900\r\n\r\n", b"x" * 900]), 0.002),
        LATE,
    ),
    "continue for ever": (drip_bytes(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001), LATE),
}


@BOTH
@pytest.mark.parametrize("case", CASES)
def test_what_an_engine_sends_means_the_same_to_both(case: str, open_transport: Open, tmp_path: Path) -> None:
    reply, expected = CASES[case]
    with start(tmp_path, reply) as engine, closing(open_transport(engine.url)) as transport:
        # What is to come in time has all the time that a busy machine may need.
        outcome = ask(transport, timeout_s=TIMEOUT_S if expected == LATE else 10)
        if isinstance(expected, tuple) and expected[1].endswith("***"):  # what follows a secret is masked too
            assert isinstance(outcome, tuple)
            outcome = outcome[0], outcome[1][: len(expected[1])]
        assert outcome == expected
        assert engine.requests == [f"GET {ASKED}"]


@BOTH
def test_nobody_listens(open_transport: Open, tmp_path: Path) -> None:
    with closing(open_transport(f"unix://{tmp_path}/none.sock")) as transport:
        assert ask(transport) == (OUT, "[Errno 2] No such file or directory")


@BOTH
def test_no_time_is_left(open_transport: Open, tmp_path: Path) -> None:
    with start(tmp_path, reply_with({})) as engine, closing(open_transport(engine.url)) as transport:
        assert ask(transport, timeout_s=0) == LATE
        assert engine.requests == []


@BOTH
@pytest.mark.parametrize(
    "head", [KEPT_HEAD + b"Content-Length: 13\r\n\r\n", KEPT_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]
)
def test_the_head_alone_has_no_body(
    head: bytes, open_transport: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        start(tmp_path, serve_in_turn(head, KEPT)) as engine,
        closing(open_transport(engine.url)) as transport,
    ):
        with pytest.raises(ForbiddenRequest):
            ask(transport, "HEAD")
        allowed = (*RESOURCES, replace(CONTAINER, method="HEAD"))
        monkeypatch.setattr(allowlist, "RESOURCES", allowed)
        outcome = ask(transport, "HEAD")
        assert isinstance(outcome, ApiAnswer)
        assert (outcome.status, outcome.body) == (200, b"")
        following = ask(transport)
        assert isinstance(following, ApiAnswer)
        assert following.body == BODY
        assert engine.requests == [f"HEAD {ASKED}"]  # the second came over the same connection


# Connections


@BOTH
def test_one_connection_serves_one_request_after_the_other(open_transport: Open, tmp_path: Path) -> None:
    chunked = KEPT_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + encode_chunk(BODY) + b"0\r\n\r\n"
    with (
        start(tmp_path, serve_in_turn(KEPT, chunked, KEPT)) as engine,
        closing(open_transport(engine.url)) as transport,
    ):
        for _ in range(3):
            outcome = ask(transport)
            assert isinstance(outcome, ApiAnswer)
            assert outcome.body == BODY
        assert engine.count_connections() == 1


@BOTH
@pytest.mark.parametrize("last", [b"", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"])
def test_a_connection_that_the_engine_closes_between_two_requests_is_replaced(
    last: bytes, open_transport: Open, tmp_path: Path
) -> None:
    first = threading.Event()

    def hang_up(connection: Any, _: threading.Event) -> None:
        connection.sendall(KEPT)
        if not first.is_set():
            first.set()
            time.sleep(0.05)
            connection.sendall(last)

    with start(tmp_path, hang_up) as engine, closing(open_transport(engine.url)) as transport:
        for _ in range(2):
            outcome = ask(transport)
            assert isinstance(outcome, ApiAnswer)
            assert (outcome.status, outcome.body) == (200, BODY)
            engine.wait_until_hung_up()
        assert engine.count_connections() == 2


@BOTH
@pytest.mark.parametrize("case", ["mute", "shorter than announced", "one more than the limit", "no length"])
def test_a_connection_on_which_an_answer_went_wrong_is_not_used_again(
    case: str, open_transport: Open, tmp_path: Path
) -> None:
    reply, expected = CASES[case]
    with start(tmp_path, reply) as engine, closing(open_transport(engine.url)) as transport:
        assert ask(transport) == expected
        engine.replies["/json"] = reply_bytes(KEPT)
        outcome = ask(transport)
        assert isinstance(outcome, ApiAnswer)
        assert outcome.body == BODY
        assert engine.count_connections() == 2


@BOTH
def test_each_thread_has_a_connection_of_its_own(open_transport: Open, tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def wait_for_all(connection: Any, over: threading.Event) -> None:
        together.wait(5)
        connection.sendall(KEPT)
        over.wait(10)

    with start(tmp_path, wait_for_all) as engine, closing(open_transport(engine.url)) as transport:
        outcomes = call_all_within({number: lambda: ask(transport, timeout_s=5) for number in range(8)}, 10)
        assert [outcome.body for outcome in outcomes.values() if isinstance(outcome, ApiAnswer)] == [BODY] * 8
        assert engine.count_connections() == 8


def test_a_call_that_was_late_leaves_no_thread_and_no_connection_behind(tmp_path: Path) -> None:
    reply = drip_bytes(JSON_HEAD * 100, 0.05)
    with start(tmp_path, reply) as engine, closing(open_unix(engine.url)) as transport:
        before = threading.active_count()
        assert ask(transport) == LATE
        engine.wait_until_hung_up()  # its next byte meets a closed connection
        assert threading.active_count() <= before


def test_a_closed_transport_keeps_no_connection(tmp_path: Path) -> None:
    with start(tmp_path, serve_in_turn(KEPT, KEPT)) as engine:
        transport = open_unix(engine.url)
        ask(transport)
        transport.close()
        engine.wait_until_hung_up()
        ask(transport)
        engine.wait_until_hung_up()


# Streams


@BOTH
def test_lines_come_as_they_are_written(open_transport: Open, tmp_path: Path) -> None:
    first_line_read = threading.Event()

    def tell(connection: Any, _: threading.Event) -> None:
        connection.sendall(CHUNKED_JSON_HEAD + encode_chunk(b'{"a"'))
        first_line_read.wait(10)
        connection.sendall(encode_chunk(b": 1}\n{}\n") + b"0\r\n\r\n")

    with FaultEngine(tmp_path / "docker.sock", {"/events": tell}) as engine:
        lines = open_transport(engine.url).stream_lines("/v1.51/events", {"since": "1"})
        assert next(lines) == b""
        first_line_read.set()
        assert list(lines) == [b'{"a": 1}', b"{}"]
        assert engine.requests == ["GET /v1.51/events?since=1"]


@BOTH
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (reply_with({"message": "boom"}, 500), (ENGINE_ERROR, "HTTP 500")),
        (reply_bytes(b""), HUNG_UP),
        (reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(b"{}\n")), (OUT, "IncompleteRead(0 bytes read)")),
        (reply_bytes(b"garbage\r\n"), (OUT, r"BadStatusLine('garbage\r\n')")),
    ],
)
def test_a_stream_that_breaks_is_told(
    reply: Reply, expected: Outcome, open_transport: Open, tmp_path: Path
) -> None:
    with FaultEngine(tmp_path / "docker.sock", {"/events": reply}) as engine:
        with pytest.raises(OutOfReach) as caught:
            list(open_transport(engine.url).stream_lines("/v1.51/events", {}))
        assert (caught.value.why, caught.value.detail) == expected


# What leaves


@BOTH
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [ASKED, "/v1.51/containers/web/stop", "/v1.51/exec/1/start"])
def test_a_request_that_is_not_on_the_list_does_not_leave(
    method: Any, path: str, open_transport: Open, tmp_path: Path
) -> None:
    with start(tmp_path, reply_with({})) as engine, closing(open_transport(engine.url)) as transport:
        with pytest.raises(ForbiddenRequest):
            transport.request(path, {}, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, method=method)
        assert engine.requests == []


@BOTH
@pytest.mark.parametrize(
    "path", ["/version", "/v1.51/containers/web/export", "/v1.51/containers/../json", "/v1.51/images//json"]
)
def test_a_path_that_is_not_on_the_list_is_not_read(path: str, open_transport: Open, tmp_path: Path) -> None:
    with start(tmp_path, reply_with({})) as engine, closing(open_transport(engine.url)) as transport:
        with pytest.raises(ForbiddenRequest):
            transport.request(path, {}, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
        with pytest.raises(ForbiddenRequest):
            next(transport.stream_lines(path, {}))
        assert engine.requests == []


def test_a_unix_socket_is_only_read_from_even_where_a_change_is_allowed(tmp_path: Path) -> None:
    with start(tmp_path, reply_with({})) as engine, closing(open_unix(engine.url)) as transport:
        for method in ("POST", "DELETE"):
            with pytest.raises(ForbiddenRequest):
                transport.request(
                    "/v1.51/containers/web/exec", {}, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, method=method
                )
        assert engine.requests == []


ENCODABLE = st.characters(exclude_categories=["Cs"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_both_write_a_name_and_a_parameter_the_same_way(
    requested: tuple[FaultEngine, Transport, Transport], ref: str, value: str
) -> None:
    engine, *transports = requested
    engine.requests.clear()
    if {"", ".", ".."} & set(ref.split("/")):
        return
    for transport in transports:
        transport.request(
            f"/v1.51{CONTAINER.build_path(ref)}", {"path": value}, max_bytes=MAX_BYTES, timeout_s=5
        )
    first, second = engine.requests
    assert first == second


@pytest.fixture
def requested(tmp_path: Path) -> Iterator[tuple[FaultEngine, Transport, Transport]]:
    with (
        start(tmp_path, reply_with({})) as engine,
        closing(open_unix(engine.url)) as first,
        closing(open_docker(engine.url)) as second,
    ):
        yield engine, first, second


# Which transport carries what


def test_a_unix_socket_is_read_without_docker_py_which_comes_with_the_first_change(tmp_path: Path) -> None:
    replies = {"/json": reply_bytes(KEPT), "/exec": reply_with({"Id": "1"}, 201)}
    with (
        FaultEngine(tmp_path / "docker.sock", replies) as engine,
        closing(EngineClient(Endpoint(engine.url, "--host"), NEWEST_TESTED)) as client,
    ):
        client.request(ASKED, {}, max_bytes=MAX_BYTES, timeout_s=5)
        assert client._docker is None
        body = {"AttachStdout": True, "AttachStderr": True, "Cmd": ["id"]}
        for _ in range(2):
            asked = client.request(
                "/v1.51/containers/web/exec",
                {},
                max_bytes=MAX_BYTES,
                timeout_s=5,
                body=body,
                method="POST",
            )
            assert asked.status == 201
        assert isinstance(client._docker, DockerTransport)


def test_a_port_is_read_by_docker_py() -> None:
    with (
        FaultEngine(None, {"/json": reply_with({})}) as engine,
        closing(EngineClient(Endpoint(engine.url, "--host"), NEWEST_TESTED)) as client,
    ):
        assert client.request(ASKED, {}, max_bytes=MAX_BYTES, timeout_s=5).body == b"{}"
        assert client._reader is client._docker


def test_an_odd_configuration_of_docker_py_costs_what_needs_it_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text('{"auths": [], "proxies": 3}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with (
        FaultEngine(tmp_path / "docker.sock", {"/json": reply_bytes(KEPT)}) as engine,
        closing(EngineClient(Endpoint(engine.url, "--host"), NEWEST_TESTED)) as client,
    ):
        assert client.request(ASKED, {}, max_bytes=MAX_BYTES, timeout_s=5).body == BODY
        with pytest.raises(OutOfReach, match="docker-py: ") as caught:
            client.request("/v1.51/exec/1/start", {}, max_bytes=MAX_BYTES, timeout_s=5, method="POST")
    assert caught.value.why is OUT
