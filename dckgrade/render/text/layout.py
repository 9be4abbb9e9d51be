"""
Lay out text in lines: one layout, which Rich draws on a terminal, and which is written as it is elsewhere.

Rich is loaded where it draws; its import takes as long as grading a lab.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import respell_for_encoding

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

MIN_TEXT_WIDTH = 8
"""Columns that are left to text beside a sign or in a table, however narrow the terminal is."""
ELLIPSIS = "…"
_WORD_PATTERN = compile_lazily(r" *[^ ]+ *| +")
_ONE_COLUMN_PATTERN = compile_lazily(
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u202f\u2190-\u2193\u2200-\u22ff\u2691\u2713\u2717]*"
)
"""Characters of one column each, as nearly all are: Rich's table of the others is not needed for them."""
_NBSP_TRANSLATION = str.maketrans("\xa0\u202f", "  ")
"""They have kept a line from being broken; a reader who copies it wants ordinary spaces."""


class Page(NamedTuple):
    """What is printed on: its width in columns, and the encoding of its characters."""

    width: int
    encoding: str

    def narrow(self, columns: int) -> "Page":
        """Return the page without so many columns."""
        return self._replace(width=max(MIN_TEXT_WIDTH, self.width - columns))


class Span(NamedTuple):
    """A part of a line; its style is named as Rich does it."""

    text: str
    style: str = ""


Line = Sequence[Span]


class Block:
    """Something to be printed, in lines."""

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines that it takes on *page*."""
        raise NotImplementedError

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        yield from draw_lines(self.iter_lines(Page(options.max_width, options.encoding)), console)


class TextBlock(Block):
    """A text that is made safe, in one style; *cut*: kept to one line."""

    def __init__(self, text: str, lang: str, style: str = "", *, cut: bool = False) -> None:
        self.text, self.lang, self.style, self.cut = text, lang, style, cut

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines, broken between words."""
        text = self.make_safe(page.encoding)
        lines = [cut_to_width(text, page.width)] if self.cut else wrap_words(text, page.width)
        return ([Span(line, self.style)] for line in lines)

    def make_safe(self, encoding: str) -> str:
        """Return the text as it may be shown, in characters that *encoding* has."""
        return respell_for_encoding(messages.sanitize_prose(self.text, self.lang), encoding)


class Stack(Block):
    """Blocks below one another; they use at most *max_width* columns, and give at most *max_lines*."""

    def __init__(
        self, blocks: Sequence[Block], *, max_width: int | None = None, max_lines: int | None = None
    ) -> None:
        self.blocks, self.max_width, self.max_lines = blocks, max_width, max_lines

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines of each block in turn."""
        width = page.width if self.max_width is None else min(page.width, self.max_width)
        lines = (line for block in self.blocks for line in block.iter_lines(page._replace(width=width)))
        return islice(lines, self.max_lines)


class Bullet(Block):
    """Blocks below one another, beside a sign."""

    def __init__(self, sign: TextBlock, blocks: Sequence[Block]) -> None:
        self.sign, self.blocks = sign, blocks

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines, the first with the sign."""
        sign = self.sign.make_safe(page.encoding)
        width = count_columns(sign) + 1
        start = [Span(sign, self.sign.style), Span(" ")]
        for block in self.blocks:
            for line in block.iter_lines(page.narrow(width)):
                yield [*start, *line]
                start = [Span(" " * width)]


class Grid(Block):
    """
    Rows of texts, of which those in the column *flexible* are broken where the page is too narrow.

    *gap*: columns of space in between; *indent*: before the first; *right*: the columns that are flush right;
    *limits*: by column, how wide it may be.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[TextBlock]],
        flexible: int,
        *,
        right: Iterable[int] = (),
        gap: int = 1,
        indent: int = 0,
        limits: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self.rows, self.flexible, self.limits = rows, flexible, limits
        self.right, self.gap, self.indent = set(right), gap, indent

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines of each row."""
        widths = self.measure_columns(page) if self.rows else []
        for row in self.rows:
            cells = [
                [line[0] for line in cell.iter_lines(page._replace(width=width))]
                for cell, width in zip(row, widths, strict=True)
            ]
            for at in range(max(map(len, cells))):
                yield list(self.lay_out_line([cell[at : at + 1] for cell in cells], widths))

    def measure_columns(self, page: Page) -> list[int]:
        """Return the width of each column; the flexible one has what the others leave."""
        widths = [
            max(count_columns(cell.make_safe(page.encoding)) for cell in column)
            for column in zip(*self.rows, strict=True)
        ]
        for number, limit in self.limits.items():
            widths[number] = min(widths[number], limit)
        others = sum(widths) - widths[self.flexible] + self.gap * (len(widths) - 1) + self.indent
        widths[self.flexible] = min(widths[self.flexible], page.narrow(others).width)
        return widths

    def lay_out_line(self, spans: Sequence[Sequence[Span]], widths: Sequence[int]) -> Iterator[Span]:
        """Lay out one line of a row: each cell's span, or none, and the space around."""
        yield Span(" " * self.indent)
        for number, (found, width) in enumerate(zip(spans, widths, strict=True)):
            (span,) = found or [Span("")]
            space = Span(" " * (width - count_columns(span.text)))
            yield from (space, span) if number in self.right else (span, space)
            yield Span(" " * self.gap)


class Indented(Block):
    """A block that begins some columns further right."""

    def __init__(self, block: Block, columns: int) -> None:
        self.block, self.columns = block, columns

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield its lines, after space."""
        space = Span(" " * self.columns)
        return ([space, *line] for line in self.block.iter_lines(page.narrow(self.columns)))


EMPTY_LINE = TextBlock("", "")


def count_columns(text: str) -> int:
    """Count the columns that *text* takes."""
    if _ONE_COLUMN_PATTERN.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrap_words(text: str, width: int) -> Iterator[str]:
    """Break *text* into lines between words; a word that is longer than a line is broken, too."""
    line = ""
    for word in split_words(text, width):
        if line and count_columns(line) + count_columns(word.rstrip(" ")) > width:
            yield line.rstrip(" ")
            line = ""
        line += word
    yield line.rstrip(" ")


def split_words(text: str, width: int) -> Iterator[str]:
    """Yield the words of *text* with the spaces around them, a long one in pieces of *width* columns."""
    for word in _WORD_PATTERN.findall(text):
        rest = word
        while count_columns(rest.rstrip(" ")) > width:
            piece = take_columns(rest, width)
            yield piece
            rest = rest[len(piece) :]
        yield rest


def take_columns(text: str, width: int) -> str:
    """Return as much of the beginning of *text* as *width* columns hold, at least one character."""
    columns = 0
    for end, character in enumerate(text):
        columns += count_columns(character)
        if end and columns > width:
            return text[:end]
    return text


def cut_to_width(text: str, width: int) -> str:
    """Return *text*, with an ellipsis in place of what *width* columns do not hold."""
    if count_columns(text) <= width:
        return text
    return take_columns(text, width - 1).rstrip(" ") + ELLIPSIS


def trim_line(line: Line) -> list[Span]:
    """Return a line with ordinary spaces alone; those at its end, in the way of copying, are left out."""
    spans = [span._replace(text=span.text.translate(_NBSP_TRANSLATION)) for span in line]
    while spans and not spans[-1].text.strip(" "):
        spans.pop()
    return [*spans[:-1], spans[-1]._replace(text=spans[-1].text.rstrip(" "))] if spans else []


def join_line(line: Line) -> str:
    """Return a line as it is written where nothing is drawn."""
    return "".join(span.text for span in trim_line(line))


def draw_lines(lines: Iterable[Line], console: "Console") -> "RenderResult":
    """Have Rich draw *lines*."""
    from rich.segment import Segment

    for line in lines:
        for text, style in trim_line(line):
            yield Segment(text, console.get_style(style) if style else None)
        yield Segment.line()
