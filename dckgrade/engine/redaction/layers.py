"""Texts within texts: strings with escapes, and lines behind a time or a container's name."""

import re
from collections.abc import Callable

from dckgrade.lazy_patterns import compile_lazily

MAX_DEPTH = 3
"""How deep strings are read: a log's line in JSON, whose message is JSON, whose member is."""
_SEPARATOR = "\n\x00\n"
_LITERAL_PATTERN = compile_lazily(
    r"""(?<!\\)"((?:\\.|[^"\\\r\n])*)"|(?<![\w\\])'((?:\\.|[^'\\\r\n])*)'(?![\w])"""
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPED_PATTERN = compile_lazily(r"\\(u[0-9a-fA-F]{4}|.)")
_PREFIX_PATTERN = compile_lazily(
    r"^[ \t]*+(?:(?:[\w.-]{1,64}[ ]++\|[ ]|\d{4}-\d\d-\d\d[T ][\d:.,]++(?:Z|[+-]\d\d:?\d\d)?[ ]"
    r"|\d\d:\d\d:\d\d[ ])){1,3}",
    re.MULTILINE,
)

Mask = Callable[[str], str]


def mask_lines(text: str, mask: Mask) -> str:
    """Mask lines that have a time or a name before them as if they had none."""
    if not _PREFIX_PATTERN.search(text):
        return text
    lines = text.split("\n")
    found = [_PREFIX_PATTERN.match(line) for line in lines]
    heads = [match[0] if match else "" for match in found]
    bodies = "\n".join(line[len(head) :] for line, head in zip(lines, heads, strict=True))
    masked = mask(bodies).split("\n")
    if len(masked) != len(lines):
        return text
    return "\n".join(head + body for head, body in zip(heads, masked, strict=True))


def mask_strings(text: str, mask: Mask) -> str:
    """Mask what is in quotes by itself, its escapes resolved."""
    literals = [match for match in _LITERAL_PATTERN.finditer(text) if " " in match[0] or "\\" in match[0]]
    if not literals:
        return text
    inner = [_read_literal(match) for match in literals]
    # All at once: thousands of short texts would take long.
    masked = mask(_SEPARATOR.join(inner)).split(_SEPARATOR)
    if len(masked) != len(inner):
        return text
    done, copied = [], 0
    for match, before, after in zip(literals, inner, masked, strict=True):
        if before != after:
            done += [text[copied : match.start()], _write_literal(match, after)]
            copied = match.end()
    return "".join(done) + text[copied:]


def _read_literal(match: re.Match[str]) -> str:
    written = match[1] if match[1] is not None else match[2]
    return _ESCAPED_PATTERN.sub(_read_escape, written)


def _read_escape(match: re.Match[str]) -> str:
    if match[1][1:]:
        return chr(int(match[1][1:], 16))
    return _ESCAPES.get(match[1], match[1])


def _write_literal(match: re.Match[str], content: str) -> str:
    # Most texts hold no secret in quotes.
    import json

    if match[1] is not None:
        return json.dumps(content, ensure_ascii=False)
    return "'" + json.dumps(content, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
