"""The body of an answer as it comes: never held whole, with a deadline and a size limit."""

import http.client
import time
from collections.abc import Callable, Mapping

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.transport import OK, comes_in_chunks, make_unknown_length_error
from dckgrade.report.observation import UnobservableReason


class BodyStream:
    """An answer whose head has come. Its body can be read once, from its beginning to its end."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        read_chunk: Callable[[], bytes],
        *,
        max_bytes: int,
        until: float,
    ) -> None:
        """*read_chunk* gives b'' at the end; *until* is a time of `time.monotonic`."""
        self.status, self.headers = status, headers
        self._read_chunk, self._max_bytes, self._until = read_chunk, max_bytes, until
        self._pending = bytearray()
        self._count = 0
        self._has_known_end = "content-length" in headers or comes_in_chunks(headers)

    def read(self, size: int = -1) -> bytes:
        """
        Return *size* bytes, fewer at the end alone; without a size, all that is left.

        Raises `OutOfReach` for a body that is late, cut short or over the size limit.
        """
        while size < 0 or len(self._pending) < size:
            chunk = self._receive()
            if not chunk:
                break
            self._pending += chunk
        taken = len(self._pending) if size < 0 else size
        given = bytes(self._pending[:taken])
        del self._pending[:taken]
        return given

    def skip_rest(self) -> None:
        """Read up to the end, and keep nothing; raises as `read` does."""
        self._pending.clear()
        while self._receive():
            pass

    def _receive(self) -> bytes:
        if time.monotonic() > self._until:
            raise OutOfReach(UnobservableReason.DEADLINE)
        if self.status == OK and not self._has_known_end:
            raise make_unknown_length_error()
        try:
            chunk = self._read_chunk()
        except http.client.HTTPException as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short") from error
        self._count += len(chunk)
        if self._count > self._max_bytes:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"an answer of more than {self._max_bytes} bytes")
        length = self.headers.get("content-length", "")
        if not chunk and length.isdecimal() and int(length) != self._count:
            raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short")
        return chunk
