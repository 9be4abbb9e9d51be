"""Blocks in, lines out: what Rich would lay out, without it."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from dckgrade.render.text.layout import (
    _ONE_COLUMN_PATTERN,
    EMPTY_LINE,
    Block,
    Bullet,
    Grid,
    Indented,
    Page,
    Stack,
    TextBlock,
    count_columns,
    join_line,
    wrap_words,
)

LETTERS = st.sampled_from("abé ✓✗⊘→\N{EN DASH}—日\u0301 …")
"""Rich breaks at spaces that do not break: they are not among them."""
WORDS = st.text(LETTERS, max_size=80)


def lay_out(block: Block, width: int = 20, encoding: str = "utf-8") -> list[str]:
    return [join_line(line) for line in block.iter_lines(Page(width, encoding))]


def draw(block: Block, width: int = 20) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="standard")
    console.print(block)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def make_text(text: str, style: str = "", *, cut: bool = False) -> TextBlock:
    return TextBlock(text, "en", style, cut=cut)


@given(WORDS, st.integers(4, 40))
def test_text_is_broken_where_rich_breaks_it(text: str, width: int) -> None:
    lines = [line.plain.rstrip(" ") for line in Text(text, overflow="fold").wrap(Console(width=width), width)]
    # The spaces after a word that fills a line take one of their own with Rich.
    assert list(filter(None, wrap_words(text, width))) == list(filter(None, lines))


@given(WORDS)
def test_columns_are_counted_as_rich_counts_them(text: str) -> None:
    assert count_columns(text) == cell_len(text)


def test_what_takes_one_column_by_our_pattern_does_by_rich_s_table() -> None:
    ours = filter(_ONE_COLUMN_PATTERN.fullmatch, map(chr, range(sys.maxunicode + 1)))
    assert [character for character in ours if cell_len(character) != 1] == []


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(14, 60))
def test_no_line_is_wider_than_the_page(texts: list[str], width: int) -> None:
    rows = [(make_text("+"), make_text(text), make_text("1/1")) for text in texts]
    block = Stack([Bullet(make_text("-"), [*map(make_text, texts)]), Grid(rows, flexible=1, right=[2])])
    assert all(cell_len(line) <= width for line in lay_out(block, width))


def test_a_space_that_does_not_break_is_an_ordinary_one_once_it_is_laid_out() -> None:
    assert lay_out(TextBlock("Le conteneur est « limité » : oui", "fr"), 16) == [
        "Le conteneur est",
        "« limité » : oui",
    ]


def test_blocks_stand_beside_their_sign() -> None:
    assert lay_out(
        Bullet(make_text("-"), [make_text("one two three"), EMPTY_LINE, make_text("four")]), 12
    ) == [
        "- one two",
        "  three",
        "",
        "  four",
    ]


def test_a_table_breaks_one_column_and_keeps_the_others() -> None:
    rows = [
        (make_text("+"), make_text("one two three"), make_text("1/1")),
        (make_text("-"), make_text("four"), make_text("10/10")),
    ]
    assert lay_out(Grid(rows, flexible=1, right=[2]), 18) == [
        "+ one two      1/1",
        "  three",
        "- four       10/10",
    ]


def test_a_table_of_nothing_takes_no_line() -> None:
    assert lay_out(Grid([], flexible=0)) == []


@pytest.mark.parametrize("width", [1, 5, 9])
def test_a_page_that_is_too_narrow_leaves_text_readable(width: int) -> None:
    rows = [(make_text("+"), make_text("one two three"), make_text("10/10"))]
    assert "three" in " ".join(lay_out(Grid(rows, flexible=1), width))


def test_text_that_is_cut_says_so() -> None:
    assert lay_out(make_text("one two three", cut=True), 9) == ["one two…"]
    assert lay_out(make_text("one two", cut=True), 9) == ["one two"]


def test_a_stack_gives_no_more_lines_and_columns_than_it_may() -> None:
    words = make_text("one two three four")
    assert lay_out(Stack([words], max_lines=2, max_width=5)) == ["one", "two"]


def test_a_block_is_indented_line_by_line() -> None:
    assert lay_out(Indented(make_text("one two three"), 4), 12) == ["    one two", "    three"]


def test_what_an_encoding_lacks_is_respelt_before_it_is_measured() -> None:
    assert lay_out(make_text("✓ é"), encoding="ascii") == ["+ e"]


def test_a_control_character_is_written_out() -> None:
    assert "\x1b" not in "".join(lay_out(make_text("a\x1b[31mb")))


def test_rich_draws_the_same_lines_in_their_styles() -> None:
    block = Bullet(make_text("-", "green"), [make_text("one two three", "bold")])
    drawn = draw(block, 12)
    assert drawn == "\x1b[32m-\x1b[0m \x1b[1mone two\x1b[0m\n  \x1b[1mthree\x1b[0m\n"
