"""A socket in front of an engine, recorded or real, that passes its answers on but where a fault strikes."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, Self

from tests.support.recorded_conversations import Answer, parse_answer
from tests.support.recording_proxy import Request, body, head, may_have_body, split_request

Act = Callable[[socket.socket, Answer, threading.Event], None]
"""Sends what it will in the place of an answer, and may wait for the end; the connection is then closed."""
Door = Literal["open", "missing", "refused", "deaf", "closed"]
"""What a client finds: no socket, one where nobody listens, or takes the connection, or one that hangs up."""


class Fault(NamedTuple):
    """One way in which an engine, or what is between it and us, goes wrong."""

    name: str
    act: Act | None = None
    concerns: Callable[[Request], bool] = lambda request: request.path != "/_ping"
    door: Door = "open"
    spared: int = 0
    """So many requests that it concerns are answered well before it strikes."""


class EngineToAsk(Protocol):
    """Whoever answers where no fault strikes."""

    def answer(self, request: Request) -> Answer:
        """Return the answer, whole."""
        ...


class EngineBehind:
    """Asks a real engine."""

    def __init__(self, engine: str) -> None:
        self._socket = engine.removeprefix("unix://")

    def answer(self, request: Request) -> Answer:
        """Return its answer, whole."""
        target = f"{request.path}?{request.query}" if request.query else request.path
        lines = f"Host: engine\r\nConnection: close\r\nContent-Length: {len(request.body)}\r\n"
        if request.body:
            lines += "Content-Type: application/json\r\n"
        with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answered:
            connection.connect(self._socket)
            connection.sendall(f"{request.method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + request.body)
            status = head(answered)
            has_body = request.method != "HEAD"
            content = body(answered, status, to_the_end=may_have_body(status)) if has_body else b""
        return parse_answer(status, content)


class FaultProxy:
    """Serves any number of connections, kept alive; keeps the requests."""

    def __init__(self, where: Path, engine: EngineToAsk, fault: Fault | None = None) -> None:
        self.host = f"unix://{where}"
        self.requests: list[Request] = []
        self._answer, self._fault, self._over = engine.answer, fault, threading.Event()
        self._door: Door = fault.door if fault else "open"
        self._struck, self._lock = 0, threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        if self._door != "missing":
            self._listener.bind(str(where))
        if self._door not in {"missing", "refused"}:
            self._listener.listen(0 if self._door == "deaf" else 64)

    def __enter__(self) -> Self:
        if self._door in {"open", "closed"}:
            self._start(self._accept)
        elif self._door == "deaf":
            self._fill_backlog()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for connection in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for connection in (self._listener, *self._open):
            connection.close()

    def _fill_backlog(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = socket.socket(socket.AF_UNIX)
                self._open.append(connection)
                connection.settimeout(0)
                connection.connect(self._listener.getsockname())

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                if self._door == "closed":
                    connection.close()
                    continue
                self._open.append(connection)
                self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as asked:
            while opening := head(asked):
                request = split_request(opening, body(asked, opening))
                with self._lock:
                    self.requests.append(request)
                answer = self._answer(request)
                if act := self._choose_act(request):
                    act(connection, answer, self._over)
                    break
                connection.sendall(answer.encode(with_body=request.method != "HEAD"))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _choose_act(self, request: Request) -> Act | None:
        if not self._fault or not self._fault.act or not self._fault.concerns(request):
            return None
        with self._lock:
            self._struck += 1
            return self._fault.act if self._struck > self._fault.spared else None
