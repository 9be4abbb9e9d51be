"""A text in every language that people read reports in."""

from typing import Annotated

from msgspec import Meta, Struct

from dckgrade.typography import typeset

Sentence = Annotated[str, Meta(min_length=1, max_length=600)]


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words for a trainee, French first; `{fact}` stands for a fact's value."""

    fr: Sentence
    en: Sentence

    def in_language(self, lang: str) -> str:
        """Return the words in *lang*, typeset."""
        return self.en if lang == "en" else typeset(self.fr, "fr")
