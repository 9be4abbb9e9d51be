"""Make text for a console: sanitized, respelt for its encoding, never wrapped at a non-breaking space."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import respell_for_encoding

# Rich breaks lines at non-breaking spaces. A private character, which hostile text cannot hold once it is
# made safe, stands for them until the lines are laid out.
NBSP_STAND_IN = "\ue000"
NBSP_TRANSLATION = str.maketrans({"\xa0": NBSP_STAND_IN, "\u202f": NBSP_STAND_IN})


def make_console_text(text: str, lang: str, encoding: str, style: str = "") -> Text:
    """Make *text* safe to print, respelt in the console's characters."""
    plain = respell_for_encoding(messages.sanitize_prose(text, lang), encoding)
    # Tables would cut a long word short, and mark that with a character of their own.
    return Text(plain.translate(NBSP_TRANSLATION), style, overflow="fold")


def lay_out_parts(parts: Iterable[RenderableType], console: Console, options: ConsoleOptions) -> RenderResult:
    """Render *parts* below one another."""
    for line in Segment.split_lines(console.render(Group(*parts), options)):
        yield from trim_line_end(
            [Segment(part.text.replace(NBSP_STAND_IN, " "), part.style) for part in line]
        )
        yield Segment.line()


def trim_line_end(line: list[Segment]) -> list[Segment]:
    """Drop the spaces that tables put at a line's end: they get in the way of copying."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    return line and [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)]
