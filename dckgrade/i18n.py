"""Translate message ids into the user's language: the only owner of the gettext catalogues."""

import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from dckgrade.typography import typeset

Lang = Literal["fr", "en"]
Translate = Callable[[str], str]
TranslatePlural = Callable[[str, str, int], str]

CATALOGUES_FOLDER = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802 - the name that message extractors know
    """Mark *text* for translation where it is written, to be translated where it is shown."""
    return text


@cache  # finding the catalogue asks the file system four times
def load_catalogue(lang: str) -> gettext.NullTranslations:
    """Load the catalogue of *lang*; one that translates nothing for English, the language of the ids."""
    return gettext.translation("dckgrade", CATALOGUES_FOLDER, [lang], fallback=True)


@cache
def get_translator(lang: str) -> Translate:
    """Return the translation of message ids into *lang*, typeset."""
    translate = load_catalogue(lang).gettext
    return cache(lambda text: typeset(translate(text), lang))


@cache
def get_plural_translator(lang: str) -> TranslatePlural:
    """Return the translation of two message ids, of one thing and of several, into *lang*, typeset."""
    translate = load_catalogue(lang).ngettext
    return lambda one, several, count: typeset(translate(one, several, count), lang)


class UserError(Exception):
    """Something a user can act on: what happened and what to try next, as message ids with their values."""

    def __init__(self, what: str, advice: str = "", **values: object) -> None:
        super().__init__(what, advice, values)
        self.message_id, self.advice_id, self.values = what, advice, values

    def translate_sentences(self, lang: str) -> list[str]:
        """Return what happened, then what to try, in *lang*."""
        translate = get_translator(lang)
        return [translate(text).format(**self.values) for text in (self.message_id, self.advice_id) if text]

    def __str__(self) -> str:
        return " ".join(self.translate_sentences("en"))
