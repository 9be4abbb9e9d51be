"""What the parser of the command line refuses is said in the user's language, with what would be right."""

import pytest

from dckgrade.cli.usage_errors import translate_parser_message
from tests.support.cli_runner import dckgrade

REFUSALS = [
    (("tp5", "-f", "html"), "-f / --format : html ne convient pas ; valeurs possibles : text, json"),
    (("tp5", "--hints", "beaucoup"), "--hints : beaucoup n’est pas un nombre entier."),
    (("tp5", "--hints", "7"), "--hints : 7 ne convient pas : il faut un nombre de 0 à 3."),
    (("tp5", "--timeout", "x"), "--timeout : x n’est pas un nombre."),
    (("tp5", "--watch=1"), "--watch n’attend pas de valeur."),
    (("explain", "A", "B"), "Mots en trop : B."),
    (("tp5", "-o"), "-o attend une valeur."),
    (("tp5", "--tiemout", "3"), "Il n’y a pas d’option --tiemout. Vouliez-vous dire --timeout ?"),
    (("sheet",), "Il manque TP."),
]


@pytest.mark.parametrize(("arguments", "french"), REFUSALS, ids=[" ".join(words) for words, _ in REFUSALS])
def test_a_refusal_is_said_in_french(arguments: tuple[str, ...], french: str) -> None:
    done = dckgrade("--lang", "fr", *arguments)

    said = done.stderr.decode().replace("\xa0", " ")
    assert done.returncode == 2
    assert said.startswith(french)
    assert "Toutes les options : `dckgrade" in said


def test_a_format_for_files_alone_is_named_with_its_option() -> None:
    done = dckgrade("--lang", "en", "tp5", "-f", "html")

    assert "For a file: -o report.html." in done.stderr.decode()


def test_what_the_parser_says_and_nobody_knows_stays_as_it_is() -> None:
    assert translate_parser_message("Something new.", "fr") == "Something new."


def test_help_is_french_to_its_last_word() -> None:
    done = dckgrade("--lang", "fr", "tp5", "--help")

    said = done.stdout.decode()
    assert said.startswith("Utilisation\xa0: ")
    assert not {"Usage", "DIR", "SECONDS", "<=", "<int"} & {*said.replace("<=", " <= ").split()}
    assert "Options\xa0:" in said
