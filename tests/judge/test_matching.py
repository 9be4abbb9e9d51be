"""Every demand: when it holds, when it does not, and that no fact of the wrong kind crashes it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.judge.matching import match_all, matches_wanted
from dckgrade.lab.matchers import Matcher, Wanted

MOUNT = {"named": True, "destination": "/data"}


def wanted(written: Any) -> Wanted:
    found: Wanted = msgspec.convert({"not": written}, Matcher).not_  # type: ignore[assignment]
    return found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("running", "running"),
        (200, 200),
        (200, 200.0),
        (True, True),
        ({"equals": 0}, 0),
        ({"not": 3}, 4),
        ({"not": {"contains": "x"}}, "abc"),
        ({"one-of": ["a", "b"]}, "b"),
        ({"one-of": [0, 137]}, 137),
        ({"matches": "^b$"}, "a\nb"),
        ({"contains": "b c"}, "a b c"),
        ({"contains": "b"}, ["a", "b"]),
        ({"resembles": "POSTGRES_PASSWORD"}, "POSTGRES_PASSOWRD"),
        ({"resembles": "POSTGRES_PASSWORD"}, "postgres_password"),
        ({"at-least": 1}, 1),
        ({"at-most": 1}, 1),
        ({"at-least": 1, "at-most": 2}, 1.5),
        ({"present": True}, False),
        ({"present": False}, None),
        ({"every": {"matches": "^a"}}, ["a", "ab"]),
        ({"any": "b"}, ["a", "b"]),
        ({"count": 0}, []),
        ({"count": {"at-least": 2}}, [1, 2]),
        ({"where": {"named": True, "destination": {"matches": "^/d"}}}, MOUNT),
        ({"any": {"where": {"named": True}}}, [{"named": False}, MOUNT]),
    ],
)
def test_a_demand_holds(written: Any, found: Any) -> None:
    assert matches_wanted(wanted(written), found)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("running", "Running"),
        ("200", 200),
        (200, "200"),
        (1, True),
        (True, 1),
        (0, False),
        ({"equals": True}, 1),
        ({"not": 3}, 3),
        ({"not": {"contains": "x"}}, None),
        ({"not": {"present": True}}, None),
        ({"one-of": ["a"]}, "b"),
        ({"one-of": [1]}, True),
        ({"matches": "^c$"}, "a\nb"),
        ({"matches": "1"}, 1),
        ({"contains": "x"}, "abc"),
        ({"contains": 1}, "1"),
        ({"contains": 1}, [True, "1"]),
        ({"contains": "x"}, 3),
        ({"resembles": "POSTGRES_PASSWORD"}, "POSTGRES_PASSWORD"),
        ({"resembles": "POSTGRES_PASSWORD"}, "POSTGRES_USER"),
        ({"resembles": "POSTGRES_PASSWORD"}, 3),
        ({"at-least": 1}, 0),
        ({"at-least": 1}, "2"),
        ({"at-least": 0}, True),
        ({"at-most": 1}, 2),
        ({"at-most": 1}, []),
        ({"at-least": 1, "at-most": 2}, 3),
        ({"present": True}, None),
        ({"present": False}, 0),
        ({"every": {"matches": "^a"}}, ["a", "b"]),
        ({"every": {"matches": "^a"}}, []),
        ({"every": "a"}, "aaa"),
        ({"any": "b"}, []),
        ({"any": "b"}, "b"),
        ({"count": 3}, "abc"),
        ({"count": 1}, MOUNT),
        ({"where": {"named": True}}, [MOUNT]),
        ({"where": {"missing": {"present": False}}}, MOUNT),
        ({}, "anything"),
        ({"not": {}}, None),
    ],
)
def test_a_demand_does_not_hold(written: Any, found: Any) -> None:
    assert not matches_wanted(wanted(written), found)


DEMANDS = [
    "x", 1, 1.5, True,
    *({name: "xxxx"} for name in ("equals", "not", "matches", "contains", "resembles", "every", "any")),
    *({name: 1} for name in ("equals", "not", "contains", "at-least", "at-most", "every", "any", "count")),
    {"one-of": ["x", 1]}, {"where": {"x": 1}}, {"every": {"where": {"x": {"at-least": 1}}}},
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    max_leaves=6,
)


@given(st.sampled_from(DEMANDS), ANYTHING)
def test_no_fact_crashes_a_demand(written: Any, found: Any) -> None:
    demand = msgspec.convert({"not": written}, Matcher)
    assert matches_wanted(demand, found) in {True, False}
    assert not matches_wanted(wanted(written), None)
    assert not matches_wanted(demand, None)


@given(st.sampled_from(DEMANDS), ANYTHING.filter(lambda found: found is not None))
def test_of_what_is_there_a_demand_or_its_opposite_holds(written: Any, found: Any) -> None:
    assert matches_wanted(wanted(written), found) != matches_wanted(
        msgspec.convert({"not": written}, Matcher), found
    )


def test_all_must_hold_and_a_fact_that_is_not_there_holds_nothing() -> None:
    facts = {"status": "running", "health": None}
    assert match_all({"status": "running", "health": Matcher(present=False)}, facts)
    assert not match_all({"status": "running", "stable": True}, facts)
    assert not match_all({"missing": Matcher(present=False)}, facts)
