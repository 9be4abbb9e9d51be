"""What becomes of a check: by what was seen of it, and by what it requires."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dckgrade.judge.judge import find_unsettled_checks, judge_recording
from dckgrade.probes.base import kind_of, observation_key
from dckgrade.report.observation import Absent, Observation, Recording, Seen, Unobservable, UnobservableReason
from dckgrade.report.result import Mismatch, Reason, Verdict, sum_points
from tests.support.built_in_labs import load_built_in_lab
from tests.support.recorded_facts import GONE, LATE, check, lab, line, mistake, recording, seen, verdicts

PASSED, FAILED, BLOCKED = Verdict.PASSED, Verdict.FAILED, Verdict.BLOCKED
UNKNOWN, SKIPPED = Verdict.UNKNOWN, Verdict.SKIPPED

PAIR = lab(check("web"), check("page", requires=["web"]))
DIAGNOSES = "    diagnoses:\n"
RENAMED = DIAGNOSES + mistake("AB-01", "{name: other}", "        blocks: false\n")
LIMIT = DIAGNOSES + mistake("AB-01", "{status: dead}", "        verdict: unknown\n")


def test_what_is_as_demanded_passes_and_earns() -> None:
    passed = line(PAIR, recording({"web": seen()}), "web")
    assert (passed.verdict, passed.earned, passed.misses, passed.reason) == (PASSED, 1, [], None)
    assert passed.observations == ["container name=web"]


def test_what_is_not_as_demanded_fails_and_says_what_was_found() -> None:
    failed = line(PAIR, recording({"web": seen("exited")}), "web")
    assert (failed.verdict, failed.earned) == (FAILED, 0)
    assert failed.misses == [Mismatch(fact="status", wanted="running", found="exited")]


def test_what_is_absent_fails() -> None:
    failed = line(PAIR, recording({"web": GONE}), "web")
    assert failed.verdict is FAILED
    assert failed.misses == [Mismatch(fact="container", wanted={"present": True}, found=None)]


@pytest.mark.parametrize("why", list(UnobservableReason))
def test_what_could_not_be_observed_is_unknown_and_says_why(why: UnobservableReason) -> None:
    unknown = line(PAIR, recording({"web": Unobservable(kind="container", why=why, detail="d")}), "web")
    assert (unknown.verdict, unknown.earned) == (UNKNOWN, 0)
    assert unknown.reason == Reason(code=why.value, detail="d")


@pytest.mark.parametrize(
    ("complete", "reason"),
    [(False, Reason(code="not-reached")), (True, Reason(code="not-recorded", detail="container"))],
)
def test_what_was_never_looked_at_is_unknown(*, complete: bool, reason: Reason) -> None:
    unknown = line(PAIR, replace(recording({}), complete=complete), "web")
    assert (unknown.verdict, unknown.reason, unknown.observations) == (UNKNOWN, reason, [])


def test_a_fact_that_an_older_recording_lacks_is_unknown_and_not_false() -> None:
    older = recording({"web": Seen(kind="container", facts={})})
    assert line(PAIR, older, "web").reason == Reason(code="not-recorded", detail="status")
    assert line(PAIR, older, "web").verdict is UNKNOWN


LATER_LIMIT = DIAGNOSES + mistake("AB-01", "{status: exited, oom_killed: true}", "        verdict: unknown\n")
OTHER_LIMIT = DIAGNOSES + mistake(
    "AB-01",
    "{status: exited}",
    "        also: [{observe: {kind: container, name: other}, when: absent}]\n        verdict: unknown\n",
)
NAMED = mistake("AB-02", "{status: exited}")


@pytest.mark.parametrize(
    ("diagnoses", "facts", "verdict", "reason"),
    [
        (LATER_LIMIT + NAMED, {"status": "exited"}, UNKNOWN, "oom_killed"),
        (LATER_LIMIT + NAMED, {"status": "exited", "oom_killed": False}, FAILED, None),
        (LATER_LIMIT + NAMED, {"status": "dead"}, FAILED, None),
        (OTHER_LIMIT + NAMED, {"status": "exited"}, UNKNOWN, "container"),
        (OTHER_LIMIT + NAMED, {"status": "dead"}, FAILED, None),
        (DIAGNOSES + NAMED + LATER_LIMIT.removeprefix(DIAGNOSES), {"status": "exited"}, FAILED, None),
    ],
)
def test_a_limit_that_an_older_recording_cannot_rule_out_makes_no_mistake(
    diagnoses: str, facts: dict[str, object], verdict: Verdict, reason: str | None
) -> None:
    older = recording({"web": Seen(kind="container", facts=facts)})
    judged = line(lab(check("web", more=diagnoses)), older, "web")
    assert (judged.verdict, judged.reason and judged.reason.detail) == (verdict, reason)
    assert judged.diagnosis is None or verdict is FAILED


def test_what_passive_forbids_leaves_no_limit_open() -> None:
    active = OTHER_LIMIT.replace("kind: container, name: other", "kind: apparmor-label")
    passive = replace(recording({"web": seen("exited")}), passive=True)
    assert line(lab(check("web", more=active + NAMED)), passive, "web").verdict is FAILED


def test_a_null_fact_is_there_and_misses() -> None:
    assert (
        line(PAIR, recording({"web": Seen(kind="container", facts={"status": None})}), "web").verdict
        is FAILED
    )


@pytest.mark.parametrize(
    ("web", "page", "expected"),
    [
        (seen(), seen(), {"web": PASSED, "page": PASSED}),
        (seen(), GONE, {"web": PASSED, "page": FAILED}),
        (seen("exited"), seen(), {"web": FAILED, "page": BLOCKED}),
        (seen("exited"), LATE, {"web": FAILED, "page": BLOCKED}),
        (GONE, GONE, {"web": FAILED, "page": BLOCKED}),
        (LATE, seen(), {"web": UNKNOWN, "page": UNKNOWN}),
        (LATE, GONE, {"web": UNKNOWN, "page": UNKNOWN}),
    ],
)
def test_a_check_stands_and_falls_with_what_it_requires(
    web: Observation, page: Observation, expected: dict[str, Verdict]
) -> None:
    assert verdicts(PAIR, recording({"web": web, "page": page})) == expected


def test_being_blocked_and_unknown_are_contagious_through_a_chain() -> None:
    chain = lab(check("aa"), check("bb", requires=["aa"]), check("cc", requires=["bb"]))
    rest = {"bb": seen(), "cc": seen()}
    assert verdicts(chain, recording({"aa": GONE, **rest})) == {"aa": FAILED, "bb": BLOCKED, "cc": BLOCKED}
    assert verdicts(chain, recording({"aa": LATE, **rest})) == {"aa": UNKNOWN, "bb": UNKNOWN, "cc": UNKNOWN}
    blocked = line(chain, recording({"aa": GONE, **rest}), "cc")
    assert blocked.blocked_by == ["bb"]
    unknown = line(chain, recording({"aa": LATE, **rest}), "bb")
    assert (unknown.blocked_by, unknown.reason) == (["aa"], Reason(code="requires-unknown"))


def test_a_failed_requirement_outweighs_an_unknown_one() -> None:
    both = lab(check("aa"), check("bb"), check("cc", requires=["aa", "bb"]))
    assert line(both, recording({"aa": LATE, "bb": GONE, "cc": seen()}), "cc").blocked_by == ["bb"]


@pytest.mark.parametrize(
    ("page", "expected"), [(seen(), PASSED), (seen("exited"), FAILED), (GONE, BLOCKED), (LATE, UNKNOWN)]
)
def test_a_mistake_that_blocks_nothing_lets_what_is_seen_be_judged(
    page: Observation, expected: Verdict
) -> None:
    renamed = lab(check("web", more=RENAMED), check("page", requires=["web"]))
    recorded = recording({"web": seen("exited", name="other"), "page": page})
    assert verdicts(renamed, recorded) == {"web": FAILED, "page": expected}


def test_another_failed_requirement_still_blocks() -> None:
    renamed = lab(check("web", more=RENAMED), check("db"), check("page", requires=["web", "db"]))
    recorded = recording({"web": seen("exited", name="other"), "db": GONE, "page": seen()})
    assert verdicts(renamed, recorded)["page"] is BLOCKED


EFFECT = "    settled-by:\n      - {observe: {kind: container, name: page}, when: {exit_code: 7}}\n"
BY_EFFECT = lab(
    check("web"), check("sign", requires=["web"], more=EFFECT), check("page", requires=["sign"], more=EFFECT)
)


def test_an_effect_that_was_seen_settles_a_check_whatever_signs_and_requirements_say() -> None:
    page = seen("exited", exit_code=7)
    wrong_signs: list[dict[str, Observation]] = [
        {"web": GONE, "sign": GONE},
        {"web": LATE, "sign": LATE},
        {"web": seen(), "sign": seen("dead")},
    ]
    for signs in wrong_signs:
        settled = verdicts(BY_EFFECT, recording({**signs, "page": page}))
        assert (settled["sign"], settled["page"]) == (PASSED, PASSED)
    skipped = line(BY_EFFECT, recording({"page": page}, only=["page"]), "sign")
    assert skipped.verdict is SKIPPED, "the user's choice comes first"


@pytest.mark.parametrize("page", [seen("exited", exit_code=1), GONE, LATE])
def test_without_its_effect_a_check_is_judged_by_what_else_is_seen(page: Observation) -> None:
    others = {"web": seen(), "sign": seen("dead"), "page": page}
    assert verdicts(BY_EFFECT, recording(others)) == {"web": PASSED, "sign": FAILED, "page": BLOCKED}
    others["sign"] = seen()
    assert verdicts(BY_EFFECT, recording(others))["sign"] is PASSED


def test_the_effect_is_waited_for_although_a_sign_speaks_against_it() -> None:
    signs = recording({"web": seen(), "sign": seen("dead"), "page": seen("exited", exit_code=1)})
    assert find_unsettled_checks(BY_EFFECT, signs) == {"sign", "page"}
    blocked = recording({"web": GONE, "sign": seen(), "page": seen("exited", exit_code=1)})
    assert find_unsettled_checks(BY_EFFECT, blocked) == {"web", "page"}, "not one that only looks at signs"
    unseen = recording({"web": LATE, "sign": seen(), "page": seen("exited", exit_code=1)})
    assert find_unsettled_checks(BY_EFFECT, unseen) == {"page"}


def test_what_was_still_starting_is_unknown_with_its_misses() -> None:
    unknown = line(PAIR, recording({"web": seen("created")}, starting=["web"]), "web")
    assert (unknown.verdict, unknown.reason) == (UNKNOWN, Reason(code="starting"))
    assert unknown.misses
    assert line(PAIR, recording({"web": seen()}, starting=["web"]), "web").verdict is PASSED


def test_a_limit_of_the_machine_is_unknown_and_named() -> None:
    limited = lab(check("web", more=LIMIT), check("page", requires=["web"]))
    recorded = recording({"web": seen("dead"), "page": seen()})
    unknown = line(limited, recorded, "web")
    assert (unknown.verdict, unknown.reason) == (UNKNOWN, Reason(code="environment"))
    assert unknown.diagnosis is not None
    assert verdicts(limited, recorded)["page"] is UNKNOWN
    assert line(limited, recording({"web": seen("exited"), "page": seen()}), "web").verdict is FAILED


def test_what_the_user_did_not_choose_is_skipped_and_blocks_nothing() -> None:
    recorded = recording({"page": seen()}, only=["page"])
    assert verdicts(PAIR, recorded) == {"web": SKIPPED, "page": PASSED}
    assert line(PAIR, recorded, "web").reason == Reason(code="not-chosen")


def test_what_is_not_passive_is_skipped_under_passive() -> None:
    tp5 = load_built_in_lab("tp5").lab
    recorded = recording({}, passive=True)
    skipped = [result for result in judge_recording(tp5, recorded, "en") if result.verdict is SKIPPED]
    assert [result.id for result in skipped] == ["dbserver-accepts"]
    assert skipped[0].reason == Reason(code="passive")


def test_an_untouched_engine_scores_nothing_and_everything_is_decided() -> None:
    tp5 = load_built_in_lab("tp5").lab
    recorded = recording(
        {observation_key(check.observe): Absent(kind=kind_of(check.observe)) for check in tp5.checks}
    )
    total = sum_points(judge_recording(tp5, recorded, "fr"))
    assert (total.earned, total.possible, total.undecided) == (0, 10, 0)


NAMES = ["aa", "bb", "cc", "dd", "ee"]
CHECKS = {
    "aa": check("aa", points=1, more=RENAMED),
    "bb": check("bb", points=2, requires=["aa"], more="    diagnoses:\n      - code: AB-01\n"),
    "cc": check("cc", points=4, requires=["aa", "bb"]),
    "dd": check("dd", points=8, requires=["cc"]),
    "ee": check("ee", points=16),
}
OBSERVED: st.SearchStrategy[Observation] = st.sampled_from(
    [seen(), seen("exited"), seen("exited", name="other"), seen(name="other"), GONE, LATE]
)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    return recording(
        draw(st.dictionaries(st.sampled_from(NAMES), OBSERVED)),
        only=draw(st.lists(st.sampled_from(NAMES), unique=True)),
        starting=draw(st.lists(st.sampled_from(NAMES), unique=True)),
        passive=draw(st.booleans()),
    )


@given(recordings())
def test_the_score_adds_up(recorded: Recording) -> None:
    lines = judge_recording(lab(*CHECKS.values()), recorded, "en")
    total = sum_points(lines)
    assert total.possible == 31
    assert total.earned + total.undecided <= total.possible
    assert all(result.earned == (result.points if result.verdict is PASSED else 0) for result in lines)
    lost = sum(result.points for result in lines if result.verdict in {FAILED, BLOCKED})
    assert total.earned + total.undecided + lost == total.possible


@given(recordings(), st.permutations(NAMES))
def test_judging_is_the_same_again_and_in_any_order_of_the_file(
    recorded: Recording, order: list[str]
) -> None:
    # The mistake is written in full in the first check alone, wherever that comes.
    lines = judge_recording(lab(*CHECKS.values()), recorded, "en")
    assert judge_recording(lab(*CHECKS.values()), recorded, "en") == lines
    shuffled = judge_recording(lab(*(CHECKS[name] for name in order)), recorded, "en")
    assert [result.id for result in shuffled] == order
    assert sorted(shuffled, key=lambda result: result.id) == lines


@given(st.dictionaries(st.sampled_from(NAMES), OBSERVED))
def test_seeing_one_thing_more_as_demanded_never_costs_a_point(observed: dict[str, Observation]) -> None:
    whole = lab(*CHECKS.values())
    earned = sum_points(judge_recording(whole, recording(observed), "en")).earned
    for name in NAMES:
        better = recording({**observed, name: seen()})
        assert sum_points(judge_recording(whole, better, "en")).earned >= earned
