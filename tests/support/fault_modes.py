"""
The ways in which an engine goes wrong, each with a name.

None of them is a well-formed lie: an engine that says that there is no such container is believed.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

from dckgrade.engine.resources import RESOURCES, Resource
from tests.support.fault_acts import (
    PROXY_PAGE,
    change_entries,
    drip,
    drop_identity,
    encode_byte,
    first_half,
    half_close,
    head_and_half,
    raw_head,
    repeat_for_ever,
    say_nothing,
    send_and_reset,
    send_and_stall,
    send_bytes,
    send_content,
    send_framed,
    send_framed_rightly,
    send_json,
    send_other,
    send_raw_stream,
    send_status,
    start_of_head,
    swap_types,
    swap_types_deep_down,
    whole_head,
)
from tests.support.fault_engine import encode_chunk, encode_frame
from tests.support.fault_proxy import Fault
from tests.support.recorded_conversations import Answer
from tests.support.recording_proxy import Request

JSON_TYPE = "application/json"
STATUSES = (
    *(202, 203, 205, 206, 226, 300, 301, 302, 303, 304, 305, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418),
    *(421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508),
    *(510, 511, 520, 521, 522, 523, 524, 525, 526, 530, 598, 599, 600, 999),
)
ENGINE_STATUSES = (400, 401, 403, 405, 406, 409, 429, 500, 501, 502, 503, 504)
"""Those that come with an engine's own kind of message, too; its 404 is no fault."""


def is_ping(request: Request) -> bool:
    return request.path == "/_ping"


def list_doors() -> Iterator[Fault]:
    """List what keeps a client from being let in, or answered for the first time."""
    yield Fault("no socket", door="missing")
    yield Fault("connection refused", door="refused")
    yield Fault("connection never taken", door="deaf")
    yield Fault("hung up at once", door="closed")
    for name, act in (
        ("ping: no answer", send_and_stall(say_nothing)),
        ("ping: hung up", send_bytes(say_nothing)),
        ("ping: half closed", half_close),
        ("ping: garbled", send_bytes(lambda _: b"\x00\xff\x16\x03\x01" * 40)),
        ("ping: another protocol", send_bytes(lambda _: b"SSH-2.0-OpenSSH_9.2\r\n")),
        ("ping: a proxy's page", send_status(200)),
        ("ping: 500", send_status(500)),
        ("ping: 503 for ever", send_status(503, b"")),
        ("ping: endless", repeat_for_ever(Answer.encode_head, b"O" * 65536)),
        ("ping: slow", drip(say_nothing)),
        ("ping: no version", send_other(Answer(200, (), b"OK"))),
        *(
            (
                f"ping: version {version}",
                send_other(Answer(200, (("Api-Version", version),), b"OK")),
            )
            for version in ("1.10", "0.0", "latest", "1." + "9" * 400, "-1.41", "1.41, 1.42")
        ),
    ):
        yield Fault(name, act, is_ping)


def list_timings() -> Iterator[Fault]:
    """List answers that stop, break or come too slowly, at each stage."""
    stages: dict[str, Callable[[Answer], bytes]] = {
        "before the head": say_nothing,
        "in the head": start_of_head,
        "after the head": whole_head,
        "in the body": head_and_half,
    }
    for stage, make in stages.items():
        yield Fault(f"hangs {stage}", send_and_stall(make))
        yield Fault(f"hangs up {stage}", send_bytes(make))
        yield Fault(f"resets {stage}", send_and_reset(make))
    yield Fault("half closed", half_close)
    yield Fault("drips from the start", drip(say_nothing))
    yield Fault("drips after the head", drip(whole_head))
    for spared in (1, 3, 6):
        yield Fault(f"hangs after {spared} answers", send_and_stall(say_nothing), spared=spared)
        yield Fault(f"hangs up after {spared} answers", send_bytes(say_nothing), spared=spared)
        yield Fault(f"500 after {spared} answers", send_status(500), spared=spared)


def list_statuses() -> Iterator[Fault]:
    """List statuses, with the page of what stands between, and with an engine's message."""
    for status in STATUSES:
        yield Fault(f"{status} and a page", send_status(status))
    for status in ENGINE_STATUSES:
        message = json.dumps({"message": f"engine says {status}"}).encode()
        yield Fault(f"{status} and a message", send_status(status, message, JSON_TYPE))
    yield Fault("404 without a body", send_status(404, b""))
    yield Fault("404 page not found", send_status(404, b'{"message":"page not found"}', JSON_TYPE))
    yield Fault("500 without a body", send_status(500, b""))
    yield Fault("500 and odd JSON", send_status(500, b'{"message": {"a": [1, null]}}', JSON_TYPE))
    yield Fault("500 and endless", repeat_for_ever(lambda _: b"HTTP/1.1 500 X\r\n\r\n", b"x" * 65536))
    yield Fault("500 and hostile", send_status(500, b'{"message":"\\u001b[2J\\u202e::error::x"}', JSON_TYPE))
    for status in (100, 101, 102, 103, 199):
        line = f"HTTP/1.1 {status} Interim\r\n\r\n".encode()
        yield Fault(f"{status} and the answer", send_bytes(lambda answer, line=line: line + answer.encode()))  # type: ignore[misc]
        yield Fault(f"{status} and no more", send_and_stall(lambda _, line=line: line))  # type: ignore[misc]
    yield Fault("100 for ever", repeat_for_ever(say_nothing, b"HTTP/1.1 100 Continue\r\n\r\n"))
    elsewhere = (("Location", "http://169.254.169.254/latest"),)
    yield Fault("redirected elsewhere", send_other(Answer(302, elsewhere, b"")))
    yield Fault("redirected to itself", send_other(Answer(307, (("Location", "/"),), b"")))


def list_heads() -> Iterator[Fault]:
    """List heads that are odd or no heads."""
    for name, start in {
        "HTTP 0.9": b"",
        "no version": b"HTTP 200 OK\r\n",
        "HTTP 9.9": b"HTTP/9.9 200 OK\r\n",
        "status no number": b"HTTP/1.1 abc OK\r\n",
        "status negative": b"HTTP/1.1 -200 OK\r\n",
        "status of ten digits": b"HTTP/1.1 2000000000 OK\r\n",
        "no status": b"HTTP/1.1\r\n",
        "TLS": b"\x15\x03\x01\x00\x02\x02\x28",
        "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "nothing but lines": b"\r\n" * 2000,
        "zeros": b"\0" * 5000,
    }.items():
        yield Fault(
            f"head: {name}",
            send_bytes(lambda answer, start=start: start + answer.encode().split(b"\r\n", 1)[1]),  # type: ignore[misc]
        )
    for name, lines in {
        "a line of a megabyte": "X-Long: " + "x" * 1_000_000 + "\r\n",
        "ten thousand lines": "".join(f"X-{number}: y\r\n" for number in range(10_000)),
        "a line without a colon": "no colon here\r\n",
        "bytes that are no text": "X-Odd: \xff\xfe\x80\r\n",
        "folded": "X-Folded: a\r\n b\r\n",
        "a bare return": "X-Bare: a\rHTTP/1.1 200 OK\r\n",
        "a name with a space": "X Odd: y\r\n",
        "an upgrade": "Connection: Upgrade\r\nUpgrade: tcp\r\n",
        "kept for ever": "Keep-Alive: timeout=-1, max=nan\r\n",
    }.items():
        yield Fault(
            f"head: {name}",
            send_bytes(
                lambda answer, lines=lines: (  # type: ignore[misc]
                    answer.encode_head(f"{lines}Content-Length: {len(answer.content)}\r\n") + answer.content
                )
            ),
        )
    yield Fault(
        "head: endless", repeat_for_ever(lambda _: b"HTTP/1.1 200 OK\r\n", b"X-More: yyyyyyyy\r\n" * 500)
    )
    for kind in ("text/html", "text/event-stream", "application/json; charset=utf-7", "", "\x7f"):
        yield Fault(
            f"type {kind!r}",
            send_bytes(lambda answer, kind=kind: answer._replace(headers=(("Content-Type", kind),)).encode()),  # type: ignore[misc]
        )
    yield Fault("encoding told, not done", send_framed_rightly("Content-Encoding: gzip\r\n"))
    yield Fault("encoding done, not told", send_content(gzip.compress))
    yield Fault("encoding told and done", send_framed_rightly("Content-Encoding: gzip\r\n", gzip.compress))
    yield Fault("encoding unknown", send_framed_rightly("Content-Encoding: x-unheard-of\r\n"))


def list_framings() -> Iterator[Fault]:
    """List lengths and chunks that do not agree with what comes."""
    chunked = "Transfer-Encoding: chunked\r\n"
    for name, lines in {
        "no length": "",
        "length 0": "Content-Length: 0\r\n",
        "length too small": "Content-Length: 7\r\n",
        "length too large": "Content-Length: 99999999\r\n",
        "length of a terabyte": "Content-Length: 1099511627776\r\n",
        "length of thirty digits": f"Content-Length: {'9' * 30}\r\n",
        "length negative": "Content-Length: -1\r\n",
        "length no number": "Content-Length: many\r\n",
        "length hexadecimal": "Content-Length: 0x10\r\n",
        "length twice": "Content-Length: 5\r\nContent-Length: 6\r\n",
        "length in a list": "Content-Length: 5, 5\r\n",
        "length and chunks": f"Content-Length: 5\r\n{chunked}",
        "coding unknown": "Transfer-Encoding: x-cow\r\n",
        "coding told twice": f"{chunked}{chunked}",
        "chunks told, not sent": chunked,
    }.items():
        yield Fault(f"framing: {name}", send_framed(lines))
    for name, frame in {
        "chunk without an end": encode_chunk,
        "chunk size no number": lambda content: b"zz\r\n" + content,
        "chunk size negative": lambda content: b"-5\r\n" + content,
        "chunk size huge": lambda content: b"ffffffffffffffff\r\n" + content,
        "chunk larger than told": lambda content: b"3\r\n" + content + b"\r\n0\r\n\r\n",
        "chunk size a megabyte long": lambda content: b"0" * 1_000_000 + encode_chunk(content),
        "chunks with words": lambda content: (
            encode_chunk(content).replace(b"\r\n", b";a=b\r\n", 1) + b"0\r\n\r\n"
        ),
        "chunks with a trailer": lambda content: encode_chunk(content) + b"0\r\nX-After: y\r\n\r\n",
        "chunks of one byte": lambda content: b"".join(map(encode_byte, content[:4000])),
    }.items():
        yield Fault(f"framing: {name}", send_framed(chunked, frame))
    yield Fault(
        "framing: endless chunks",
        repeat_for_ever(lambda answer: answer.encode_head(chunked), encode_chunk(b" " * 65536)),
    )
    yield Fault("framing: endless", repeat_for_ever(Answer.encode_head, b" " * 65536))


def list_bodies() -> Iterator[Fault]:
    """List contents that are not what was asked for."""
    for name, change in {
        "empty": lambda _: b"",
        "cut in half": first_half,
        "without its end": lambda content: content.rstrip()[:-1],
        "twice": lambda content: content * 2,
        "and more": lambda content: content + b"<!-- served by proxy -->",
        "a page": lambda _: PROXY_PAGE,
        "a word": lambda _: b"busy",
        "a number": lambda _: b"42",
        "a text": lambda _: b'"container"',
        "null": lambda _: b"null",
        "true": lambda _: b"true",
        "NaN": lambda _: b"NaN",
        "a message with 200": lambda _: b'{"message": "server is busy"}',
        "no keys": lambda _: b"{}",
        "list of an empty object": lambda _: b"[{}]",
        "list of null": lambda _: b"[null]",
        "list of lists": lambda _: b"[[]]",
        "list of texts": lambda _: b'["a"]',
        "deep": lambda _: b"[" * 100_000 + b"]" * 100_000,
        "deep object": lambda _: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "a number of a megabyte": lambda _: b"9" * 1_000_000,
        "zeros": lambda content: b"\0" * len(content),
        "noise": lambda content: bytes((place * 37 + 11) % 256 for place in range(len(content))),
        "in UTF-16": lambda content: content.decode("latin-1").encode("utf-16"),
        "behind a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
        "bytes that are no text": lambda content: content.replace(b'"', b'"\xff\xc0', 40),
        "half a surrogate": lambda content: content.replace(b'":"', b'":"\\ud800', 40),
        "40 megabytes": lambda content: content + b" " * 40_000_000,
    }.items():
        yield Fault(f"body: {name}", send_content(change))


def list_members() -> Iterator[Fault]:
    """List JSON of the right outline whose members are not what they should be."""
    for name, change in {
        "swapped outline": lambda parsed: {"all": parsed} if isinstance(parsed, list) else [parsed],
        "every value null": lambda parsed: change_entries(parsed, dict.fromkeys),
        "no ids, no names": lambda parsed: change_entries(parsed, drop_identity),
        "ids null": lambda parsed: change_entries(parsed, lambda entry: entry | {"Id": None, "ID": None}),
        "ids numbers": lambda parsed: change_entries(parsed, lambda entry: entry | {"Id": 7, "ID": 7}),
        "ids lists": lambda parsed: change_entries(parsed, lambda entry: entry | {"Id": [], "ID": []}),
        "ids that are paths": lambda parsed: change_entries(
            parsed, lambda entry: entry | {"Id": "../../info", "ID": "../../info"}
        ),
        "names null": lambda parsed: change_entries(
            parsed, lambda entry: entry | {"Names": None, "Name": None}
        ),
        "names empty": lambda parsed: change_entries(parsed, lambda entry: entry | {"Names": [], "Name": ""}),
        "types swapped": lambda parsed: change_entries(parsed, swap_types),
        "types swapped deep down": swap_types_deep_down,
        "entries null": lambda parsed: [None] * len(parsed) if isinstance(parsed, list) else None,
        "keys in capitals": lambda parsed: change_entries(
            parsed, lambda entry: {key.upper(): value for key, value in entry.items()}
        ),
    }.items():
        yield Fault(f"members: {name}", send_json(change))


def list_exec_faults() -> Iterator[Fault]:
    """List what goes wrong while a command runs in a container."""

    def is_start(request: Request) -> bool:
        return request.path.startswith("/exec/") and request.path.endswith("/start")

    def is_creation(request: Request) -> bool:
        return request.path.endswith("/exec")

    def is_end(request: Request) -> bool:
        return request.path.startswith("/exec/") and request.path.endswith("/json")

    raw = "Content-Type: application/vnd.docker.raw-stream\r\n"
    for name, content in {
        "no frames": b"plain text\n",
        "frame cut short": encode_frame(b"x" * 100)[:50],
        "frame head cut short": b"\1\0\0",
        "frame of four gigabytes": b"\1\0\0\0\xff\xff\xff\xffx",
        "unknown stream": encode_frame(b"HTTP/1.1 200 OK\r\n\r\n", stream=9),
        "noise": bytes(range(256)) * 4,
        "empty": b"",
    }.items():
        yield Fault(f"exec: {name}", send_raw_stream(raw, content), is_start)
    upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    yield Fault("exec: upgraded and silent", send_and_stall(lambda _: upgraded), is_start)
    yield Fault("exec: upgraded and gone", send_bytes(lambda _: upgraded), is_start)
    yield Fault(
        "exec: output without an end", repeat_for_ever(raw_head(raw), encode_frame(b"y" * 8000)), is_start
    )
    yield Fault("exec: 409", send_status(409, b'{"message":"container is paused"}', JSON_TYPE), is_start)
    for name, change in {
        "without an id": lambda _: {},
        "id a number": lambda _: {"Id": 5},
        "id null": lambda _: {"Id": None},
        "id a path": lambda _: {"Id": "../containers/json"},
        "id empty": lambda _: {"Id": ""},
    }.items():
        yield Fault(f"exec: {name}", send_json(change), is_creation)
    for name, ended in {
        "never ends": {"Running": True, "ExitCode": None},
        "exit code a text": {"Running": False, "ExitCode": "0"},
        "exit code true": {"Running": False, "ExitCode": True},
        "exit code missing": {"Running": False},
    }.items():
        yield Fault(f"exec: {name}", send_json(lambda _, ended=ended: ended), is_end)  # type: ignore[misc]


def list_endpoint_faults() -> Iterator[Fault]:
    """List one fault of each sort for each request that grading makes, the others being answered well."""
    rows: dict[tuple[str, str], Resource[Any]] = {(row.method, row.path): row for row in RESOURCES}
    acts = {
        "hangs": send_and_stall(say_nothing),
        "hangs in the body": send_and_stall(head_and_half),
        "hangs up": send_bytes(say_nothing),
        "500": send_status(500, b'{"message":"engine says no"}', JSON_TYPE),
        "cut in half": send_content(first_half),
        "noise": send_content(lambda content: b"\xffnoise" * (len(content) // 6 + 1)),
    }
    for row in rows.values():
        if row.name in {"ping", "events"}:  # the one has faults of its own, the other is for --watch alone
            continue
        for name, act in acts.items():
            yield Fault(f"{row.name}: {name}", act, concerns_only(row))


def concerns_only(row: Resource[Any]) -> Callable[[Request], bool]:
    """Return whether a request is for that resource, and for none with a more exact path."""

    def concerns(request: Request) -> bool:
        matching = [
            other
            for other in RESOURCES
            if other.method == request.method and other.pattern.fullmatch(request.path)
        ]
        exact = min(matching, key=lambda other: other.path.count("{"), default=None)
        return exact is not None and exact.path == row.path

    return concerns


FAULTS = {
    fault.name: fault
    for faults in (
        list_doors,
        list_timings,
        list_statuses,
        list_heads,
        list_framings,
        list_bodies,
        list_members,
        list_exec_faults,
        list_endpoint_faults,
    )
    for fault in faults()
}
