"""Render the mistakes of the labs' catalogue on a terminal, for `dckgrade explain`."""

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.catalogue import KnownMistake, translate_with_blanks
from dckgrade.render.mistake_page import find_mistake_page
from dckgrade.render.text import console as on_console
from dckgrade.render.text import messages


class Explanation:
    """One mistake: what is seen, why it happens, where to look, how to verify it, what to read."""

    def __init__(self, known: KnownMistake, lang: str) -> None:
        self.known, self.lang = known, lang

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from on_console.lay_out_parts(self.lay_out(options.encoding), console, options)

    def lay_out(self, encoding: str) -> Iterator[RenderableType]:
        """Lay out the mistake, then each hint below its label."""
        diagnosis, lab = self.known.diagnosis, self.known.lab
        labels = messages.translate_labels(self.lang)
        yield on_console.make_console_text(
            f"{diagnosis.code} — {lab.id}, {lab.title.in_language(self.lang)}", self.lang, encoding, "bold"
        )
        for label, *texts in (
            (labels["seen"], translate_with_blanks(diagnosis.message, self.lang)),
            (get_translator(self.lang)(N_("In the checks")), self.quote_check_titles()),
            (labels["why"], translate_with_blanks(diagnosis.why, self.lang)),
            (labels["hint"], translate_with_blanks(diagnosis.hint, self.lang)),
            (labels["look"], translate_with_blanks(diagnosis.look, self.lang)),
            (labels["source"], *self.list_addresses()),
        ):
            if any(texts):
                yield Text()
                yield on_console.make_console_text(label, self.lang, encoding, "bold")
            for text in filter(None, texts):
                yield Padding(on_console.make_console_text(text, self.lang, encoding), (0, 0, 0, 2))

    def list_addresses(self) -> list[str]:
        """List where there is more to read: others' documentation, and the mistake's own page."""
        diagnosis = self.known.diagnosis
        page = find_mistake_page(diagnosis.code, self.known.lab.id, self.lang)
        return list(filter(None, (diagnosis.source, page)))

    def quote_check_titles(self) -> str:
        """Quote the titles of the checks that can name it."""
        quoted = get_translator(self.lang)(N_("“{text}”"))
        return ", ".join(
            quoted.format(text=check.title.in_language(self.lang)) for check in self.known.checks
        )


class MistakeIndex:
    """All mistakes, lab by lab."""

    def __init__(self, known: Iterable[KnownMistake], lang: str) -> None:
        self.known, self.lang = list(known), lang

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from on_console.lay_out_parts(self.lay_out(options.encoding), console, options)

    def lay_out(self, encoding: str) -> Iterator[RenderableType]:
        """Lay out a table for each lab."""
        for lab in dict.fromkeys(mistake.lab.id for mistake in self.known):
            here = [mistake for mistake in self.known if mistake.lab.id == lab]
            title = here[0].lab.title.in_language(self.lang)
            yield on_console.make_console_text(f"{lab} — {title}", self.lang, encoding, "bold")
            table = Table.grid(padding=(0, 2))
            for mistake in here:
                text = translate_with_blanks(mistake.diagnosis.message, self.lang)
                table.add_row(mistake.diagnosis.code, on_console.make_console_text(text, self.lang, encoding))
            yield Padding(table, (0, 0, 1, 2))
        yield on_console.make_console_text(
            get_translator(self.lang)(N_("Explain one with `dckgrade explain CODE`.")), self.lang, encoding
        )
