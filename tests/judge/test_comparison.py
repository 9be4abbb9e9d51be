"""A demand that compares a fact with a fact of another observation: the shared volume of the guide."""

from pathlib import Path

import pytest

from dckgrade.judge.judge import list_further_probes
from dckgrade.lab.load import LabInvalid, parse_lab
from dckgrade.lab.model import Lab
from dckgrade.probes.base import observation_key
from dckgrade.prove.mutants import find_vacuous_matchers
from dckgrade.report.observation import Absent, Observation, Seen, Unobservable, UnobservableReason
from dckgrade.report.result import Mismatch, Reason, Verdict
from tests.support.recorded_facts import line, recording

SHARED = """\
version: 1
id: sample
title: {fr: Un volume partagé, en: A shared volume}
checks:
  - id: shared
    title: {fr: Un même volume, en: One volume}
    points: 1
    observe: {kind: container, name: reader}
    expect:
      image: %s
"""
SAME = "{same-as: {observe: {kind: container, name: writer}, fact: image}}"
READER, WRITER = "container name=reader", "container name=writer"


def parse(demand: str, more: str = "") -> Lab:
    return parse_lab((SHARED % demand + more).encode(), Path("sample.yaml"))


def see(image: object) -> Seen:
    return Seen(kind="container", facts={"image": image})


def judge(demand: str, other: Observation | None, own: str = "journal") -> tuple[Verdict, Reason | None]:
    observed: dict[str, Observation] = {READER: see(own)} | ({WRITER: other} if other else {})
    judged = line(parse(demand), recording(observed), "shared")
    return judged.verdict, judged.reason


def test_two_of_one_value_pass_and_two_different_ones_fail() -> None:
    assert judge(SAME, see("journal"))[0] is Verdict.PASSED
    assert judge(SAME, see("other"))[0] is Verdict.FAILED
    assert judge(f"{{not: {SAME}}}", see("other"))[0] is Verdict.PASSED
    assert judge(f"{{not: {SAME}}}", see("journal"))[0] is Verdict.FAILED


def test_a_mismatch_says_the_value_that_was_wanted() -> None:
    judged = line(parse(SAME), recording({READER: see("journal"), WRITER: see("other")}), "shared")
    assert judged.misses == [Mismatch(fact="image", wanted={"equals": "other"}, found="journal")]


@pytest.mark.parametrize("demand", [SAME, f"{{not: {SAME}}}"])
def test_what_has_no_value_is_neither_the_same_nor_another(demand: str) -> None:
    assert judge(demand, see(None))[0] is Verdict.FAILED
    assert judge(demand, Absent(kind="container"))[0] is Verdict.FAILED


def test_what_was_not_seen_of_the_other_leaves_the_check_unknown() -> None:
    late = Unobservable(kind="container", why=UnobservableReason.DEADLINE, detail="3 s")
    assert judge(SAME, late) == (Verdict.UNKNOWN, Reason(code="deadline", detail="3 s"))
    assert judge(SAME, None) == (Verdict.UNKNOWN, Reason(code="not-reached"))
    older = Seen(kind="container", facts={})
    assert judge(SAME, older) == (Verdict.UNKNOWN, Reason(code="not-recorded", detail="image"))


def test_the_other_is_observed_with_the_check_and_a_check_compared_with_an_act_is_not_passive() -> None:
    check = parse(SAME).checks[0]
    assert [observation_key(probe) for probe in check.list_probes()] == [READER, WRITER]
    assert check.is_passive
    active = "{same-as: {observe: {kind: container-limits, container: writer}, fact: name}}"
    assert not parse(active).checks[0].is_passive


MISTAKE = """\
    diagnoses:
      - code: AB-01
        name: other-volume
        when: {image: {not: {same-as: {observe: {kind: container, name: third}, fact: image}}}}
        message: {fr: message, en: message}
        hint: {fr: piste, en: hint}
"""
THIRD = "container name=third"


def test_a_mistake_compares_too_and_asks_for_what_it_compares_with() -> None:
    lab = parse("redis", MISTAKE)
    seen = recording({READER: see("journal")})
    assert [observation_key(probe) for probe in list_further_probes(lab, seen)] == [THIRD]
    assert line(lab, seen, "shared").diagnosis is None
    for other, named in (("x", True), ("journal", False), (None, False)):
        found = line(lab, recording({READER: see("journal"), THIRD: see(other)}), "shared")
        assert bool(found.diagnosis) is named
    assert THIRD in [observation_key(probe) for probe in lab.list_probes()]


def test_a_comparison_can_be_broken_by_a_mutant() -> None:
    seen = recording({READER: see("journal"), WRITER: see("journal")})
    assert find_vacuous_matchers(parse(SAME), seen).faults == []


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        (SAME.replace("fact: image", "fact: imag"), "unknown fact"),
        (SAME.replace("fact: image", "fact: exit_code"), "is {other_kind}"),
        (SAME.replace("writer", "reader"), "is compared with itself"),
        (SAME.replace("kind: container,", "kind: contaner,"), "is not one of"),
        (SAME.replace("{same-as", "{equals: x, same-as"), "two values for one fact"),
        ("{same-as: {fact: image}}", "needs `{key}`"),
    ],
)
def test_lint_checks_a_comparison_like_all_else(demand: str, said: str) -> None:
    with pytest.raises(LabInvalid) as caught:
        parse(demand)
    assert any(said in problem.message_id for problem in caught.value.problems)
