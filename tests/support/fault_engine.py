"""Scripted answers in, an engine on a socket that gives them out, however bad they are."""

import contextlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import Endpoint

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED_JSON_HEAD = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
RAW_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"

Reply = Callable[[socket.socket, threading.Event], None]


def reply_with(content: Any, status: int = 200, **headers: str) -> Reply:
    """Say what a sound engine would."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))} | named
    # It answers once a connection: a client that is not told might just use it again.
    named |= {"Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return reply_bytes(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)


def reply_to_ping(api: str = "1.51", **headers: str) -> Reply:
    return reply_with(b"OK", 200, Api_Version=api, Server="Docker/28.5.2 (linux)", **headers)


def reply_bytes(data: bytes) -> Reply:
    return lambda connected, _: connected.sendall(data)


def stall_after(data: bytes) -> Reply:
    def say(connected: socket.socket, over: threading.Event) -> None:
        connected.sendall(data)
        over.wait(60)

    return say


def drip_bytes(data: bytes, every: float = 0.2) -> Reply:
    def say(connected: socket.socket, over: threading.Event) -> None:
        for at in range(len(data)):
            connected.sendall(data[at : at + 1])
            if over.wait(every):
                return

    return say


def encode_chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def encode_frame(data: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


class FaultEngine:
    """Answers any method by the longest key that ends the path; keeps what was asked."""

    def __init__(
        self, where: Path | None, says: Mapping[str, Reply], tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.replies = {"/_ping": reply_to_ping()} | dict(says)
        self._tls, self._over = tls, threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX if where else socket.AF_INET)
        self._listener.bind(str(where) if where else ("127.0.0.1", 0))
        self._listener.listen(64)
        self.url = f"unix://{where}" if where else f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def list_paths(self) -> list[str]:
        return [line.split(" ")[1] for line in self.requests]

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connected)
            self._start(lambda connected=connected: self._serve(connected))  # type: ignore[misc]

    def _serve(self, connected: socket.socket) -> None:
        with contextlib.suppress(OSError, IndexError):
            if self._tls:
                connected = self._tls.wrap_socket(connected, server_side=True)
            self._answer(connected)
        connected.close()

    def _answer(self, connected: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (more := connected.recv(4096)):
                return
            request += more
            if request.startswith(b"\x16"):  # TLS, which no line of HTTP begins with
                connected.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                return
        head, _, body = request.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        # Closing with some of it unread would reset the connection.
        while found and len(body) < int(found[1]):
            body += connected.recv(4096)
        self.bodies.append(body)
        line = request.split(b"\r\n", 1)[0].decode()
        self.requests.append(line.rsplit(" ", 1)[0])
        path = line.split(" ")[1].partition("?")[0]
        key = max((key for key in self.replies if path.endswith(key)), key=len, default="")
        self.replies.get(key, reply_with({"message": "page not found"}, 404))(connected, self._over)


@contextlib.contextmanager
def start_fault_engine(folder: Path, says: Mapping[str, Reply] | None = None) -> Iterator[FaultEngine]:
    """Start a fault engine on `docker.sock` in *folder*."""
    with FaultEngine(folder / "docker.sock", says or {}) as started:
        yield started


@contextlib.contextmanager
def connect_fault_engine(
    folder: Path, says: Mapping[str, Reply] | None = None
) -> Iterator[tuple[ConnectedEngine, FaultEngine]]:
    """Start a fault engine, and connect to it as `--host` would."""
    with (
        start_fault_engine(folder, says) as started,
        connect_engine(Endpoint(started.url, "--host")) as connected,
    ):
        yield connected, started
