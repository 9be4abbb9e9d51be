"""French is typeset by one function; what is typed, addressed or filled in stays as it is."""

import pytest

from dckgrade.report.text import Text
from dckgrade.typography import typeset

SAMPLES = [
    ("l'image n'est pas là", "l’image n’est pas là"),
    ("Quoi ? « a » ; b : c !", "Quoi\xa0? «\xa0a\xa0»\xa0; b\xa0: c\xa0!"),
    ("d'{name} et l'« image »", "d’{name} et l’«\xa0image\xa0»"),
    ("l'option `-v 'a : b'` : l'une", "l’option `-v 'a : b'`\xa0: l’une"),
    ("l'`image`", "l’`image`"),
    ("voir http://a.fr/l'x : ici", "voir http://a.fr/l'x\xa0: ici"),
    ("le port :8080 de 'x'", "le port :8080 de 'x'"),
    ("```\nl'a : b\n```\nl'une", "```\nl'a : b\n```\nl’une"),
    ("déjà\xa0: l’une", "déjà\xa0: l’une"),
]


@pytest.mark.parametrize(("written", "typeset_text"), SAMPLES, ids=range(len(SAMPLES)))
def test_french_is_typeset(written: str, typeset_text: str) -> None:
    assert typeset(written, "fr") == typeset_text
    assert typeset(typeset_text, "fr") == typeset_text, "once is enough"


@pytest.mark.parametrize("written", [written for written, _ in SAMPLES], ids=range(len(SAMPLES)))
def test_english_stays_as_it_is(written: str) -> None:
    assert typeset(written, "en") == written


def test_a_text_in_french_is_typeset_and_in_english_is_not() -> None:
    text = Text(fr="L'une : l'autre", en="it's : so")

    assert text.in_language("fr") == "L’une\xa0: l’autre"
    assert text.in_language("en") == "it's : so"
