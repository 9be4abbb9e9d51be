"""Sentences about verdicts, mismatches and scores, in both languages."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from dckgrade.probes.base import Probe
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.render.text import messages
from dckgrade.report.observation import EngineInfo, UnobservableReason
from dckgrade.report.result import Mismatch, Reason, Score, Verdict
from dckgrade.report.text import Text
from tests.support.rendering import render_to_bytes
from tests.support.reports import HOSTILE, Lang, make_check, make_eventful_report, make_report, plant_text

DEMANDS: list[tuple[Any, str, str]] = [
    ("running", "running", "running"),
    (True, "oui", "yes"),
    ({"equals": 3}, "3", "3"),
    ({"one-of": ["a", "b", "c"]}, "a, b ou c", "a, b or c"),
    ({"one-of": ["a"]}, "a", "a"),
    ({"one-of": []}, "", ""),
    ({"at-least": 1}, "au moins 1", "at least 1"),
    ({"at-least": 1, "at-most": 2}, "au moins 1 et au plus 2", "at least 1 and at most 2"),
    ({"matches": "^a b"}, "un texte qui correspond à « ^a b »", "a text that matches “^a b”"),
    ({"contains": "x"}, "quelque chose qui contient x", "something that contains x"),
    ({"present": True}, "une valeur", "a value"),
    ({"present": False}, "aucune valeur", "no value"),
    ({"not": {"equals": "root"}}, "tout sauf root", "anything but root"),
    (
        {"any": {"resembles": "A"}},
        "au moins un : une faute de frappe sur A",
        "at least one of them: something like A, misspelt",
    ),
    (
        {"every": {"contains": "a"}},
        "tous : quelque chose qui contient a",
        "all of them: something that contains a",
    ),
    ({"count": 2}, "2 en tout", "2 of them"),
    ({"count": 0}, "aucun", "none"),
    ({"count": {"at-least": 1}}, "au moins 1 en tout", "at least 1 of them"),
    ({"not": {"any": {"not": "a"}}}, "tous : a", "all of them: a"),
    (
        {"any": {"where": {"named": True, "type": "volume"}}},
        "au moins un : named = oui, type = volume",
        "at least one of them: named = yes, type = volume",
    ),
    ({"new-demand": 1}, "1", "1"),
]
VALUES: list[tuple[Any, str, str]] = [
    ("exited", "exited", "exited"),
    ("two words", "« two words »", "“two words”"),
    ("", "un texte vide", "an empty text"),
    (None, "aucune valeur", "no value"),
    (False, "non", "no"),
    (0, "0", "0"),
    (1.5, "1.5", "1.5"),
    ([], "une liste vide", "an empty list"),
    (["a", 1, None], "a, 1, null", "a, 1, null"),
    ([{"named": False}], "{named: false}", "{named: false}"),
]
CODES = (
    *UnobservableReason,
    "requires-unknown",
    "not-chosen",
    "passive",
    "starting",
    "environment",
    "not-recorded",
    "not-reached",
)


@pytest.mark.parametrize(("wanted", "french", "english"), DEMANDS)
def test_a_miss_says_what_was_expected(wanted: Any, french: str, english: str) -> None:
    miss = Mismatch("fact", wanted, 7)

    assert (
        messages.describe_mismatch(miss, "", "fr").replace("\xa0", " ")
        == f"fact : attendu {french}, trouvé 7"
    )
    assert messages.describe_mismatch(miss, "", "en") == f"fact: expected {english}, found 7"


@pytest.mark.parametrize(("found", "french", "english"), VALUES)
def test_a_miss_says_what_was_found(found: Any, french: str, english: str) -> None:
    miss = Mismatch("fact", 7, found)

    assert (
        messages.describe_mismatch(miss, "", "fr").replace("\xa0", " ")
        == f"fact : attendu 7, trouvé {french}"
    )
    assert messages.describe_mismatch(miss, "", "en") == f"fact: expected 7, found {english}"


def test_an_absent_subject_is_said_in_words() -> None:
    absent = Mismatch("container", {"present": True}, None)

    assert messages.describe_mismatch(absent, "", "fr") == "aucun conteneur de ce nom n'a été trouvé"
    assert messages.describe_mismatch(absent, "", "en") == "no container of that name was found"


def test_an_absent_subject_of_a_new_kind_is_said_all_the_same() -> None:
    absent = Mismatch("secret", {"present": True}, None)

    assert messages.describe_mismatch(absent, "", "en") == "secret: expected a value, found no value"


def test_a_long_value_is_shortened() -> None:
    assert len(messages.describe_mismatch(Mismatch("fact", "x" * 5000, ["y" * 5000] * 50), "", "en")) < 300


class LabelledProbe(Probe, frozen=True, kw_only=True, tag="labelled"):
    """A kind of which one fact has a label."""

    labels: ClassVar[Mapping[str, Text]] = {"version": Text(fr="version du service", en="service version")}


@pytest.fixture
def labelled_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "find_kind", {"labelled": LabelledProbe}.get)


@pytest.mark.usefixtures("labelled_kind")
@pytest.mark.parametrize(
    ("kind", "fact", "french", "english"),
    [
        ("labelled", "version", "version du service", "service version"),
        ("labelled", "status", "status", "status"),
        ("another", "version", "version", "version"),
        ("", "version", "version", "version"),
    ],
    ids=["fact with a label", "fact without one", "kind that is not known", "no observation"],
)
def test_a_fact_is_called_by_its_label_else_by_its_name(
    kind: str, fact: str, french: str, english: str
) -> None:
    observations = [f"{kind} name=a container=b"] if kind else []
    failed = make_check("x", Verdict.FAILED, misses=[Mismatch(fact, 2, 1)], observations=observations)

    assert messages.describe_mismatches(failed, "en") == [f"{english}: expected 2, found 1"]
    (sentence,) = messages.describe_mismatches(failed, "fr")
    assert sentence.replace("\xa0", " ") == f"{french} : attendu 2, trouvé 1"


@pytest.mark.usefixtures("labelled_kind")
def test_what_was_found_is_made_visible_beside_a_label_too() -> None:
    hostile = Mismatch("version", {"equals": "\x1b[2J"}, "\u202e")

    sentence = messages.describe_mismatch(hostile, "labelled", "en")

    assert sentence == "service version: expected \\x1b[2J, found \\u202e"


@pytest.mark.usefixtures("labelled_kind")
def test_a_report_in_json_keeps_the_names_of_facts() -> None:
    failed = make_check("x", Verdict.FAILED, misses=[Mismatch("version", 2, 1)], observations=["labelled"])

    assert b'"fact": "version"' in formats.get_format("json").encode(
        DocumentKind.REPORT, [make_report(failed)]
    )


def test_facts_of_real_kinds_are_labelled_in_every_format_that_people_read() -> None:
    failed = make_check(
        "x",
        Verdict.FAILED,
        misses=[Mismatch("answers", wanted=True, found=False)],
        observations=["grafana name=g"],
    )

    for name in ("text", "html", "md", "junit", "tap", "github", "gradescope"):
        made = render_to_bytes(name, DocumentKind.REPORT, [make_report(failed)]).decode()
        assert "Grafana answers: expected yes, found no" in made.replace("\\", ""), name


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_sentence_of_a_hostile_report_is_visible(text: str) -> None:
    shown = plant_text(make_eventful_report("fr"), text)
    sentences = [
        messages.describe_engine(shown),
        messages.describe_score(shown.score, shown.lang),
        *messages.list_next_steps(shown),
        *(messages.describe_blockers(line, shown) for line in shown.checks),
        *(sentence for check in shown.checks for sentence in messages.describe_mismatches(check, "fr")),
        *(messages.describe_reason(line.reason, "fr") for line in shown.checks if line.reason),
        *(messages.sanitize_prose(line.title, "fr") for line in shown.checks),
    ]

    assert all(sentence.replace("\xa0", " ").isprintable() for sentence in sentences)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_reason_has_a_sentence(code: str, lang: Lang) -> None:
    sentence = messages.describe_reason(Reason(code=code, detail="the detail"), lang)

    assert not sentence.startswith(code)
    assert "the detail" in sentence
    assert sentence.endswith(".")


def test_reasons_are_translated() -> None:
    for code in messages.REASON_MESSAGES:
        reason = Reason(code=code)
        assert messages.describe_reason(reason, "fr") != messages.describe_reason(reason, "en")


def test_a_reason_of_a_newer_dckgrade_is_shown_as_its_code() -> None:
    assert messages.describe_reason(Reason(code="new-code", detail="why"), "fr") == "new-code: why"


@pytest.mark.parametrize(
    ("score", "written"),
    [
        (Score(earned=7, possible=10, undecided=0), "7/10"),
        (Score(earned=5, possible=10, undecided=2), "5\N{EN DASH}7/10"),
        (Score(earned=0, possible=0, undecided=0), "0/0"),
    ],
)
def test_a_score_is_a_range_while_points_are_undecided(score: Score, written: str) -> None:
    assert messages.format_score(score) == written


def test_the_engine_is_named_with_what_is_known_of_it() -> None:
    full = EngineInfo(endpoint="tcp://e:2375", version="28", api="1.51", rootless=True, name="vm")

    assert (
        messages.describe_engine(make_report(engine=full))
        == "tcp://e:2375 — vm, Docker 28, API 1.51, rootless"
    )


def test_an_engine_newer_than_tested_is_noted_as_such() -> None:
    newer = EngineInfo(endpoint="tcp://e:2375", version="30", api="1.56", untested_api="1.60")
    sentence = messages.describe_engine(make_report(engine=newer))
    assert sentence == "tcp://e:2375 — Docker 30, API 1.56, not tested with its API 1.60"


def test_an_engine_that_does_not_answer_is_named_all_the_same() -> None:
    silent = make_report(engine=EngineInfo(endpoint="tcp://e:2375"), lang="fr")

    assert messages.describe_engine(silent) == "tcp://e:2375 — pas de réponse"


def test_what_is_held_up_names_what_holds_it_by_title() -> None:
    waits = make_check("waits", Verdict.BLOCKED, blocked_by=["fails", "gone"])

    sentence = messages.describe_blockers(waits, make_report(make_check("fails", Verdict.FAILED), waits))

    assert sentence == "Waits for “Title of fails”, “gone”."


def test_the_first_step_is_the_cause_of_the_others() -> None:
    late, cause = (
        make_check("late", Verdict.BLOCKED, blocked_by=["cause"]),
        make_check("cause", Verdict.FAILED),
    )

    (step,) = messages.list_next_steps(make_report(late, cause))

    assert step == "Begin with “Title of cause”, then run again: `dckgrade tp9`"


def test_an_engine_out_of_reach_is_the_only_step() -> None:
    dark = make_check("dark", Verdict.UNKNOWN, reason=Reason(code=UnobservableReason.ENGINE_OUT_OF_REACH))

    assert messages.list_next_steps(make_report(make_check("fails", Verdict.FAILED), dark)) == [
        "Start the engine or name the right one, then run again: `dckgrade tp9`"
    ]


def test_waiting_trainers_and_skipped_checks_are_steps_of_their_own() -> None:
    steps = messages.list_next_steps(
        make_report(
            make_check("slow", Verdict.UNKNOWN, reason=Reason(code="starting")),
            make_check("dark", Verdict.UNKNOWN, reason=Reason(code="environment")),
            make_check("left", Verdict.SKIPPED, reason=Reason(code="passive")),
        )
    )

    assert [step.split()[0] for step in steps] == ["Wait", "Undecided", "To"]


def test_while_something_starts_nobody_is_sent_to_the_trainer() -> None:
    starting = make_check("slow", Verdict.UNKNOWN, reason=Reason(code="starting"))
    waits = make_check("later", Verdict.UNKNOWN, blocked_by=["slow"], reason=Reason(code="requires-unknown"))
    report = make_report(starting, waits, starting=["slow"], complete=False)

    assert messages.list_next_steps(report) == ["Wait a few seconds, then run again: `dckgrade tp9`"]
    assert messages.list_next_steps(report, watched=True) == ["Wait a few seconds."]
    assert "starting" in messages.describe_incompleteness(report)
    assert not any(
        "time was up" in messages.describe_reason(line.reason, "en") for line in report.checks if line.reason
    )


def test_a_watched_report_tells_where_to_begin_alone() -> None:
    dark = make_check("dark", Verdict.UNKNOWN, reason=Reason(code="environment"))
    report = make_report(make_check("fails", Verdict.FAILED), dark)

    assert messages.list_next_steps(report, watched=True) == ["Begin with “Title of fails”."]
    assert messages.list_next_steps(make_report(dark), watched=True) == []


@pytest.mark.parametrize("reason", ["not-reached", UnobservableReason.DEADLINE])
def test_a_report_that_was_cut_off_says_that_the_time_was_up(reason: str) -> None:
    cut = make_check("late", Verdict.UNKNOWN, reason=Reason(code=reason))
    starting = make_check("slow", Verdict.UNKNOWN, reason=Reason(code="starting"))
    assert "time was up" in messages.describe_incompleteness(make_report(cut, complete=False))
    both = make_report(cut, starting, complete=False, starting=["slow"])
    assert "time was up" in messages.describe_incompleteness(both)
    assert messages.describe_incompleteness(make_report(make_check())) == ""


def test_a_report_without_any_check_is_no_success() -> None:
    assert messages.list_next_steps(make_report()) != messages.list_next_steps(make_report(make_check()))


def test_french_signs_hold_on_to_their_word_except_in_code() -> None:
    assert messages.sanitize_prose("Quoi ? « a » ; `a ; b`", "fr") == "Quoi\xa0? «\xa0a\xa0»\xa0; `a ; b`"
    assert messages.sanitize_prose("a ; b", "en") == "a ; b"
