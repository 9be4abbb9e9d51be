"""Read from an engine over a unix socket by `http.client`, quicker to load than docker-py: GET and HEAD."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dckgrade.engine.allowlist import READING_METHODS, ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import ApiAnswer, OutOfReach, join_headers
from dckgrade.engine.body_stream import BodyStream
from dckgrade.engine.resources import HttpMethod
from dckgrade.engine.transport import CHUNK_BYTES, CONNECT_TIMEOUT_S, OK, describe_failure, read_whole_body
from dckgrade.report.observation import UnobservableReason

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_MAX_IDLE_CONNECTIONS = 10  # as many as docker-py keeps
_TRANSPORT_ERRORS = (http.client.HTTPException, OSError, ValueError)


class UnixTransport:
    """An engine's socket, for several threads: each has a connection, which is kept for who comes next."""

    def __init__(self, path: str, *, keep_alive: bool = True) -> None:
        self._path, self._keep_alive = path, keep_alive
        self._lock = threading.Lock()
        self._idle: list[_UnixConnection] = []
        self._is_closed = False

    def request(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        max_bytes: int,
        timeout_s: float,
        method: HttpMethod = "GET",
    ) -> ApiAnswer:
        """Return the whole answer; raises `OutOfReach` if it is late, cut short or over *max_bytes*."""
        until = time.monotonic() + timeout_s
        is_kept = False
        connection = self._take_connection()
        try:
            with self._send(connection, method, path, query, until) as response:
                headers = join_headers(response.getheaders())
                body = read_whole_body(
                    lambda: _read_chunk(response),
                    method,
                    response.status,
                    headers,
                    max_bytes=max_bytes,
                    until=until,
                )
                is_kept = self._keep_alive and not response.will_close
                return ApiAnswer(response.status, headers, body)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error
        finally:
            self._give_back(connection, is_kept=is_kept)

    def stream_lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """
        Yield the lines of an endless answer as they come, an empty one first; `OutOfReach` if it breaks.
        """
        connection = _UnixConnection(self._path)
        try:
            with self._send(connection, "GET", path, query, until=None) as response:
                if response.status != OK:
                    raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {response.status}")
                yield b""
                pending = bytearray()
                while chunk := response.read1(CHUNK_BYTES):
                    *whole, rest = (pending + chunk).split(b"\n")
                    pending = bytearray(rest[-CHUNK_BYTES:])
                    yield from map(bytes, whole)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error
        finally:
            connection.close()

    @contextmanager
    def open_body(
        self, path: str, query: Mapping[str, str], *, max_bytes: int, timeout_s: float
    ) -> Iterator[BodyStream]:
        """Send a GET request, and give the answer to be read as it comes."""
        until = time.monotonic() + timeout_s
        connection = _UnixConnection(self._path)
        try:
            with self._send(connection, "GET", path, query, until) as response:
                yield BodyStream(
                    response.status,
                    join_headers(response.getheaders()),
                    lambda: _read_chunk(response),
                    max_bytes=max_bytes,
                    until=until,
                )
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connections that nobody uses, and the others as soon as they are given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _send(
        self,
        connection: "_UnixConnection",
        method: HttpMethod,
        path: str,
        query: Mapping[str, str],
        until: float | None,
    ) -> http.client.HTTPResponse:
        """Send the request, and return the answer as soon as its head is read."""
        parameters = urlencode(query)
        if method not in READING_METHODS:
            raise ForbiddenRequest(f"{method} {path}")
        require_allowed_request(method, path, query=parameters)
        headers = {"Accept": "*/*", "User-Agent": "dckgrade"}
        if not self._keep_alive:
            headers["Connection"] = "close"
        connection.limit_time(until)
        connection.request(method, f"{path}?{parameters}" if parameters else path, headers=headers)
        return connection.getresponse()

    def _take_connection(self) -> "_UnixConnection":
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return _UnixConnection(self._path)
            if not connection.is_dropped():
                return connection
            connection.close()

    def _give_back(self, connection: "_UnixConnection", *, is_kept: bool) -> None:
        with self._lock:
            is_kept = is_kept and not self._is_closed and len(self._idle) < _MAX_IDLE_CONNECTIONS
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            connection.close()


class _DeadlineSocket(socket.socket):
    """Waits until a point in time, however slowly bytes drip: a timeout alone would start again with each."""

    until: float | None = None
    """A time of `time.monotonic`; None: for ever."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_measure_time_left(self.until))
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.settimeout(_measure_time_left(self.until))
        super().sendall(data, flags)


class _UnixConnection(http.client.HTTPConnection):
    """One connection to a unix socket."""

    sock: _DeadlineSocket | None

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path
        self._until: float | None = None

    def limit_time(self, until: float | None) -> None:
        """Let the next request and its answer take until then, a time of `time.monotonic`."""
        self._until = until
        if self.sock:
            self.sock.until = until

    def connect(self) -> None:
        """Connect; raises `OSError`."""
        opened = _DeadlineSocket(socket.AF_UNIX)
        try:
            left_s = _measure_time_left(self._until)
            opened.settimeout(CONNECT_TIMEOUT_S if left_s is None else left_s)
            opened.connect(self._path)
        except BaseException:
            opened.close()
            raise
        opened.until = self._until
        self.sock = opened

    def is_dropped(self) -> bool:
        """Whether the engine has hung up since the last answer, or sent what nobody has asked for."""
        if not self.sock:
            return True
        try:
            self.sock.settimeout(0)
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def _measure_time_left(until: float | None) -> float | None:
    if until is None:
        return None
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _read_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK_BYTES)
    except TimeoutError:
        raise
    except OSError as error:
        raise http.client.IncompleteRead(b"") from error


def _to_out_of_reach(error: Exception) -> OutOfReach:
    if isinstance(error, TimeoutError):
        return OutOfReach(UnobservableReason.DEADLINE)
    return describe_failure(error, lambda _: False)
