"""What the transports to an engine have in common: when an answer is whole, and what their errors mean."""

import http.client
import time
from collections.abc import Callable, Mapping

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.connection_errors import list_causes
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.resources import HttpMethod
from dckgrade.report.observation import UnobservableReason

CHUNK_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 5.0
OK = 200
_FRAMED_CONTENT_TYPES = {"application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"}
_MAX_DETAIL_CHARS = 300


def read_whole_body(
    read_chunk: Callable[[], bytes],
    method: HttpMethod,
    status: int,
    headers: Mapping[str, str],
    *,
    max_bytes: int,
    until: float,
) -> bytes:
    """
    Return all that *read_chunk* gives until b''.

    It raises `HTTPException` for a body that is cut short. *until* is a time of `time.monotonic`. Raises
    `OutOfReach` for a body that is late, cut short, over *max_bytes*, or of which nobody can tell its end.
    """
    length = headers.get("content-length")
    is_chunked = comes_in_chunks(headers)
    # What a command prints comes in frames of known length, up to the end of the connection.
    is_framed = headers.get("content-type") in _FRAMED_CONTENT_TYPES
    if length is None and not is_chunked and not is_framed and status == OK and method != "HEAD":
        raise make_unknown_length_error()
    if length is not None and not (length.isascii() and length.isdecimal()):
        raise make_unknown_length_error()
    body = bytearray()
    try:
        while chunk := read_chunk():
            body += chunk
            if len(body) > max_bytes:
                raise OutOfReach(UnobservableReason.UNREADABLE, f"an answer of more than {max_bytes} bytes")
            if time.monotonic() > until:
                raise OutOfReach(UnobservableReason.DEADLINE)
    except http.client.HTTPException as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short") from error
    if length is not None and length != str(len(body)) and method != "HEAD":
        raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short")
    return bytes(body)


def comes_in_chunks(headers: Mapping[str, str]) -> bool:
    """Whether it comes in chunks and in no other coding, which would be taken for the content."""
    coding = headers.get("transfer-encoding", "")
    if coding and coding.lower() != "chunked":
        raise make_unknown_length_error()
    return bool(coding)


def make_unknown_length_error() -> OutOfReach:
    """Return the error for an answer of which nobody can tell whether it is whole."""
    return OutOfReach(UnobservableReason.UNREADABLE, "an answer of unknown length")


def describe_failure(error: BaseException, is_wrapper: Callable[[BaseException], bool]) -> OutOfReach:
    """Return the error for an engine that was not reached, in the words of the cause inside all wrappers."""
    causes = [cause for cause in list_causes(error) if not is_wrapper(cause)]
    for cause in causes:
        if isinstance(cause, OSError):
            return _make_out_of_reach(str(cause))
    # Its text alone is what the other side sent, whatever that was.
    protocol_errors = (repr(cause) for cause in causes if isinstance(cause, http.client.HTTPException))
    return _make_out_of_reach(next(protocol_errors, str(error)))


def _make_out_of_reach(detail: str) -> OutOfReach:
    return OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, mask_secrets(detail)[:_MAX_DETAIL_CHARS])
