"""Render the mistakes of the labs' catalogue on a terminal, for `dckgrade explain`."""

from collections.abc import Iterable, Iterator

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.catalogue import KnownMistake, translate_with_blanks
from dckgrade.render.mistake_page import find_mistake_page
from dckgrade.render.text import messages
from dckgrade.render.text.layout import EMPTY_LINE, Block, Grid, Indented, Stack, TextBlock


def render_mistake(known: KnownMistake, lang: str) -> Block:
    """Render one mistake: what is seen, why it happens, where to look, how to verify it, what to read."""
    return Stack(list(Explanation(known, lang).lay_out()))


class Explanation:
    """The parts of what is told of one mistake."""

    def __init__(self, known: KnownMistake, lang: str) -> None:
        self.known, self.lang = known, lang

    def lay_out(self) -> Iterator[Block]:
        """Lay out the mistake, then each hint below its label."""
        diagnosis, lab = self.known.diagnosis, self.known.lab
        labels = messages.translate_labels(self.lang)
        heading = f"{diagnosis.code} — {lab.id}, {lab.title.in_language(self.lang)}"
        yield TextBlock(heading, self.lang, "bold")
        for label, *texts in (
            (labels["seen"], translate_with_blanks(diagnosis.message, self.lang)),
            (get_translator(self.lang)(N_("In the checks")), self.quote_check_titles()),
            (labels["why"], translate_with_blanks(diagnosis.why, self.lang)),
            (labels["hint"], translate_with_blanks(diagnosis.hint, self.lang)),
            (labels["look"], translate_with_blanks(diagnosis.look, self.lang)),
            (labels["source"], *self.list_addresses()),
        ):
            if any(texts):
                yield EMPTY_LINE
                yield TextBlock(label, self.lang, "bold")
            for text in filter(None, texts):
                yield Indented(TextBlock(text, self.lang), 2)

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


def render_mistake_index(known: Iterable[KnownMistake], lang: str) -> Block:
    """Render all mistakes, a table for each lab."""
    every, blocks = list(known), list[Block]()
    for lab in dict.fromkeys(mistake.lab.id for mistake in every):
        here = [mistake for mistake in every if mistake.lab.id == lab]
        title = here[0].lab.title.in_language(lang)
        rows = [
            (
                TextBlock(mistake.diagnosis.code, lang),
                TextBlock(translate_with_blanks(mistake.diagnosis.message, lang), lang),
            )
            for mistake in here
        ]
        table = Grid(rows, flexible=1, gap=2, indent=2)
        blocks += [TextBlock(f"{lab} — {title}", lang, "bold"), table, EMPTY_LINE]
    closing = get_translator(lang)(N_("Explain one with `dckgrade explain CODE`."))
    return Stack([*blocks, TextBlock(closing, lang)])
