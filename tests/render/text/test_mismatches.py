"""A mismatch is told as a person would: the words of the kind, units, no pattern and no list in brackets."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from dckgrade.lab.discovery import find_builtin_folder
from dckgrade.lab.load import load_lab
from dckgrade.probes.base import Probe, kind_of
from dckgrade.probes.registry import find_kind
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.render.text import mismatches
from dckgrade.render.text.mismatches import describe_mismatch, describe_mismatches, read_observation
from dckgrade.report.observation import Seen
from dckgrade.report.result import Mismatch, Verdict
from dckgrade.report.text import Text
from tests.support.rendering import render_to_bytes
from tests.support.reports import make_check, make_report

DEMANDS: list[tuple[Any, str, str]] = [
    ("running", "running", "running"),
    ({"equals": 3}, "3", "3"),
    ({"one-of": ["a", "b", "c"]}, "a, b ou c", "a, b or c"),
    ({"one-of": ["a", "a"]}, "a", "a"),
    ({"one-of": []}, "", ""),
    ({"at-least": 1}, "au moins 1", "at least 1"),
    ({"at-least": 1, "at-most": 2}, "de 1 à 2", "1 to 2"),
    ({"at-least": 0.499, "at-most": 0.501}, "environ 0,5", "about 0.5"),
    ({"at-least": 1, "present": True}, "au moins 1", "at least 1"),
    ({"at-least": 1, "not": 3}, "au moins 1 et autre que 3", "at least 1 and other than 3"),
    ({"matches": "^a b"}, "un texte qui commence par «\xa0a b\xa0»", "a text that begins with “a b”"),
    ({"matches": r"(^|/)a\.txt$"}, "un texte qui finit par a.txt", "a text that ends with a.txt"),
    ({"matches": "^1[.]17([.]|$)"}, "un texte qui commence par 1.17", "a text that begins with 1.17"),
    ({"matches": "^a$"}, "un texte qui est a", "a text that is a"),
    ({"contains": "x"}, "quelque chose qui contient x", "something that contains x"),
    ({"not": {"equals": "root"}}, "autre que root", "other than root"),
    ({"any": {"resembles": "A"}}, "au moins un A mal écrit", "at least one a misspelling of A"),
    ({"every": "a"}, "seulement a", "only a"),
    ({"not": {"any": {"not": "a"}}}, "seulement a", "only a"),
    ({"not": {"every": {"not": "a"}}}, "au moins un a", "at least one a"),
    (
        {"any": {"matches": "(^|[_-])front$"}},
        "au moins un qui finit par front",
        "at least one that ends with front",
    ),
    ({"count": 2}, "2", "2"),
    ({"count": 0}, "aucun", "none"),
    ({"count": {"at-least": 1}}, "au moins 1", "at least 1"),
    (
        {"any": {"where": {"named": True, "type": "v"}}},
        "au moins un named = oui, type = v",
        "at least one named = yes, type = v",
    ),
    ({"new-demand": 1}, "1", "1"),
]
VALUES: list[tuple[Any, str, str]] = [
    ("exited", "exited", "exited"),
    ("two words", "«\xa0two words\xa0»", "“two words”"),
    ("", "vide", "empty"),
    (None, "rien", "nothing"),
    (False, "non", "no"),
    (0, "0", "0"),
    (1.5, "1,5", "1.5"),
    ([], "aucun", "none"),
    (["a", 1, None], "a, 1, null", "a, 1, null"),
    ([{"named": False}], "{named: false}", "{named: false}"),
    ({"a": 1}, "{a: 1}", "{a: 1}"),
    ({}, "aucun", "none"),
    (["x" * 60, "y" * 60, "z"], "x" * 60 + " et 2 autres", "x" * 60 + " and 2 others"),
    ("a1b2" * 16, "a1b2a1b2a1b2", "a1b2a1b2a1b2"),
    (10**400, str(10**400), str(10**400)),
    (float("inf"), "inf", "inf"),
]


class LabelledFacts(Struct, frozen=True, kw_only=True):
    """Facts of a kind of which some have words."""

    version: str
    mode: str
    open: bool
    free_bytes: int
    used: int


class LabelledProbe(Probe, frozen=True, kw_only=True, tag="labelled"):
    """A kind with words."""

    facts: ClassVar[type[Struct]] = LabelledFacts
    absent: ClassVar[Text] = Text(fr="aucun {asked} n'a été trouvé", en="no {asked} was found")
    labels: ClassVar[Mapping[str, Text]] = {
        "version": Text(fr="version du service", en="service version"),
        "mode": Text(fr="l'accès", en="access"),
        "free_bytes": Text(fr="place", en="room"),
        "used": Text(fr="usage", en="use"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = {
        "mode": {
            "r": Text(fr="à lire", en="to read"),
            "w": Text(fr="{version} et {asked}", en="{version}, {asked}"),
        },
        "open": {
            False: Text(fr="la porte n'est pas ouverte", en="the door is not open"),
            None: Text(
                fr="on ne sait pas si la porte est ouverte", en="whether the door is open is not known"
            ),
        },
    }
    units: ClassVar[Mapping[str, Unit]] = {"used": "nanoseconds"}


@pytest.fixture
def labelled_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mismatches, "find_kind", {"labelled": LabelledProbe}.get)


labelled = pytest.mark.usefixtures("labelled_kind")


def tell(
    fact: str, wanted: Any, found: Any, lang: str = "en", key: str = "labelled name=a", **facts: Any
) -> str:
    observed = read_observation(key, Seen(kind="labelled", facts=facts), lang)
    return describe_mismatch(Mismatch(fact, wanted, found), observed)


@pytest.mark.parametrize(("wanted", "french", "english"), DEMANDS)
def test_a_mismatch_says_what_was_asked_for(wanted: Any, french: str, english: str) -> None:
    assert tell("fact", wanted, 7, "fr", "") == f"Fact\xa0: 7\xa0; demandé\xa0: {french}"
    assert tell("fact", wanted, 7, "en", "") == f"Fact: 7; expected: {english}"


@pytest.mark.parametrize(("found", "french", "english"), VALUES)
def test_a_mismatch_says_what_was_found(found: Any, french: str, english: str) -> None:
    assert tell("fact", 7, found, "fr", "") == f"Fact\xa0: {french}\xa0; demandé\xa0: 7"
    assert tell("fact", 7, found, "en", "") == f"Fact: {english}; expected: 7"


@pytest.mark.parametrize(
    "wanted",
    [{"present": True}, {"matches": "a|b"}, {"not": {"matches": "^a"}}, {"any": {"matches": ".*"}}],
    ids=["any value", "a pattern", "no such text", "an element of a pattern"],
)
def test_what_cannot_be_said_plainly_is_not_said(wanted: Any) -> None:
    assert tell("fact", wanted, "x", "fr", "") == "Fact\xa0: x"


@labelled
def test_a_value_is_told_in_its_words_which_may_name_other_facts() -> None:
    assert tell("mode", "r", "w", "fr", version="2") == "L’accès\xa0: 2 et a\xa0; demandé\xa0: à lire"
    assert tell("mode", {"one-of": ["r", "w"]}, "x", version="2") == "Access: x; expected: to read or 2, a"
    assert tell("mode", "w", "r") == "Access: to read; expected: ?, a", "a fact that is not there"


@labelled
def test_a_truth_with_words_is_a_sentence_of_its_own() -> None:
    assert tell("open", wanted=True, found=False, lang="fr") == "La porte n’est pas ouverte"
    assert tell("open", wanted=True, found=None) == "Whether the door is open is not known"
    assert tell("open", wanted=False, found=True) == "Open: yes; expected: no", "without words"
    assert tell("shut", wanted=True, found=None) == "Shut: not known; expected: yes"


@labelled
def test_a_figure_says_its_unit() -> None:
    assert tell("free_bytes", 64 * 1024**2, 1_500_000, "fr") == "Place\xa0: 1500 ko\xa0; demandé\xa0: 64 Mio"
    assert tell("free_bytes", {"at-most": 2_000_000}, 68_077_689) == "Room: 68.1 MB; expected: at most 2 MB"
    assert tell("free_bytes", {"at-least": 1}, 0) == "Room: 0 bytes; expected: more than zero"
    assert tell("used", 2_000_000_000, 1_234_567_890, "fr") == "Usage\xa0: 1,23\xa0s\xa0; demandé\xa0: 2\xa0s"
    assert tell("free_bytes", 1, 10**30) == f"Room: {10**30}; expected: 1 byte"


@pytest.mark.parametrize(
    ("key", "fact", "french", "english"),
    [
        ("labelled", "version", "Version du service", "Service version"),
        ("labelled", "status", "Status", "Status"),
        ("another", "version", "Version", "Version"),
        ("", "version", "Version", "Version"),
    ],
    ids=["fact with a label", "fact without one", "kind that is not known", "no observation"],
)
@labelled
def test_a_fact_is_called_by_its_label_else_by_its_name(
    key: str, fact: str, french: str, english: str
) -> None:
    assert tell(fact, 2, 1, "en", key) == f"{english}: 1; expected: 2"
    assert tell(fact, 2, 1, "fr", key) == f"{french}\xa0: 1\xa0; demandé\xa0: 2"


@labelled
def test_what_was_found_is_made_visible_beside_a_label_too() -> None:
    sentence = tell("version", {"equals": "\x1b[2J"}, "\u202e")

    assert sentence == "Service version: \\u202e; expected: \\x1b[2J"
    assert tell("mode", "r", "w", version="\x1b[2J") == "Access: \\x1b[2J, a; expected: to read"


@labelled
def test_an_absent_subject_is_named() -> None:
    absent = Mismatch("labelled", {"present": True}, None)

    assert (
        describe_mismatch(absent, read_observation("labelled name=l' x other=b", None, "fr"))
        == "Aucun l' x n’a été trouvé"
    )
    assert describe_mismatch(absent, read_observation("", None, "en")) == "There is no such thing."


def test_an_absent_subject_of_a_new_kind_is_said_all_the_same() -> None:
    absent = Mismatch("secret", {"present": True}, None)

    assert describe_mismatch(absent, read_observation("", None, "en")) == "Secret: nothing"


def test_a_long_value_is_shortened() -> None:
    assert len(tell("fact", "x" * 5000, ["y" * 5000] * 50, key="")) < 300


@pytest.mark.parametrize("text", ["a", {"x": []}, [[]], 1, True], ids=str)
def test_a_truth_that_is_none_is_told_too(text: Any) -> None:
    assert tell("open", wanted=True, found=text)


def test_a_name_that_resembles_the_one_asked_for_is_shown_beside_it() -> None:
    failed = make_check(
        "x",
        Verdict.FAILED,
        misses=[Mismatch("found_by", {"one-of": ["name", "label"]}, "near-miss")],
        observations=["container name=webservers image=nginx"],
    )
    seen = Seen(kind="container", facts={"name": "webserver", "found_by": "near-miss"})
    report = make_report(failed, observations={failed.observations[0]: seen}, lang="fr")

    assert describe_mismatches(failed, report) == ["Nom trouvé\xa0: webserver\xa0; demandé\xa0: webservers"]


@labelled
def test_a_report_in_json_keeps_the_names_of_facts() -> None:
    failed = make_check("x", Verdict.FAILED, misses=[Mismatch("version", 2, 1)], observations=["labelled"])

    assert b'"fact": "version"' in formats.get_format("json").encode(
        DocumentKind.REPORT, [make_report(failed)]
    )


def test_facts_of_real_kinds_are_told_in_words_in_every_format_that_people_read() -> None:
    failed = make_check(
        "x",
        Verdict.FAILED,
        misses=[Mismatch("status", "running", "exited")],
        observations=["container name=g"],
    )

    for name in ("text", "html", "md", "junit", "tap", "github", "gradescope"):
        made = render_to_bytes(name, DocumentKind.REPORT, [make_report(failed)]).decode()
        assert "Container state: stopped (exited); expected: running" in made.replace("\\", ""), name


def test_each_truth_that_a_built_in_lab_demands_has_a_sentence_for_the_contrary() -> None:
    wordless = set()
    for path in sorted(find_builtin_folder().glob("*.yaml")):
        for check in load_lab(path).lab.checks:
            kind = find_kind(kind_of(check.observe))
            wordless |= {
                f"{kind_of(check.observe)}.{fact}"
                for fact, wanted in check.expect.items()
                if isinstance(wanted, bool) and kind and (not wanted) not in kind.words.get(fact, {})
            }
    assert wordless == set()
