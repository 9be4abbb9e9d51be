"""Generated changes: each is one that could be seen, and a demand that bears them all is vacuous."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, inspect

from dckgrade.judge.matching import matches_wanted
from dckgrade.lab.matchers import Wanted
from dckgrade.prove.mutants import find_vacuous_matchers, is_change, list_mutants
from dckgrade.report import codec
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.cpu_time import measure_units
from tests.support.recorded_facts import lab, recording, seen


class Port(msgspec.Struct):
    """An element that is a mapping."""

    number: int
    protocol: Literal["tcp", "udp"]
    name: str | None = None


Status = Literal["created", "running", "exited"]
PORTS = [{"number": 80, "protocol": "tcp", "name": None}, {"number": 443, "protocol": "tcp", "name": "https"}]
LONG = "a log\nthat says: ready to accept\n"

TELLING: list[tuple[Any, Any, Any]] = [
    ("running", "running", Status),
    ("running", "running", str),
    (True, True, bool),
    (False, False, bool),
    (0, 0, int),
    (200, 200, int),
    (1.5, 1.5, float),
    ({"equals": "x"}, "x", str),
    ({"one-of": ["running", "exited"]}, "running", Status),
    ({"one-of": [0, 1, 2]}, 1, int),
    ({"matches": "^nginx"}, "nginx/1.22", str),
    ({"matches": "ready to accept"}, LONG, str),
    ({"contains": "ready"}, LONG, str),
    ({"contains": "b"}, ["a", "b"], list[str]),
    ({"contains": 80}, [80], list[int]),
    ({"resembles": "POSTGRES_PASSWORD"}, "POSTGRES_PASSWROD", str),
    ({"at-least": 1}, 3_000_000, int),
    ({"at-least": 0.5}, 0.9, float),
    ({"at-most": 1_000_000_000}, 5, int),
    ({"at-least": 1, "at-most": 3}, 2, int),
    ({"present": True}, "x", str | None),
    ({"present": False}, None, str | None),
    ({"present": False}, None, int | None),
    ({"not": "exited"}, "running", Status),
    ({"not": "x"}, "y", str),
    ({"not": {"matches": "FATAL|PANIC"}}, LONG, str),
    ({"not": {"contains": "error"}}, LONG, str),
    ({"not": {"contains": "secret"}}, ["a"], list[str]),
    ({"not": {"at-least": 500}}, 200, int),
    ({"not": {"any": {"matches": "^-e"}}}, ["nginx"], list[str]),
    ({"not": {"any": {"where": {"number": 22, "protocol": "tcp"}}}}, PORTS, list[Port]),
    ({"every": {"matches": "^a"}}, ["ab", "ac"], list[str]),
    ({"every": {"where": {"protocol": "tcp"}}}, PORTS, list[Port]),
    ({"any": "b"}, ["a", "b"], list[str]),
    ({"any": {"where": {"number": 443}}}, PORTS, list[Port]),
    ({"any": {"where": {"name": {"present": True}}}}, PORTS, list[Port]),
    ({"count": 0}, [], list[str]),
    ({"count": 2}, PORTS, list[Port]),
    ({"count": {"at-least": 1}}, ["a"], list[str]),
    ({"count": {"at-most": 50}}, ["a"], list[str]),
    ({"where": {"number": {"at-least": 80}}}, PORTS[0], Port),
]
VACUOUS: list[tuple[Any, Any, Any]] = [
    ({"one-of": ["created", "running", "exited"]}, "running", Status),
    ({"present": True}, "x", str),
    ({"present": True}, 3, int),
    ({"at-least": 0}, 3, int),
    ({"matches": "x*"}, "x", str),
    ({"contains": ""}, "abc", str),
    ({"count": {"at-least": 0}}, ["a"], list[str]),
    ({"not": {"equals": "no such word"}}, "running", Status),
    ({"not": {"at-most": -1}}, 3, int),
    ({"where": {"number": {"at-least": 0}}}, PORTS[0], Port),
]


def survived(written: Any, value: Any, kind: Any) -> bool:
    """Say whether the demand bears every change."""
    wanted: Wanted = msgspec.convert(written, Wanted)
    assert matches_wanted(wanted, value), "it holds of the solution"
    return all(
        matches_wanted(wanted, mutant) for mutant in list_mutants(value, inspect.type_info(kind), wanted)
    )


@pytest.mark.parametrize(("written", "value", "kind"), TELLING)
def test_a_demand_that_some_change_breaks_is_not_vacuous(written: Any, value: Any, kind: Any) -> None:
    assert not survived(written, value, kind)


@pytest.mark.parametrize(("written", "value", "kind"), VACUOUS)
def test_a_demand_that_no_change_breaks_is_vacuous(written: Any, value: Any, kind: Any) -> None:
    assert survived(written, value, kind)


KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (bool, st.booleans()),
    (int, st.integers(min_value=0)),
    (Annotated[int, Meta(ge=0)], st.integers(min_value=0)),
    (float, st.floats(min_value=0, allow_nan=False, allow_infinity=False)),
    (str, st.text(max_size=8)),
    (Status, st.sampled_from(["created", "running", "exited"])),
    (str | None, st.none() | st.text(max_size=5)),
    (list[str], st.lists(st.text(max_size=4), max_size=4)),
    (list[int], st.lists(st.integers(min_value=0), max_size=4)),
    (list[Port], st.lists(st.sampled_from(PORTS), max_size=3)),
]
VALUES = st.sampled_from(KINDS).flatmap(lambda pair: st.tuples(st.just(pair[0]), pair[1]))
WANTED = st.sampled_from([written for written, _, _ in [*TELLING, *VACUOUS]])


@given(VALUES, WANTED)
def test_every_change_changes_something_and_stays_of_its_kind(drawn: tuple[Any, Any], written: Any) -> None:
    kind, value = drawn
    wanted: Wanted = msgspec.convert(written, Wanted)
    before = msgspec.json.encode(value)

    made = list_mutants(value, inspect.type_info(kind), wanted)

    assert made, "there is always another value"
    assert all(is_change(mutant, value) for mutant in made)
    assert msgspec.json.encode(value) == before, "what was seen stays as it was"
    for mutant in made:
        if not isinstance(mutant, list | dict):
            msgspec.convert(mutant, kind)


@given(VALUES.filter(lambda pair: not isinstance(pair[1], list) and pair[1] is not None))
def test_no_demand_for_one_very_value_is_vacuous(drawn: tuple[Any, Any]) -> None:
    kind, value = drawn
    assert not survived({"equals": value}, value, kind)


@given(st.integers(min_value=1, max_value=2**40), st.integers(min_value=0, max_value=2**40))
def test_no_bound_is_vacuous_however_far_away(least: int, above: int) -> None:
    assert not survived({"at-least": least}, least + above, int)
    assert not survived({"at-most": least + above}, least, int)


def test_a_vacuous_demand_is_named_with_its_check() -> None:
    loose = lab(
        "  - id: box\n    title: {fr: a, en: a}\n    points: 1\n    observe: {kind: container, name: box}\n"
        "    expect: {status: running, restart_count: {at-least: 0}}\n"
    )

    tried = find_vacuous_matchers(loose, recording({"box": seen(restart_count=0)}))

    assert [fault.translate_sentence("en") for fault in tried.faults] == [
        'box: no change of what was seen breaks the demand restart_count: {"at-least":0}.'
    ]


def test_a_demand_that_an_effect_settles_otherwise_can_be_broken() -> None:
    flagged = lab(
        "  - id: box\n    title: {fr: Boîte, en: Box}\n    points: 1\n"
        "    observe: {kind: container, name: box}\n    expect: {oom_killed: false}\n"
    )
    assert find_vacuous_matchers(flagged, recording({"box": seen(oom_killed=True)})).faults == []


def test_mutants_cost_next_to_nothing() -> None:
    loaded = load_built_in_lab("tp5").lab
    path = FIXTURES / "tp5" / "solution" / "recording.json"
    solution = codec.extract_recording(codec.from_json(path.read_bytes(), str(path)))
    tried = find_vacuous_matchers(loaded, solution).mutants

    assert tried
    bound = tried / 50
    assert measure_units(lambda: find_vacuous_matchers(loaded, solution), bound) < bound
