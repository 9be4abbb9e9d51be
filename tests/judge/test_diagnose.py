"""Which mistake is named, in which words, and what must be looked at to know it."""

from typing import Any

import pytest

from dckgrade.judge.diagnose import format_fact, make_quotation
from dckgrade.judge.judge import find_unsettled_checks, judge_recording, list_further_probes
from dckgrade.probes.base import observation_key
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.result import Quotation, Verdict
from tests.support.recorded_facts import GONE, LATE, check, lab, line, mistake, recording, seen

DIAGNOSES = "    diagnoses:\n"
LOG = "container-log container=web"


def code(judged: str, observed: dict[str, Observation]) -> str | None:
    """Judge the first check, and give the code of the mistake."""
    diagnosis = line(lab(judged), recording(observed), "web").diagnosis
    return diagnosis.code if diagnosis else None


def also(when: str, container: str = "web", kind: str = "container-log") -> str:
    """Write a further observation of a mistake."""
    return f"          - observe: {{kind: {kind}, container: {container}}}\n            when: {when}\n"


def log(text: str) -> Seen:
    return Seen(kind="container-log", facts={"text": text})


def test_the_first_mistake_that_fits_is_named() -> None:
    first = mistake("AB-01", "{status: exited}") + mistake("AB-02", "{status: {not: running}}")
    assert code(check("web", more=DIAGNOSES + first), {"web": seen("exited")}) == "AB-01"
    assert code(check("web", more=DIAGNOSES + first), {"web": seen("paused")}) == "AB-02"
    assert code(check("web", more=DIAGNOSES + first), {"web": GONE}) is None
    assert code(check("web", more=DIAGNOSES + first), {"web": LATE}) is None
    assert code(check("web", more=DIAGNOSES + first), {"web": seen()}) is None


def test_of_a_list_of_conditions_one_is_enough() -> None:
    either = check(
        "web", more=DIAGNOSES + mistake("AB-01", "[{status: dead}, {status: exited, exit_code: 1}]")
    )
    assert code(either, {"web": seen("dead")}) == "AB-01"
    assert code(either, {"web": seen("exited", exit_code=1)}) == "AB-01"
    assert code(either, {"web": seen("exited", exit_code=0)}) is None


def test_a_mistake_can_be_that_the_thing_is_not_there() -> None:
    gone = check("web", more=DIAGNOSES + mistake("AB-01", "absent"))
    assert code(gone, {"web": GONE}) == "AB-01"
    assert code(gone, {"web": seen("exited")}) is None


def test_a_code_alone_refers_to_the_mistake_written_in_full_before_or_after() -> None:
    full = check("one", more=DIAGNOSES + mistake("AB-01", "{status: exited}"))
    bare = check("two", more=DIAGNOSES + "      - code: AB-01\n")
    for order in ([full, bare], [bare, full]):
        judged = lab(*order)
        named = line(judged, recording({"one": seen(), "two": seen("exited")}), "two").diagnosis
        assert named is not None
        assert (named.code, named.name, named.message) == ("AB-01", "mistake-ab-01", "message")


def test_the_words_are_those_of_the_language_with_the_facts_filled_in() -> None:
    text = mistake("AB-01", "{status: exited}").replace(
        "{fr: message, en: message}",
        '{fr: "« {name} » : {command}, {health}, {exit_code}", en: "“{name}” {{.Name}} {stable}"}',
    )
    judged = lab(check("web", more=DIAGNOSES + text))
    facts = recording({"web": seen("exited", name="x" * 200, command=["a", "b"], health=None, exit_code=1)})
    french, english = (judge_recording(judged, facts, lang)[0].diagnosis for lang in ("fr", "en"))
    assert french is not None
    assert english is not None
    assert french.message == f"«\xa0{'x' * 160}…\xa0»\xa0: a, b, ?, 1"
    assert english.message == f"“{'x' * 160}…” {{{{.Name}}}} ?"
    assert (french.hint, english.hint) == ("piste", "hint")


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ([], "none"),
        (["CAP_A", "CAP_B"], "CAP_A, CAP_B"),
        (["x" * 90, "y" * 90], "x" * 90 + "…"),
        ("word " * 40, "word " * 31 + "word…"),
        ("x" * 200, "x" * 160 + "…"),
    ],
)
def test_a_long_fact_is_cut_between_two_words_and_that_is_shown(found: Any, shown: str) -> None:
    assert format_fact(found, "en") == shown


def test_what_a_fact_says_is_not_filled_in_again() -> None:
    text = mistake("AB-01", "{status: exited}").replace("en: message", 'en: "{name}"')
    named = line(
        lab(check("web", more=DIAGNOSES + text)), recording({"web": seen("exited", name="{id}")}), "web"
    )
    assert named.diagnosis is not None
    assert named.diagnosis.message == "{id}"


def test_what_was_seen_further_is_filled_in_where_the_check_itself_has_no_such_fact() -> None:
    text = mistake("AB-01", "{status: exited}", "        also:\n" + also("{text: a}"))
    text = text.replace("en: message", 'en: "{status}, {text}"')
    seen_both = {"web": seen("exited"), LOG: log("a")}
    named = line(lab(check("web", more=DIAGNOSES + text)), recording(seen_both), "web").diagnosis
    assert named is not None
    assert named.message == "exited, a"


TWO = DIAGNOSES + (
    mistake("AB-01", "{status: exited}", "        also:\n" + also("{text: a}") + also("{text: b}", "other"))
    + mistake("AB-02", "{status: exited}", "        also:\n" + also("{text: c}", "third"))
    + mistake("AB-03", "{status: {not: running}}")
)


def test_further_observations_are_asked_for_one_at_a_time_and_only_when_they_are_needed() -> None:
    judged = lab(check("web", more=TWO))

    def asked(observed: dict[str, Observation]) -> list[str]:
        return [observation_key(probe) for probe in list_further_probes(judged, recording(observed))]

    other, third = "container-log container=other", "container-log container=third"
    exited: dict[str, Observation] = {"web": seen("exited")}
    assert asked({"web": seen()}) == []
    assert asked({"web": LATE}) == []
    assert asked({"web": GONE}) == []
    assert asked({"web": seen("paused")}) == []
    assert asked(exited) == [LOG]
    assert asked({**exited, LOG: log("a")}) == [other]
    assert asked({**exited, LOG: log("a"), other: log("b")}) == []
    assert asked({**exited, LOG: log("a"), other: log("x")}) == [third]
    assert asked({**exited, LOG: log("x")}) == [third]
    assert asked({**exited, LOG: Absent(kind="container-log"), third: log("x")}) == []


def test_a_mistake_fits_when_all_its_further_observations_do() -> None:
    judged = check("web", more=TWO)
    exited: dict[str, Observation] = {"web": seen("exited")}
    assert code(judged, exited) == "AB-03"
    assert code(judged, {**exited, LOG: log("a"), "container-log container=other": log("b")}) == "AB-01"
    assert code(judged, {**exited, LOG: log("x"), "container-log container=third": log("c")}) == "AB-02"


def test_what_passive_forbids_is_not_asked_for_and_what_comes_after_is() -> None:
    knock = mistake(
        "AB-01", "{status: exited}", "        also:\n" + also("{accepts: false}", kind="postgres")
    )
    read = mistake("AB-02", "{status: exited}", "        also:\n" + also("{text: a}"))
    judged = lab(check("web", more=DIAGNOSES + knock + read))
    observed: dict[str, Observation] = {"web": seen("exited")}
    active = list_further_probes(judged, recording(observed))
    assert [observation_key(probe) for probe in active] == ["postgres container=web port=5432"]
    passive = list_further_probes(judged, recording(observed, passive=True))
    assert [observation_key(probe) for probe in passive] == [LOG]


def test_a_pass_gets_every_remark_that_fits_and_asks_for_all_that_they_need() -> None:
    remarks = (
        mistake("AB-01", "{status: running}")
        + mistake("AB-02", "{status: running}", "        also:\n" + also("{text: a}"))
        + mistake("AB-03", "{status: running}", "        also:\n" + also("absent", "other"))
    )
    judged = lab(check("web", more=f"    remarks:\n{remarks}"))
    bare = recording({"web": seen()})
    other = "container-log container=other"
    assert [remark.code for remark in line(judged, bare, "web").remarks] == ["AB-01"]
    assert [observation_key(probe) for probe in list_further_probes(judged, bare)] == [LOG, other]
    full = recording({"web": seen(), LOG: log("a"), other: Absent(kind="container-log")})
    assert [remark.code for remark in line(judged, full, "web").remarks] == ["AB-01", "AB-02", "AB-03"]
    assert list_further_probes(judged, full) == []
    failed = line(judged, recording({"web": seen("exited")}), "web")
    assert (failed.verdict, failed.remarks, failed.diagnosis) == (Verdict.FAILED, [], None)


def test_time_may_mend_what_has_no_lasting_name() -> None:
    named = mistake("AB-01", "{status: exited}") + mistake(
        "AB-02", "{status: paused}", "        transient: true\n"
    )
    judged = lab(check("web", more=DIAGNOSES + named), check("page", requires=["web"]))
    for status, expected in (
        ("exited", set()),
        ("paused", {"web"}),
        ("created", {"web"}),
        ("running", {"page"}),
    ):
        assert find_unsettled_checks(judged, recording({"web": seen(status), "page": GONE})) == expected, (
            status
        )
    assert find_unsettled_checks(judged, recording({"web": LATE})) == set()


def test_a_diagnosis_that_quotes_brings_the_program_s_own_words() -> None:
    facts = {"program": "nginx", "text": "no port given", "place": "docker logs web"}
    quoting = mistake("AB-90", "{status: exited}", "        quotes: true\n        also:\n")
    quoting += "          - observe: {kind: container-error, name: web}\n            when: {program: nginx}\n"
    judged = lab(check("web", more=DIAGNOSES + quoting))
    recorded = recording(
        {"web": seen("exited"), "container-error name=web": Seen(kind="container-error", facts=facts)}
    )
    named = line(judged, recorded, "web").diagnosis
    assert named is not None
    assert named.quotation == Quotation(**facts)


def test_the_line_of_the_log_by_which_the_mistake_was_told_is_quoted() -> None:
    told = mistake("AB-01", "{log_tail: {matches: 'superuser|error: \\S'}}")
    judged = lab(check("web", more=DIAGNOSES + told))
    facts = seen("exited", name="db", log_tail="starting\n  no superuser password\nerror: x", error="")
    named = line(judged, recording({"web": facts}), "web").diagnosis
    assert named is not None
    assert named.quotation == Quotation(program="db", text="no superuser password", place="docker logs db")


def test_the_engine_s_error_by_which_the_mistake_was_told_is_quoted_unless_the_message_has_it() -> None:
    facts = recording({"web": seen("created", name="db", error="port is already allocated")})
    told = mistake("AB-01", "{error: {matches: already}}")
    named, repeated = (
        line(lab(check("web", more=DIAGNOSES + text)), facts, "web").diagnosis
        for text in (told, told.replace("fr: message, en: message", 'fr: "{error}", en: "{error}"'))
    )
    assert named is not None
    assert named.quotation
    assert (named.quotation.program, named.quotation.place) == ("Docker", "docker inspect db")
    assert repeated is not None
    assert repeated.quotation is None


def test_where_the_program_said_nothing_nothing_is_quoted() -> None:
    silent = Seen(
        kind="container-error", facts={"program": "nginx", "text": None, "place": "docker logs web"}
    )
    assert make_quotation([seen("exited"), None, GONE, silent]) is None
    long = Seen(kind="container-error", facts={"program": "nginx", "text": "x" * 999})
    assert make_quotation([silent, long]) == Quotation(program="nginx", text="x" * 300, place="")


def test_a_term_of_our_own_is_told_in_the_words_of_its_kind_and_one_of_dockers_stays() -> None:
    text = mistake("AB-01", "{found_by: near-miss}").replace("fr: message", 'fr: "{status}, {found_by}"')
    judged = lab(check("web", more=DIAGNOSES + text))
    named = judge_recording(judged, recording({"web": seen("exited", found_by="near-miss")}), "fr")[
        0
    ].diagnosis
    assert named is not None
    assert named.message.startswith("exited, ")
    assert "near-miss" not in named.message
