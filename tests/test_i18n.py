"""The catalogues: whole, fresh, and saying the same in both languages."""

import gettext
import re
from pathlib import Path
from string import Formatter

import pytest
import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import dckgrade
from dckgrade.i18n import CATALOGUES_FOLDER, N_, UserError, get_plural_translator, get_translator

SOURCES = {"dckgrade": Path(dckgrade.__file__).parent, "messages": Path(typer.__file__).parent}
"""Typer marks its own words in gettext's default domain, which is called messages."""
domains = pytest.mark.parametrize("domain", SOURCES)


def path(domain: str) -> Path:
    return CATALOGUES_FOLDER / "fr" / "LC_MESSAGES" / domain


def catalogue(domain: str) -> Catalog:
    with path(domain).with_suffix(".po").open("rb") as file:
        return read_po(file, locale="fr", domain=domain)


def messages(domain: str) -> list[Message]:
    return [message for message in catalogue(domain) if message.id]


def marked(domain: str) -> set[object]:
    found = extract_from_dir(SOURCES[domain], directory_filter=lambda _: True)
    # The message, or those for one thing and for several; not what says how many.
    return {message if isinstance(message, str) else message[:2] for _, _, message, _, _ in found}


def placeholders(text: str) -> list[tuple[str, str | None, str | None]]:
    parsed = Formatter().parse(text)
    return sorted((name, spec, turn) for _, name, spec, turn in parsed if name is not None)


def forms(text: object) -> tuple[str, ...]:
    """Return a text, or the texts for one thing and for several."""
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


@domains
def test_every_marked_text_is_in_the_catalogue(domain: str) -> None:
    assert marked(domain) - {message.id for message in messages(domain)} == set()


@domains
def test_every_text_is_translated_and_none_is_a_guess(domain: str) -> None:
    assert [
        message.id for message in messages(domain) if not all(forms(message.string)) or message.fuzzy
    ] == []


@domains
def test_no_translation_holds_a_character_that_nobody_sees(domain: str) -> None:
    strings = [str(message.string) for message in messages(domain)]
    assert [
        text
        for text in strings
        if not text.translate({10: None, 8: None, 0xA0: None, 0x202F: None}).isprintable()
    ] == []


@domains
def test_placeholders_are_the_same_in_both_languages(domain: str) -> None:
    assert [
        message.id
        for message in messages(domain)
        for english, french in zip(forms(message.id), forms(message.string), strict=True)
        if placeholders(english) != placeholders(french)
    ] == []


@domains
def test_the_compiled_catalogue_is_fresh(domain: str) -> None:
    # Byte by byte they differ with the date and with Babel's version, which the header names.
    with path(domain).with_suffix(".mo").open("rb") as file:
        compiled = {forms(message.id): forms(message.string) for message in read_mo(file) if message.id}

    assert compiled == {forms(message.id): forms(message.string) for message in messages(domain)}, (
        f"pybabel compile -D {domain}"
    )


def test_french_signs_stand_behind_a_space_that_does_not_break() -> None:
    translate = get_translator("fr")
    french = [translate(message.id) for message in messages("dckgrade") if isinstance(message.id, str)]
    shown = [re.sub("`[^`]*`", "", sentence) for sentence in french]

    assert [sentence for sentence in shown if re.search(r"[^\xa0\d(][;:!?»](?=\s|$)|\w'\w", sentence)] == []


def test_french_plurals_are_formed() -> None:
    ngettext = get_plural_translator("fr")

    assert [ngettext("{} day", "{} days", count) for count in (0, 1, 2)] == ["{} jour", "{} jour", "{} jours"]
    assert [get_plural_translator("en")("{} day", "{} days", count) for count in (0, 1)] == [
        "{} days",
        "{} day",
    ]


def test_french_is_french_and_english_is_the_id() -> None:
    assert get_translator("fr")("passed") == "réussi"
    assert get_translator("en")("passed") == "passed"


def test_typers_own_words_are_french() -> None:
    french = gettext.translation("messages", CATALOGUES_FOLDER, ["fr"])

    assert french.gettext("Missing command.") == "Il manque une commande."


def test_trouble_is_told_in_the_language_asked_for() -> None:
    trouble = UserError(N_("There is no folder {path}."), N_("Make it first."), path="x")

    assert trouble.translate_sentences("fr") == ["Il n’y a pas de dossier x.", "Créez-le d’abord."]
    assert str(trouble) == "There is no folder x. Make it first."
