"""Render a sheet as text: by Rich on a terminal, as the Markdown that it is elsewhere."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.model import Lab
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.render.text.layout import EMPTY_LINE, Block, Line, Page, Span, TextBlock, trim_line, wrap_words
from dckgrade.render.text.prose import FENCE_PATTERN, sanitize_markdown
from dckgrade.render.text.sanitize import respell_for_encoding

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_LIST_MARK_PATTERN = compile_lazily(r"\s*(?:(?:[-*+]|\d+[.)])\s+)?")
_OWN_LINE_PATTERN = compile_lazily(r"\s*(?:$|[-*+]\s|\d+[.)]\s|[#|>])")
"""How a line begins that is no part of the paragraph before it."""


# Rich breaks lines at non-breaking spaces. A private character, which hostile text cannot hold once it is
# made safe, stands for them until the lines are laid out.
NBSP_STAND_IN = "\ue000"
_STAND_IN_TRANSLATION = str.maketrans({"\xa0": NBSP_STAND_IN, "\u202f": NBSP_STAND_IN})


def render_sheet_terminal(lab: Lab, lang: str) -> list[Block]:
    """Return the blocks of the sheet."""
    heading = TextBlock(f"{lab.id} — {lab.title.in_language(lang)}", lang, "bold")
    closing = get_translator(lang)(N_("Have it graded with `dckgrade {lab}`.")).format(lab=lab.id)
    sheet = MarkdownBlock(lab.sheet.in_language(lang) if lab.sheet else "", lang)
    return [heading, EMPTY_LINE, sheet, EMPTY_LINE, TextBlock(closing, lang)]


class MarkdownBlock(Block):
    """Markdown, which is made safe."""

    def __init__(self, markdown: str, lang: str) -> None:
        self.markdown, self.lang = markdown, lang

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield its lines; what is too long is broken, but for code and tables."""
        for text, is_whole in iter_paragraphs(self.make_safe(page.encoding).strip("\n").split("\n")):
            mark = _LIST_MARK_PATTERN.match(text)
            start = "" if is_whole or mark is None else mark[0]
            width = max(page.width, len(text)) if is_whole else page.narrow(len(start)).width
            for line in wrap_words(text[len(start) :], width):
                yield [Span(start), Span(line)]
                start = " " * len(start)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.markdown import Markdown
        from rich.segment import Segment

        safe = self.make_safe(options.encoding).translate(_STAND_IN_TRANSLATION)
        # Addresses are written out: a link that hides its address shows nothing on paper or in a log.
        for line in Segment.split_lines(console.render(Markdown(safe, hyperlinks=False), options)):
            spans = trim_line([Span(part.text.replace(NBSP_STAND_IN, " ")) for part in line])
            for (text, _), part in zip(spans, line, strict=False):
                yield Segment(text, part.style)
            yield Segment.line()

    def make_safe(self, encoding: str) -> str:
        """Return the Markdown as it may be shown, in characters that *encoding* has."""
        return respell_for_encoding(sanitize_markdown(self.markdown, self.lang), encoding)


def iter_paragraphs(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each paragraph of Markdown as one line, all else as it is; and whether it is kept whole."""
    fence, paragraph = "", ""
    for line in lines:
        found = FENCE_PATTERN.match(line)
        is_code = bool(fence or found)
        if not is_code and paragraph and not _OWN_LINE_PATTERN.match(line):
            paragraph = f"{paragraph} {line.strip()}"
            continue
        if paragraph:
            yield paragraph, False
        paragraph = ""
        if is_code or not line.strip() or line.startswith(("#", "|")):
            yield line, is_code or line.startswith("|")
        else:
            paragraph = line
        if found:
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
    if paragraph:
        yield paragraph, False
