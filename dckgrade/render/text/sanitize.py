r"""
Make any text safe to show: what is invisible, controls a terminal or commands a job becomes `\x1b`, `\x3a`.

Whatever is shown, printed or written as text comes through here; JSON has `report.characters.escape_json`.
"""

import unicodedata
from collections.abc import Iterator
from itertools import islice

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.characters import JOB_COMMAND, PLAIN_CHARACTERS, is_visible

MAX_LINE_CHARS = 4096
MAX_BLOCK_LINES = 200
MAX_STACKED_ACCENTS = 3
MAX_BLOCK_CHARS = 16 * 1024

PLAIN_TEXT = compile_lazily(f"[{PLAIN_CHARACTERS}]*")
_RESPELLINGS = {
    "✓": "+", "✗": "x", "⊘": "!", "…": "...", "«": '"', "»": '"', "“": '"', "”": '"', "→": "->", "·": "-",
    "•": "*", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "≥": ">=", "\N{EN DASH}": "-", "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}  # fmt: skip


def sanitize_line(text: str, max_chars: int = MAX_LINE_CHARS) -> str:
    """Make *text* a safe line: line ends and tabs are escaped too, what exceeds *max_chars* is counted."""
    end = find_cut_index(text, max_chars)
    remainder = f" (+{len(text) - end})" if end < len(text) else ""
    shown = text[:end]
    return disarm_commands(shown if PLAIN_TEXT.fullmatch(shown) else "".join(make_visible(shown))) + remainder


def sanitize_whole_line(text: str) -> str:
    """Make *text* a safe line of any length: it was shortened before, or must not be."""
    return sanitize_line(text, len(text))


def sanitize_block(text: str) -> str:
    """Make *text* safe lines: line ends stay line ends; at most 200 lines and 16 KiB of characters."""
    lines = text[: find_cut_index(text, MAX_BLOCK_CHARS)].replace("\r\n", "\n").split("\n")
    hidden_chars = max(0, len(text) - MAX_BLOCK_CHARS) + sum(
        len(line) + 1 for line in islice(lines, MAX_BLOCK_LINES, None)
    )
    return "\n".join(sanitize_line(line) for line in lines[:MAX_BLOCK_LINES]) + (
        f"\n(+{hidden_chars})" if hidden_chars else ""
    )


def respell_for_encoding(text: str, encoding: str) -> str:
    """Respell what *encoding* lacks with what it has: é as e, ✓ as +, and the rest as an escape."""
    if is_encodable(text, encoding):
        return text
    # A wide colon is respelt as a colon.
    return disarm_commands("".join(respell_character(character, encoding) for character in text))


def disarm_commands(text: str) -> str:
    """Escape a character of each command to the service that runs a job: `::error::` begins none any more."""
    if "##" not in text and "::" not in text:
        return text
    return JOB_COMMAND.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def make_visible(text: str) -> Iterator[str]:
    """Make each character visible; many stacked accents would be drawn over the lines around."""
    accents = 0
    for character in text:
        accents = accents + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        yield (
            escape_unless_visible(character)
            if accents <= MAX_STACKED_ACCENTS
            else escape_character(character)
        )


def escape_unless_visible(character: str) -> str:
    """Return a printable character as it is, any other as its escape."""
    return character if is_visible(character) else escape_character(character)


def find_cut_index(text: str, max_chars: int) -> int:
    """Find where to cut *text* to at most *max_chars* characters, no accent torn from its letter."""
    end = min(len(text), max_chars)
    while 0 < end < len(text) and unicodedata.combining(text[end]):
        end -= 1
    return end


def respell_character(character: str, encoding: str) -> str:
    """Respell one character."""
    if is_encodable(character, encoding):
        return character
    plain = _RESPELLINGS.get(character) or "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return plain if is_encodable(plain, encoding) and plain.isprintable() else escape_character(character)


def is_encodable(text: str, encoding: str) -> bool:
    """Return whether *encoding* can carry *text*."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def escape_character(character: str) -> str:
    r"""Write *character* as Python would: `\n`, `\x1b`, `\u202e`."""
    return character.encode("unicode_escape").decode("ascii")
