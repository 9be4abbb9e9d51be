"""Decode the first value of a `daemon.json` as Go does, with Go's error messages."""

import json
import re
from typing import Any, NoReturn

from msgspec import Struct

JSON_WHITESPACE = " \t\r\n"


class JsonSyntaxError(Exception):
    """Not JSON: dockerd's own words (20.10, measured), and the place, counted from 1."""

    def __init__(self, error: str, place: tuple[int, int]) -> None:
        super().__init__(error, place)
        self.error, self.position = error, place


class FirstValue(Struct, frozen=True):
    """The first value of a file; before 23.0 whatever follows it was never read."""

    value: Any
    trailing_position: tuple[int, int] | None
    """Where something follows it."""


def decode_first_value(text: str, *, may_continue: bool = True) -> FirstValue:
    """Decode the first value of *text*; raises `JsonSyntaxError` when there is none, or more."""
    start = skip_whitespace(text, 0)
    if start == len(text):
        raise JsonSyntaxError("EOF", get_line_and_column(text, start))
    try:
        value, end = json.JSONDecoder(
            parse_constant=refuse_json_constant, object_pairs_hook=merge_pairs
        ).raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise translate_decode_error(text, error) from None
    except (RecursionError, ValueError) as error:  # ValueError: NaN, or a number of thousands of digits
        raise JsonSyntaxError(str(error), get_line_and_column(text, start)) from None
    rest = skip_whitespace(text, end)
    if rest < len(text) and not may_continue:
        message = f"invalid character {quote_character(text[rest])} after top-level value"
        raise JsonSyntaxError(message, get_line_and_column(text, rest))
    return FirstValue(value, get_line_and_column(text, rest) if rest < len(text) else None)


def translate_decode_error(text: str, error: json.JSONDecodeError) -> JsonSyntaxError:
    """Return the error in Go's words; a comma too many is the place, not the bracket."""
    at = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 on; before, the bracket is the place
        at = skip_whitespace(text, at + 1)
    if error.msg.startswith("Unterminated") or at >= len(text):
        return JsonSyntaxError(
            "unexpected EOF", get_line_and_column(text, min(at, len(text.rstrip(JSON_WHITESPACE))))
        )
    before = text[:at].rstrip(JSON_WHITESPACE)
    place_at = len(before) - 1 if before.endswith(",") and text[at] in "}]" else at
    return JsonSyntaxError(
        f"invalid character {quote_character(text[at])} {translate_expectation(error.msg, before)}",
        get_line_and_column(text, place_at),
    )


def translate_expectation(message: str, before: str) -> str:
    """Turn what Python's decoder had expected into Go's words."""
    if message.startswith(("Expecting property name", "Illegal trailing comma before end of object")):
        return "looking for beginning of object key string"
    if message.startswith("Expecting ':'"):
        return "after object key"
    if message.startswith("Expecting ','"):
        return "after array element" if is_inside_list(before) else "after object key:value pair"
    if message.startswith("Invalid control character"):
        return "in string literal"
    return "in string escape code" if "escape" in message else "looking for beginning of value"


def is_inside_list(before: str) -> bool:
    """Return whether what was read so far leaves a list open, not an object."""
    opened: list[str] = []
    for bracket in re.sub(r'"(?:[^"\\]|\\.)*"', "", before):
        if bracket in "[{":
            opened.append(bracket)
        elif bracket in "]}" and opened:
            opened.pop()
    return opened[-1:] == ["["]


def quote_character(character: str) -> str:
    """Quote a character as Go does: of one that has several bytes, the first."""
    byte = chr(character.encode(errors="replace")[0])
    return {"'": r"'\''", '"': "'\"'"}.get(
        byte
    ) or f"'{byte.encode('unicode_escape').decode() if byte < ' ' else byte}'"


def skip_whitespace(text: str, at: int) -> int:
    """Return the position after white space."""
    while at < len(text) and text[at] in JSON_WHITESPACE:
        at += 1
    return at


def get_line_and_column(text: str, at: int) -> tuple[int, int]:
    """Count lines and columns from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def merge_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object: of a repeated key the last value counts, but Go adds a mapping to the one before it."""
    merged: dict[str, Any] = {}
    for key, value in pairs:
        before = merged.get(key)
        merged[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def refuse_json_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python takes and JSON does not have."""
    raise ValueError(f"invalid character {word[0]!r} looking for beginning of value")
