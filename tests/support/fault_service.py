"""A service of a container that replies as a test scripts it, however broken."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Self

from dckgrade.engine.answers import Address
from tests.support.fault_engine import Reply, reply_bytes

OK_HEAD = b"HTTP/1.1 200 OK\r\nServer: nginx/1.27\r\n"


class FaultService:
    """Reads each request up to a blank line (or *count* bytes), and sends *reply*."""

    def __init__(self, reply: Reply, count: int | None) -> None:
        self.requests: list[bytes] = []
        self._reply, self._count, self._over = reply, count, threading.Event()
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
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                request = b""
                while (b"\r\n\r\n" not in request) if self._count is None else len(request) < self._count:
                    request += connection.recv(4096)
                self.requests.append(request)
                self._reply(connection, self._over)


@contextlib.contextmanager
def start_fault_service(reply: Reply | bytes, count: int | None = None) -> Iterator[FaultService]:
    with FaultService(reply_bytes(reply) if isinstance(reply, bytes) else reply, count) as started:
        yield started


def reset_connection(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
