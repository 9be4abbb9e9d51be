"""Translate message ids into the user's language: the only owner of the gettext catalogues."""

import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

Lang = Literal["fr", "en"]
Translate = Callable[[str], str]

CATALOGUES_FOLDER = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802 - the name that message extractors know
    """Mark *text* for translation where it is written, to be translated where it is shown."""
    return text


@cache  # finding the catalogue asks the file system four times
def get_translator(lang: str) -> Translate:
    """Return the translation of message ids into *lang*; English is the language of the ids themselves."""
    return gettext.translation("dckgrade", CATALOGUES_FOLDER, [lang], fallback=True).gettext


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
