"""The bytes of a log answer in, its text out: both streams in order, the last 64 KiB, secrets masked."""

import struct
from collections.abc import Iterator

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.redaction import masked
from dckgrade.report.observation import UnobservableReason

KEPT, LONGEST_LINE = 64 * 1024, 4 * 1024
_CUT = " […]"
_STDOUT, _STDERR, _SYSTEM_ERROR = 1, 2, 3
# Masking comes before cutting, or half a secret would survive; it is spared what is thrown away anyway.
_MASKED = 2 * KEPT


def text(raw: bytes, *, tty: bool) -> str:
    """Read the whole answer; one that ends inside a frame is not a log."""
    written = raw if tty else b"".join(_frames(raw))
    tail = written[-_MASKED:]
    if len(written) > len(tail):
        tail = tail.partition(b"\n")[2] or tail
    lines = masked(tail.decode(errors="replace")).splitlines(keepends=True)
    return _last("".join(_shortened(line) for line in lines))


def separated(raw: bytes) -> tuple[bytes, bytes]:
    """Give standard output and standard error as they were written, nothing masked."""
    streams = {_STDOUT: bytearray(), _STDERR: bytearray()}
    for stream, content in _told(raw):
        streams.setdefault(stream, bytearray()).extend(content)
    return bytes(streams[_STDOUT]), bytes(streams[_STDERR])


def _frames(raw: bytes) -> Iterator[bytes]:
    return (content for _, content in _told(raw))


def _told(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(raw):
        header = raw[at : at + 8]
        if len(header) < 8 or header[0] > _SYSTEM_ERROR or header[1:4] != b"\0\0\0":  # noqa: PLR2004 - the format
            raise OutOfReach(UnobservableReason.UNREADABLE, "log frame header")
        (size,) = struct.unpack(">I", header[4:])
        # Compared before anything is allocated: a header may claim 4 GiB.
        if at + 8 + size > len(raw):
            raise OutOfReach(UnobservableReason.UNREADABLE, "log frame cut short")
        content = raw[at + 8 : at + 8 + size]
        if header[0] == _SYSTEM_ERROR:
            raise OutOfReach(
                UnobservableReason.ENGINE_ERROR, masked(content.decode(errors="replace"))[:LONGEST_LINE]
            )
        yield header[0], content
        at += 8 + size


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + _CUT + "\n"


def _last(text: str) -> str:
    if len(text) <= KEPT:
        return text
    return text[-KEPT:].partition("\n")[2]
