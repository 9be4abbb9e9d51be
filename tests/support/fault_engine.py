"""An engine on a socket that sends scripted replies, however broken."""

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

# It replies once per connection: a client that is not told might use it again.
JSON_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
CHUNKED_JSON_HEAD = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
RAW_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"

KEPT_HEAD = JSON_HEAD.replace(b"Connection: close\r\n", b"")

Reply = Callable[[socket.socket, threading.Event], None]


def reply_with(content: Any, status: int = 200, **headers: str) -> Reply:
    """Reply as a sound engine would."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))} | named
    named |= {"Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return reply_bytes(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)


def reply_to_ping(api: str = "1.51", **headers: str) -> Reply:
    return reply_with(b"OK", 200, Api_Version=api, Server="Docker/28.5.2 (linux)", **headers)


def reply_bytes(data: bytes) -> Reply:
    return lambda connection, _: connection.sendall(data)


def stall_after(data: bytes) -> Reply:
    def send(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(data)
        over.wait(60)

    return send


def drip_bytes(data: bytes, every: float = 0.2) -> Reply:
    def send(connection: socket.socket, over: threading.Event) -> None:
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            if over.wait(every):
                return

    return send


def serve_in_turn(*replies: bytes) -> Reply:
    """Reply to the requests of one connection, which is closed after the last."""

    def send(connection: socket.socket, _: threading.Event) -> None:
        for number, data in enumerate(replies):
            if number and not read_head(connection):
                return
            connection.sendall(data)

    return send


def read_head(connection: socket.socket) -> bytes:
    """Read a request without a body; b'' where the client has hung up."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (more := connection.recv(4096)):
            return b""
        request += more
    return request


def encode_chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def encode_frame(data: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


class FaultEngine:
    """Replies to any method by the longest key that ends the path; keeps the requests."""

    def __init__(
        self, socket_path: Path | None, replies: Mapping[str, Reply], tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.replies = {"/_ping": reply_to_ping()} | dict(replies)
        self._tls, self._over = tls, threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX if socket_path else socket.AF_INET)
        self._listener.bind(str(socket_path) if socket_path else ("127.0.0.1", 0))
        self._listener.listen(64)
        self.url = (
            f"unix://{socket_path}" if socket_path else f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        )

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for opened in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def count_connections(self) -> int:
        return len(self._open)

    def wait_until_hung_up(self) -> None:
        """Wait until the connections of all clients are closed."""
        for thread in self._threads[1:]:
            thread.join(10)

    def list_paths(self) -> list[str]:
        return [line.split(" ")[1] for line in self.requests]

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, IndexError):
            if self._tls:
                connection = self._shake_hands(connection, self._tls)
            self._answer(connection)
        connection.close()

    @staticmethod
    def _shake_hands(connection: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        shaken = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            shaken.do_handshake()
        except ssl.SSLError:
            with shaken:
                # A client that still writes would lose the alert with the connection.
                while socket.socket.recv(shaken, 4096):
                    pass
            raise
        return shaken

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (more := connection.recv(4096)):
                return
            request += more
            if request.startswith(b"\x16"):  # TLS, which no line of HTTP begins with
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                return
        head, _, body = request.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        # Closing with some of it unread would reset the connection.
        while found and len(body) < int(found[1]):
            body += connection.recv(4096)
        self.bodies.append(body)
        line = request.split(b"\r\n", 1)[0].decode()
        self.requests.append(line.rsplit(" ", 1)[0])
        path = line.split(" ")[1].partition("?")[0]
        key = max((key for key in self.replies if path.endswith(key)), key=len, default="")
        self.replies.get(key, reply_with({"message": "page not found"}, 404))(connection, self._over)


@contextlib.contextmanager
def start_fault_engine(folder: Path, replies: Mapping[str, Reply] | None = None) -> Iterator[FaultEngine]:
    """Start a fault engine on `docker.sock` in *folder*."""
    with FaultEngine(folder / "docker.sock", replies or {}) as started:
        yield started


@contextlib.contextmanager
def connect_fault_engine(
    folder: Path, replies: Mapping[str, Reply] | None = None
) -> Iterator[tuple[ConnectedEngine, FaultEngine]]:
    """Start a fault engine, and connect to it as `--host` would."""
    with (
        start_fault_engine(folder, replies) as started,
        connect_engine(Endpoint(started.url, "--host")) as connected,
    ):
        yield connected, started
