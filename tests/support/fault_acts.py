"""What a fault sends in the place of an answer."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from tests.support.fault_engine import encode_chunk
from tests.support.fault_proxy import Act
from tests.support.recorded_conversations import Answer

PROXY_PAGE = b"<html><head><title>Gateway</title></head><body><h1>The server is busy</h1></body></html>"


def send_bytes(make: Callable[[Answer], bytes]) -> Act:
    """Send what *make* makes of the answer, and hang up."""
    return lambda connection, answer, _: connection.sendall(make(answer))


def send_and_stall(make: Callable[[Answer], bytes]) -> Act:
    """Send that, and then nothing."""

    def act(connection: socket.socket, answer: Answer, over: threading.Event) -> None:
        connection.sendall(make(answer))
        over.wait(60)

    return act


def send_and_reset(make: Callable[[Answer], bytes]) -> Act:
    """Send that, and close with the request's rest unread, where there is one."""

    def act(connection: socket.socket, answer: Answer, _: threading.Event) -> None:
        connection.sendall(make(answer))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return act


def half_close(connection: socket.socket, _: Answer, over: threading.Event) -> None:
    connection.shutdown(socket.SHUT_WR)
    over.wait(60)


def drip(make: Callable[[Answer], bytes]) -> Act:
    """Send that, and the rest of the answer byte by byte, five a second."""

    def act(connection: socket.socket, answer: Answer, over: threading.Event) -> None:
        begun = make(answer)
        connection.sendall(begun)
        for byte in answer.encode()[len(begun) :]:
            connection.sendall(bytes([byte]))
            if over.wait(0.2):
                return

    return act


def repeat_for_ever(opening: Callable[[Answer], bytes], again: bytes) -> Act:
    """Send *opening*, and *again* until the client hangs up."""

    def act(connection: socket.socket, answer: Answer, over: threading.Event) -> None:
        connection.sendall(opening(answer))
        while not over.is_set():
            connection.sendall(again)

    return act


def send_content(change: Callable[[bytes], bytes]) -> Act:
    """Send the answer with another content, its length told rightly."""
    return send_bytes(lambda answer: answer._replace(content=change(answer.content)).encode())


def send_json(change: Callable[[Any], Any]) -> Act:
    """Send the answer with its JSON changed; what is none becomes `null`."""

    def change_content(content: bytes) -> bytes:
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        return json.dumps(change(parsed)).encode()

    return send_content(change_content)


def send_status(status: int, content: bytes = PROXY_PAGE, kind: str = "text/html") -> Act:
    """Send a status as what stands in between would; with a message of JSON, as the engine."""
    return send_other(Answer(status, (("Content-Type", kind),), content))


def send_other(other: Answer) -> Act:
    """Send *other* in the place of the answer."""
    return send_bytes(lambda _: other.encode())


def send_framed(lines: str, content: Callable[[bytes], bytes] = bytes) -> Act:
    """Send the content under framing headers of one's own."""
    return send_bytes(lambda answer: answer.encode_head(lines) + content(answer.content))


def first_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def start_of_head(answer: Answer) -> bytes:
    return answer.encode_head()[:20]


def whole_head(answer: Answer) -> bytes:
    return answer.encode_head(f"Content-Length: {len(answer.content)}\r\n")


def head_and_half(answer: Answer) -> bytes:
    return whole_head(answer) + first_half(answer.content)


def say_nothing(_: Answer) -> bytes:
    return b""


def send_framed_rightly(lines: str, change: Callable[[bytes], bytes] = bytes) -> Act:
    """Send a changed content, its length told rightly, with one more header."""

    def make(answer: Answer) -> bytes:
        content = change(answer.content)
        return answer.encode_head(f"{lines}Content-Length: {len(content)}\r\n") + content

    return send_bytes(make)


def raw_head(lines: str) -> Callable[[Answer], bytes]:
    return lambda _: f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode()


def send_raw_stream(lines: str, content: bytes) -> Act:
    return send_bytes(lambda answer: raw_head(lines)(answer) + content)


def encode_byte(byte: int) -> bytes:
    return encode_chunk(bytes([byte]))


def change_entries(parsed: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Change an object, or each one of a list."""
    if isinstance(parsed, list):
        return [change_entries(entry, change) for entry in parsed]
    return change(parsed) if isinstance(parsed, dict) else parsed


def drop_identity(entry: dict[str, Any]) -> dict[str, Any]:
    names = {"Id", "ID", "Names", "Name", "ExitCode"}
    return {key: value for key, value in entry.items() if key not in names}


def swap_types(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: swap_type(value) for key, value in entry.items()}


def swap_type(value: Any) -> Any:
    """Return something of another type: lists for objects, objects for lists, and so on."""
    swapped = {dict: [1], list: {"a": 1}, str: 17, int: ["x"], float: "x", bool: "maybe", type(None): -1}
    return swapped[type(value)]


def swap_types_deep_down(parsed: Any) -> Any:
    """Swap the types of the leaves alone."""
    match parsed:
        case dict():
            return {key: swap_types_deep_down(value) for key, value in parsed.items()}
        case list():
            return [swap_types_deep_down(value) for value in parsed]
        case _:
            return swap_type(parsed)
