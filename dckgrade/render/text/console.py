"""Words, whoever wrote them → lines on a console: safe, spelt as it can, and broken where French allows."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import spelt

# Rich breaks lines at non-breaking spaces. A private character, which hostile text cannot hold once it is
# made safe, stands for them until the lines are laid out.
GLUE = "\ue000"
GLUED = str.maketrans({"\xa0": GLUE, "\u202f": GLUE})


def text(said: str, lang: str, encoding: str, style: str = "") -> Text:
    """Make anything safe to print and spelt in the console's characters."""
    plain = spelt(messages.prose(said, lang), encoding)
    # Tables would cut a long word short, and mark that with a character of their own.
    return Text(plain.translate(GLUED), style, overflow="fold")


def laid_out(parts: Iterable[RenderableType], console: Console, options: ConsoleOptions) -> RenderResult:
    """Lay *parts* out below one another."""
    for drawn in Segment.split_lines(console.render(Group(*parts), options)):
        yield from trimmed([Segment(part.text.replace(GLUE, " "), part.style) for part in drawn])
        yield Segment.line()


def trimmed(drawn: list[Segment]) -> list[Segment]:
    """Drop the spaces that tables put at a line's end, which only get in the way of copying."""
    while drawn and not drawn[-1].text.strip():
        drawn = drawn[:-1]
    return drawn and [*drawn[:-1], Segment(drawn[-1].text.rstrip(), drawn[-1].style)]
