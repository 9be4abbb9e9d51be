"""Sanitized text holds nothing that controls a terminal or is invisible."""

import sys

import pytest

from dckgrade.render.text.sanitize import (
    MAX_BLOCK_CHARS,
    MAX_BLOCK_LINES,
    MAX_LINE_CHARS,
    PLAIN_TEXT,
    make_visible,
    respell_for_encoding,
    sanitize_block,
    sanitize_line,
)
from tests.support.cpu_time import measure_units
from tests.support.reports import HOSTILE

corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def test_the_corpus_is_large_enough() -> None:
    assert len(HOSTILE) >= 40


@corpus
def test_a_line_is_one_visible_line(text: str) -> None:
    assert sanitize_line(text).isprintable()


@corpus
def test_a_block_is_made_of_visible_lines(text: str) -> None:
    lines = sanitize_block(text).split("\n")

    assert all(line.isprintable() for line in lines)
    assert len(lines) <= MAX_BLOCK_LINES + 1


def test_what_is_taken_for_plain_is_plain_character_by_character() -> None:
    plain = [chr(code) for code in range(sys.maxunicode + 1) if PLAIN_TEXT.fullmatch(chr(code))]

    assert len(plain) > 300
    assert list(make_visible("".join(plain))) == plain


@corpus
def test_made_safe_twice_is_made_safe_once(text: str) -> None:
    once = sanitize_line(text, 10)

    assert sanitize_line(once) == once


@corpus
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "latin-1", "no-such-encoding"])
def test_any_encoding_can_spell_it(text: str, encoding: str) -> None:
    spelled = respell_for_encoding(sanitize_line(text, 100), encoding)

    assert spelled.isprintable()
    assert spelled.encode("ascii" if encoding == "no-such-encoding" else encoding) or not text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\n\tb", r"a\r\n\tb"),
        ("\x9b", r"\x9b"),
        ("\u202e", r"\u202e"),
        ("\ufeff", r"\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u200b", r"\u200b"),
        ("été « ici » 漢字 🐳", "été « ici » 漢字 🐳"),
        ("[red]", "[red]"),
    ],
)
def test_what_is_seen_stays_and_what_is_not_is_escaped(text: str, shown: str) -> None:
    assert sanitize_line(text) == shown


def test_french_spaces_stay() -> None:
    assert sanitize_line("a\xa0: b\u202f!") == "a\xa0: b\u202f!"


def test_a_long_line_is_cut_and_the_rest_counted() -> None:
    assert sanitize_line("x" * (MAX_LINE_CHARS + 7)) == "x" * MAX_LINE_CHARS + " (+7)"
    assert sanitize_line("x" * MAX_LINE_CHARS) == "x" * MAX_LINE_CHARS


def test_an_accent_is_not_torn_from_its_letter() -> None:
    assert sanitize_line("abe\u0301", 3) == "ab (+2)"


def test_accents_are_not_heaped_over_other_lines() -> None:
    assert sanitize_line("e" + "\u0301" * 5 + "e\u0301") == "e" + "\u0301" * 3 + r"\u0301\u0301" + "e\u0301"


def test_a_block_keeps_its_lines() -> None:
    assert sanitize_block("one\r\ntwo\tthree\n\nfour\r") == "one\ntwo\\tthree\n\nfour\\r"


def test_a_long_block_is_cut_and_the_rest_counted() -> None:
    assert sanitize_block("ab\n" * 300) == "ab\n" * 199 + "ab\n(+301)"
    assert sanitize_block("x\n" + "y" * MAX_BLOCK_CHARS).endswith("(+2)")


def test_ascii_keeps_french_readable() -> None:
    assert (
        respell_for_encoding("✗ échoué : « cœur » — 5\N{EN DASH}7…", "ascii")
        == 'x echoue : " coeur " - 5-7...'
    )


def test_cp1252_keeps_its_accents() -> None:
    assert respell_for_encoding("✓ réussi « ici »", "cp1252") == "+ réussi « ici »"


def test_what_an_encoding_lacks_altogether_is_escaped() -> None:
    assert respell_for_encoding("漢", "ascii") == r"\u6f22"


def test_a_megabyte_takes_no_time() -> None:
    def sanitize() -> None:
        for text in ("\x1b" * 1_000_000, "\n" * 1_000_000, "e" + "\u0301" * 1_000_000, "é" * 1_000_000):
            sanitize_line(text)
            sanitize_block(text)

    assert measure_units(sanitize, 40) < 40
