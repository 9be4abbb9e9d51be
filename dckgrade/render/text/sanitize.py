r"""Any text, however hostile → the same text, safe to show: what is invisible or steers becomes `\x1b`."""

import unicodedata
from collections.abc import Iterator
from itertools import islice

MAX_LINE_CHARS = 4096
MAX_BLOCK_LINES = 200
MAX_STACKED_ACCENTS = 3
MAX_BLOCK_CHARS = 16 * 1024

# Printable excludes every control, format (bidi, zero-width, BOM, tags), surrogate, private and unassigned
# character, and every space but the plain one. French typography needs two of those spaces.
_FRENCH_SPACES = "\xa0\u202f"
# Printable to Python, invisible to the eye: fillers and joiners that would hide between two letters.
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10)))
_RESPELLINGS = {
    "✓": "+", "✗": "x", "⊘": "!", "…": "...", "«": '"', "»": '"', "“": '"', "”": '"', "→": "->", "·": "-",
    "•": "*", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "≥": ">=", "\N{EN DASH}": "-", "\N{EM DASH}": "-",
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}  # fmt: skip


def sanitize_line(text: str, kept: int = MAX_LINE_CHARS) -> str:
    """Make *text* one safe line: line ends and tabs are visible too, and what exceeds *kept* is counted."""
    end = find_cut_index(text, kept)
    left = f" (+{len(text) - end})" if end < len(text) else ""
    return "".join(make_visible(text[:end])) + left


def sanitize_block(text: str) -> str:
    """Make *text* safe lines: line ends stay line ends; at most 200 lines and 16 KiB of characters."""
    lines = text[: find_cut_index(text, MAX_BLOCK_CHARS)].replace("\r\n", "\n").split("\n")
    left = max(0, len(text) - MAX_BLOCK_CHARS) + sum(
        len(line) + 1 for line in islice(lines, MAX_BLOCK_LINES, None)
    )
    return "\n".join(sanitize_line(line) for line in lines[:MAX_BLOCK_LINES]) + (
        f"\n(+{left})" if left else ""
    )


def respell_for_encoding(text: str, encoding: str) -> str:
    """Respell what *encoding* lacks with what it has: é as e, ✓ as +, and the rest as an escape."""
    return (
        text
        if is_encodable(text, encoding)
        else "".join(respell_character(character, encoding) for character in text)
    )


def make_visible(text: str) -> Iterator[str]:
    """Make each character visible; a heap of accents would be drawn over the lines around it."""
    heap = 0
    for character in text:
        heap = heap + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        yield escape_unless_visible(character) if heap <= MAX_STACKED_ACCENTS else escape_character(character)


def escape_unless_visible(character: str) -> str:
    """Give a printable character as it is, any other as its escape."""
    plain = (character.isprintable() or character in _FRENCH_SPACES) and character not in _INVISIBLE
    return character if plain else escape_character(character)


def find_cut_index(text: str, kept: int) -> int:
    """Find where *text* ends when at most *kept* characters stay and no accent is torn from its letter."""
    end = min(len(text), kept)
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
    """Say whether *encoding* can carry *text*."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def escape_character(character: str) -> str:
    r"""Write *character* as Python would: `\n`, `\x1b`, `\u202e`."""
    return character.encode("unicode_escape").decode("ascii")
