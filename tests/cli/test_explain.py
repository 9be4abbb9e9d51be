"""`dckgrade explain` and the ladder of hints: whatever a lab can name is explained in both languages."""

import re
from collections import Counter
from pathlib import Path

import pytest

from dckgrade.i18n import Lang
from dckgrade.lab.catalogue import KnownMistake, collect_mistakes
from dckgrade.lab.discovery import list_lab_paths
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import PLACEHOLDER_PATTERN
from tests.conftest import FIXTURES
from tests.support.cli_runner import dckgrade

LABS = {name: load_lab(path).lab for name, path in list_lab_paths().items()}
KNOWN = collect_mistakes(LABS.values())
every_lab = pytest.mark.parametrize("lab", LABS)
every_code = pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)


@every_lab
def test_every_code_that_a_lab_can_name_is_written_in_full_once(lab: str) -> None:
    codes = {diagnosis.code for diagnosis in LABS[lab].list_diagnoses()}
    full = Counter(diagnosis.code for diagnosis in LABS[lab].list_diagnoses() if diagnosis.message)
    assert codes == set(full)
    assert set(full.values()) == {1}


def test_no_code_means_two_things() -> None:
    assert len(KNOWN) == sum(len(collect_mistakes([lab])) for lab in LABS.values())


@every_code
def test_a_code_has_its_name_a_hint_the_concept_and_the_documentation(known: KnownMistake) -> None:
    diagnosis = known.diagnosis
    assert diagnosis.name
    assert diagnosis.hint
    assert diagnosis.why, "why it happens: `why:`"
    assert diagnosis.source, "where the documentation is: `source:`"
    assert known.checks


@every_code
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_concept_stands_for_everybody_and_repeats_nothing(known: KnownMistake, lang: Lang) -> None:
    diagnosis = known.diagnosis
    assert diagnosis.why
    assert diagnosis.hint
    assert diagnosis.message
    texts = [text.in_language(lang) for text in (diagnosis.message, diagnosis.hint, diagnosis.why)]
    assert len(set(texts)) == len(texts)
    assert not PLACEHOLDER_PATTERN.search(diagnosis.why.in_language(lang)), "`explain` knows no facts"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_explain_says_what_is_seen_why_where_to_look_and_what_to_read(lang: str) -> None:
    shown = dckgrade("explain", "SC-05", "--lang", lang).stdout.decode()
    headings = {
        "fr": ["Ce qui a été observé", "Pourquoi", "Piste", "Voyez vous-même", "Documentation"],
        "en": ["What was seen", "Why", "Hint", "See for yourself", "Documentation"],
    }
    lines = shown.splitlines()
    places = [lines.index(heading) for heading in headings[lang]]
    assert places == sorted(places)
    assert "https://docs.docker.com/engine/security/seccomp/" in shown
    assert "{" not in shown


def test_explain_alone_lists_all_codes_by_lab() -> None:
    shown = dckgrade("explain", "--lang", "en").stdout.decode()
    assert re.findall(r"^  ([A-Z]{2,4}-\d\d)", shown, re.MULTILINE) == list(KNOWN)
    assert [line.split(" ")[0] for line in shown.splitlines() if re.match(r"[a-z]+\d — ", line)] == list(LABS)


def test_a_code_is_found_in_small_letters_and_by_its_name() -> None:
    by_code, small, name = (
        dckgrade("explain", typed, "--lang", "en").stdout for typed in ("ST-01", "st-01", "no-password")
    )
    assert by_code == small == name
    assert by_code


RECORDING = str(FIXTURES / "tp5" / "mistakes" / "no-password" / "recording.json")


def test_each_rung_of_hints_adds_one_help_and_none_gives_none() -> None:
    rungs = [
        dckgrade("judge", RECORDING, "--lang", "en", "--hints", str(at)).stdout.decode() for at in range(4)
    ]
    labels = ("Hint:", "Why:", "Documentation:")
    assert [[label in shown for label in labels] for shown in rungs] == [
        [False, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_the_page_links_to_the_same_documentation_and_folds_the_same_words(tmp_path: Path) -> None:
    dckgrade("judge", RECORDING, "--lang", "en", "-o", str(tmp_path / "r.html"))
    shown = (tmp_path / "r.html").read_text(encoding="utf-8")
    diagnosis = KNOWN["ST-01"].diagnosis
    assert f'href="{diagnosis.source}"' in shown
    assert diagnosis.why
    assert diagnosis.why.en.split("'")[0] in shown
    assert "<summary>Explained" in shown
