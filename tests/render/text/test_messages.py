"""Sentences about verdicts, mismatches and scores, in both languages."""

import pytest

from dckgrade.render.text import messages
from dckgrade.render.text.mismatches import describe_mismatches
from dckgrade.report.observation import EngineInfo, UnobservableReason
from dckgrade.report.result import Reason, Score, Verdict
from tests.support.reports import HOSTILE, Lang, make_check, make_eventful_report, make_report, plant_text

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


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_every_sentence_of_a_hostile_report_is_visible(text: str) -> None:
    shown = plant_text(make_eventful_report("fr"), text)
    sentences = [
        messages.describe_engine(shown),
        messages.describe_score(shown.score, shown.lang),
        *messages.list_next_steps(shown),
        *(messages.describe_blockers(line, shown) for line in shown.checks),
        *(sentence for check in shown.checks for sentence in describe_mismatches(check, shown)),
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


@pytest.mark.parametrize(
    "error",
    [
        "HTTP 500 openat var/run/docker.sock: path escapes from parent",
        "HTTP 500 mkdirat var/run: file exists",
    ],
)
def test_a_known_fault_of_the_engine_s_release_is_told_with_the_releases_that_have_it_mended(
    error: str,
) -> None:
    sentence = messages.describe_reason(Reason(code="engine-error", detail=error), "fr")
    assert sentence.startswith(f"Le moteur a répondu par une erreur interne ({error}). ")
    assert sentence.endswith("les versions 29.5.2 et 29.7.1 sont corrigées.")


def test_an_error_of_the_engine_s_that_nobody_knows_is_told_alone() -> None:
    sentence = messages.describe_reason(Reason(code="engine-error", detail="HTTP 500 file exists"), "en")
    assert sentence == "The engine answered with an error of its own (HTTP 500 file exists)."
