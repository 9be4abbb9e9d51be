"""Decode the engine's stream format, in which logs and outputs of commands come."""

import struct
from collections.abc import Iterator

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.redaction import mask_secrets
from dckgrade.report.observation import UnobservableReason

MAX_LOG_TEXT_CHARS, MAX_LOG_LINE_CHARS = 64 * 1024, 4 * 1024
_CUT_MARK = " […]"
_STDOUT, _STDERR, _SYSTEM_ERROR = 1, 2, 3
# Masking comes before cutting, or half a secret would survive; text far from the end is dropped unmasked.
_MAX_MASKED_BYTES = 2 * MAX_LOG_TEXT_CHARS


def decode_log(raw: bytes, *, tty: bool) -> str:
    """
    Return the text of both streams in order: its last 64 Ki characters, secrets masked, long lines cut.

    Raises `OutOfReach` for an answer that ends inside a frame.
    """
    content = raw if tty else b"".join(_iter_contents(raw))
    tail = content[-_MAX_MASKED_BYTES:]
    if len(content) > len(tail):
        tail = tail.partition(b"\n")[2] or tail
    lines = mask_secrets(tail.decode(errors="replace")).splitlines(keepends=True)
    return _keep_end("".join(_shorten_line(line) for line in lines))


def split_streams(raw: bytes) -> tuple[bytes, bytes]:
    """Return standard output and standard error byte for byte, nothing masked."""
    streams = {_STDOUT: bytearray(), _STDERR: bytearray()}
    for stream, content in _iter_frames(raw):
        streams.setdefault(stream, bytearray()).extend(content)
    return bytes(streams[_STDOUT]), bytes(streams[_STDERR])


def _iter_contents(raw: bytes) -> Iterator[bytes]:
    return (content for _, content in _iter_frames(raw))


def _iter_frames(raw: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(raw):
        header = raw[offset : offset + 8]
        if len(header) < 8 or header[0] > _SYSTEM_ERROR or header[1:4] != b"\0\0\0":  # noqa: PLR2004 - the format
            raise OutOfReach(UnobservableReason.UNREADABLE, "log frame header")
        (size,) = struct.unpack(">I", header[4:])
        # Checked before anything is allocated: a header may claim 4 GiB.
        if offset + 8 + size > len(raw):
            raise OutOfReach(UnobservableReason.UNREADABLE, "log frame cut short")
        content = raw[offset + 8 : offset + 8 + size]
        if header[0] == _SYSTEM_ERROR:
            raise OutOfReach(
                UnobservableReason.ENGINE_ERROR,
                mask_secrets(content.decode(errors="replace"))[:MAX_LOG_LINE_CHARS],
            )
        yield header[0], content
        offset += 8 + size


def _shorten_line(line: str) -> str:
    return line if len(line) <= MAX_LOG_LINE_CHARS else line[:MAX_LOG_LINE_CHARS] + _CUT_MARK + "\n"


def _keep_end(text: str) -> str:
    if len(text) <= MAX_LOG_TEXT_CHARS:
        return text
    return text[-MAX_LOG_TEXT_CHARS:].partition("\n")[2]
