"""Words, whoever wrote them → lines on a console: safe, spelt as it can, and broken where French allows."""

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


def make_console_text(said: str, lang: str, encoding: str, style: str = "") -> Text:
    """Make anything safe to print and spelt in the console's characters."""
    plain = respell_for_encoding(messages.sanitize_prose(said, lang), encoding)
    # Tables would cut a long word short, and mark that with a character of their own.
    return Text(plain.translate(NBSP_TRANSLATION), style, overflow="fold")


def lay_out_parts(parts: Iterable[RenderableType], console: Console, options: ConsoleOptions) -> RenderResult:
    """Lay *parts* out below one another."""
    for drawn in Segment.split_lines(console.render(Group(*parts), options)):
        yield from trim_line_end(
            [Segment(part.text.replace(NBSP_STAND_IN, " "), part.style) for part in drawn]
        )
        yield Segment.line()


def trim_line_end(drawn: list[Segment]) -> list[Segment]:
    """Drop the spaces that tables put at a line's end, which only get in the way of copying."""
    while drawn and not drawn[-1].text.strip():
        drawn = drawn[:-1]
    return drawn and [*drawn[:-1], Segment(drawn[-1].text.rstrip(), drawn[-1].style)]
