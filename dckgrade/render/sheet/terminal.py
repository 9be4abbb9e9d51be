"""Render a sheet on a terminal."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.model import Lab
from dckgrade.render.text import console as on_console
from dckgrade.render.text.prose import sanitize_markdown
from dckgrade.render.text.sanitize import respell_for_encoding


def render_sheet_terminal(lab: Lab, lang: str) -> list[RenderableType]:
    """Return what Rich prints."""
    return [SheetView(lab, lang)]


class SheetView:
    """The lab's title, its sheet, and how to have it graded."""

    def __init__(self, lab: Lab, lang: str) -> None:
        self.lab, self.lang = lab, lang

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from on_console.lay_out_parts(self.lay_out(options.encoding), console, options)

    def lay_out(self, encoding: str) -> Iterator[RenderableType]:
        """Lay out the parts, an empty line between them."""
        lang, written = self.lang, self.lab.sheet.in_language(self.lang) if self.lab.sheet else ""
        heading = f"{self.lab.id} — {self.lab.title.in_language(lang)}"
        yield on_console.make_console_text(heading, lang, encoding, "bold")
        yield Text()
        safe = respell_for_encoding(sanitize_markdown(written, lang), encoding)
        # Addresses are written out: a link that hides its address shows nothing on paper or in a log.
        yield Markdown(safe.translate(on_console.NBSP_TRANSLATION), hyperlinks=False)
        yield Text()
        closing = get_translator(lang)(N_("Have it graded with `dckgrade {lab}`.")).format(lab=self.lab.id)
        yield on_console.make_console_text(closing, lang, encoding)
