"""A service of a container that answers as a test tells it to, however badly."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self

from dckgrade.engine.answers import Address
from tests.support.fault_engine import Reply, reply_bytes

OK_HEAD = b"HTTP/1.1 200 OK\r\nServer: nginx/1.27\r\n"


class FaultService:
    """Accepts, reads until a blank line (or *count* bytes) and says what it is told to."""

    def __init__(self, say: Reply, count: int | None) -> None:
        self.heard: list[bytes] = []
        self._say, self._count, self._over = say, count, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self._listener.getsockname()[1], "own")
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with connected, contextlib.suppress(OSError):
                heard = b""
                while (b"\r\n\r\n" not in heard) if self._count is None else len(heard) < self._count:
                    heard += connected.recv(4096)
                self.heard.append(heard)
                self._say(connected, self._over)


@contextlib.contextmanager
def start_fault_service(say: Reply | bytes, count: int | None = None) -> Iterator[FaultService]:
    with FaultService(reply_bytes(say) if isinstance(say, bytes) else say, count) as started:
        yield started


def reset_connection(connected: socket.socket, _: threading.Event) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
