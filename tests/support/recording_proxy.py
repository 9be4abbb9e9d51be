"""A real engine behind, a socket in front; every request that passed, in the order in which it came."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

NO_CONTENT = b"204"


class Request(NamedTuple):
    """What was asked; the version of the API is left off."""

    method: str
    path: str
    query: str
    body: bytes = b""


class RecordingProxy:
    """
    Passes requests on one by one and answers back whole; bytes are not changed.

    Answers to stats are held until *together* of them have been asked for, at most *held_s*: who asks in turn
    would wait for ever. `let_go` names those for which the proxy gave up waiting.
    """

    def __init__(self, where: Path, engine: str, together: int = 0, held_s: float = 3.0) -> None:
        self.host = f"unix://{where}"
        self.requests: list[Request] = []
        self.let_go: list[str] = []
        self._engine, self._together, self._held_s = engine.removeprefix("unix://"), together, held_s
        self._came = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(where))
        self._listener.listen(64)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for connection in (self._listener, *self._open):
            connection.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._start(lambda client=client: self._pass_on(client))  # type: ignore[misc]

    def _pass_on(self, client: socket.socket) -> None:
        """Serve one connection with one connection."""
        engine = socket.socket(socket.AF_UNIX)
        self._open.append(engine)
        engine.connect(self._engine)
        with contextlib.suppress(OSError), client.makefile("rb") as asked, engine.makefile("rb") as answered:
            while opening := head(asked):
                sent = body(asked, opening)
                request = self._note(opening, sent)
                engine.sendall(opening + sent)
                status = head(answered)
                # The length in an answer to HEAD is that of what GET would bring: nothing of it follows.
                has_body = request.method != "HEAD"
                answer = status + (
                    body(answered, status, to_the_end=may_have_body(status)) if has_body else b""
                )
                if request.path.endswith("/stats"):
                    self._hold(request)
                client.sendall(self.alter_answer(request, status, answer[len(status) :]))
                if has_body and not has_end(status):
                    break
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def alter_answer(self, request: Request, head_of_it: bytes, content: bytes) -> bytes:  # noqa: ARG002
        """Return what the client is sent in the place of the engine's answer."""
        return head_of_it + content

    def _note(self, opening: bytes, sent: bytes) -> Request:
        request = split_request(opening, sent)
        with self._came:
            self.requests.append(request)
            self._came.notify_all()
        return request

    def _hold(self, request: Request) -> None:
        with self._came:
            if not self._came.wait_for(lambda: self._stats() >= self._together, self._held_s):
                self.let_go.append(request.path)

    def _stats(self) -> int:
        return sum(request.path.endswith("/stats") for request in self.requests)


def split_request(opening: bytes, sent: bytes) -> Request:
    """Return what is asked; raises `ValueError` for what is no request."""
    method, target, _ = opening.split(b"\r\n", 1)[0].decode().split(" ")
    path, _, query = target.partition("?")
    version, _, rest = path.removeprefix("/v").partition("/")
    return Request(method, f"/{rest}" if version.replace(".", "").isdecimal() else path, query, sent)


def head(stream: BinaryIO) -> bytes:
    """Read up to the empty line; nothing when the other side has gone."""
    lines = b""
    while line := stream.readline():
        lines += line
        if line == b"\r\n":
            return lines
    return b""


def may_have_body(status: bytes) -> bool:
    """Return whether something may follow an answer that tells no length."""
    return status[9:12] != NO_CONTENT


def has_end(status: bytes) -> bool:
    """Return whether the answer ends without the connection's end, which that of a command's output is."""
    fields = status.lower()
    return b"content-length:" in fields or b"transfer-encoding:" in fields or status[9:12] == NO_CONTENT


def body(stream: BinaryIO, opening: bytes, *, to_the_end: bool = False) -> bytes:
    """Read what follows *opening*, framed as it came; without a length, *to_the_end* if so wished."""
    fields = dict(line.lower().split(b":", 1) for line in opening.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return chunks(stream)
    if b"content-length" in fields:
        return stream.read(int(fields[b"content-length"]))
    return stream.read() if to_the_end else b""


def chunks(stream: BinaryIO) -> bytes:
    """Read chunks with their sizes, the last one and the line after it too."""
    found = b""
    while size := stream.readline():
        found += size + stream.read(int(size.partition(b";")[0], 16) + 2)
        if size.strip() == b"0":
            break
    return found
