"""The text of a `daemon.json` → the first value in it, as Go's decoder reads it, or its own words why not."""

import json
import re
from typing import Any, NoReturn

from msgspec import Struct

SPACE = " \t\r\n"


class Broken(Exception):
    """Not JSON: dockerd's own words (20.10, measured), and the place, counted from 1."""

    def __init__(self, error: str, place: tuple[int, int]) -> None:
        super().__init__(error, place)
        self.error, self.place = error, place


class First(Struct, frozen=True):
    """The first value of a file; whatever follows it is never read."""

    value: Any
    rest_at: tuple[int, int] | None
    """Where something follows it."""


def first(text: str) -> First:
    """Decode the first value of *text*; `Broken` when there is none."""
    start = skipped(text, 0)
    if start == len(text):
        raise Broken("EOF", place(text, start))
    try:
        value, end = json.JSONDecoder(parse_constant=no_constant).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise broken(text, error) from None
    except (RecursionError, ValueError) as error:  # ValueError: NaN, or a number of thousands of digits
        raise Broken(str(error), place(text, start)) from None
    rest = skipped(text, end)
    return First(value, place(text, rest) if rest < len(text) else None)


def broken(text: str, error: json.JSONDecodeError) -> Broken:
    """Say it as Go does; of a comma too many the comma is the place, not the bracket after it."""
    at = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 on; before, the bracket is the place
        at = skipped(text, at + 1)
    if error.msg.startswith("Unterminated") or at >= len(text):
        return Broken("unexpected EOF", place(text, min(at, len(text.rstrip(SPACE)))))
    before = text[:at].rstrip(SPACE)
    place_at = len(before) - 1 if before.endswith(",") and text[at] in "}]" else at
    return Broken(
        f"invalid character {character(text[at])} {expected(error.msg, before)}", place(text, place_at)
    )


def expected(message: str, before: str) -> str:
    """Turn what Python's decoder had expected into Go's words."""
    if message.startswith(("Expecting property name", "Illegal trailing comma before end of object")):
        return "looking for beginning of object key string"
    if message.startswith("Expecting ':'"):
        return "after object key"
    if message.startswith("Expecting ','"):
        return "after array element" if inside_list(before) else "after object key:value pair"
    if message.startswith("Invalid control character"):
        return "in string literal"
    return "in string escape code" if "escape" in message else "looking for beginning of value"


def inside_list(before: str) -> bool:
    """Say whether what was read so far leaves a list open, not an object."""
    opened: list[str] = []
    for bracket in re.sub(r'"(?:[^"\\]|\\.)*"', "", before):
        if bracket in "[{":
            opened.append(bracket)
        elif bracket in "]}" and opened:
            opened.pop()
    return opened[-1:] == ["["]


def character(one: str) -> str:
    """Quote as Go does, which sees bytes: of a curly quote the first."""
    byte = chr(one.encode(errors="replace")[0])
    return {"'": r"'\''", '"': "'\"'"}.get(
        byte
    ) or f"'{byte.encode('unicode_escape').decode() if byte < ' ' else byte}'"


def skipped(text: str, at: int) -> int:
    """Step over white space."""
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at


def place(text: str, at: int) -> tuple[int, int]:
    """Count lines and columns from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def no_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python takes and JSON does not have."""
    raise ValueError(f"invalid character {word[0]!r} looking for beginning of value")
