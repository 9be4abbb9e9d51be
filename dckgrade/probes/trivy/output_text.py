"""Turn what Trivy wrote, into a file or a container's log, into plain text, and find the JSON in it."""

import json
import re
import zlib
from typing import Any

from msgspec import Struct

from dckgrade.lazy_patterns import compile_lazily

MAX_TEXT_BYTES = 64 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ANSI_PATTERN = compile_lazily(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_OUTPUT_PATTERN = compile_lazily(
    r'"(?:ArtifactName|SchemaVersion|Vulnerabilities)"|trivy|^Total: \d+ \([A-Z]+: \d|\tFATAL\t',
    re.IGNORECASE | re.MULTILINE,
)
_DOCUMENT_START_PATTERN = compile_lazily(r"^[\[{]", re.MULTILINE)
MAX_DOCUMENT_STARTS = 5


class FoundJson(Struct, frozen=True):
    """The JSON in a text."""

    value: Any
    """None where there is none that is whole."""
    stray_line: int | None
    """Where the text is no JSON; null: it is JSON from the first character to the last."""


def decode_output(content: bytes) -> str:
    """
    Decode UTF-8 and UTF-16, with byte order mark or without, packed or not, without colours.

    PowerShell 5 writes UTF-16 wherever `>` or `Tee-Object` makes a file.
    """
    if content.startswith(GZIP_MAGIC):
        content = unpack_gzip(content)
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding, errors="replace")
            break
    else:
        text = content.decode(guess_encoding(content), errors="replace")
    return _ANSI_PATTERN.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def guess_encoding(content: bytes) -> str:
    """Return the encoding: UTF-16 without a mark is known by the zeros beside Latin letters."""
    start = content[:200]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) > 1 and start[offset::2].count(0) > len(start) // 4:
            return encoding
    return "utf-8"


def unpack_gzip(content: bytes) -> bytes:
    """Unpack gzip, as far as it goes where it is cut short."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, MAX_TEXT_BYTES)
    except zlib.error:
        return b""


def is_trivy_output(start: bytes) -> bool:
    """Whether a file that begins so may have been written by Trivy."""
    return bool(_OUTPUT_PATTERN.search(decode_output(start)))


def find_json(text: str) -> FoundJson:
    """Find a JSON document, also between lines of a log (`2>&1`)."""
    try:
        return FoundJson(json.loads(text), None)
    except json.JSONDecodeError as error:
        stray_line = error.lineno
    except (ValueError, RecursionError):
        return FoundJson(None, 1)
    decoder = json.JSONDecoder()
    for start, _ in zip(_DOCUMENT_START_PATTERN.finditer(text), range(MAX_DOCUMENT_STARTS), strict=False):
        try:
            return FoundJson(decoder.raw_decode(text, start.start())[0], stray_line)
        except (ValueError, RecursionError):
            continue
    return FoundJson(None, stray_line)
