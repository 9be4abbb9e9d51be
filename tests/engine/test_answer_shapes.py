"""What is read of an engine's answers has the types of its API, or nothing is said of it."""

from typing import Any

import pytest

from dckgrade.engine.answer_shapes import (
    CONTAINER,
    IMAGE,
    INFO,
    LISTED_CONTAINERS,
    LISTED_NETWORKS,
    STATS,
    VOLUMES,
    define_shape,
    list_of,
    require_shape,
)
from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import ENGINES, FakeEngine


@pytest.mark.parametrize("engine", ENGINES)
def test_every_recorded_answer_has_the_shape_that_is_read_of_it(engine: str) -> None:
    recorded = FakeEngine(engine)
    assert require_shape(recorded.listed, LISTED_CONTAINERS) is recorded.listed
    assert require_shape(recorded.info, INFO) is recorded.info
    for inspected in recorded.inspected.values():
        require_shape(inspected, CONTAINER)
    for sample in recorded.measured.values():
        require_shape(sample, STATS)


@pytest.mark.parametrize(
    "entry",
    [
        {"Names": ["/web"]},
        {"Id": "a"},
        {"Id": None, "Names": ["/web"]},
        {"Id": "", "Names": ["/web"]},
        {"Id": "../../info", "Names": ["/web"]},
        {"Id": "a", "Names": None},
        {"Id": "a", "Names": []},
        {"Id": "a", "Names": [""]},
    ],
)
def test_an_entry_that_cannot_be_told_from_others_makes_the_list_unreadable(entry: Any) -> None:
    with pytest.raises(OutOfReach) as raised:
        require_shape([{"Id": "b", "Names": ["/db"]}, entry], LISTED_CONTAINERS)
    assert raised.value.why is UnobservableReason.UNREADABLE
    assert "$[1]" in raised.value.detail


@pytest.mark.parametrize("shape", [CONTAINER, IMAGE])
@pytest.mark.parametrize("answer", [{}, {"Id": None}, {"message": "busy"}, {"ID": "a"}])
def test_what_has_no_id_was_not_inspected(shape: Any, answer: Any) -> None:
    with pytest.raises(OutOfReach):
        require_shape(answer, shape)


@pytest.mark.parametrize(
    ("shape", "answer"),
    [(LISTED_NETWORKS, [{"Id": "a", "Name": ""}]), (VOLUMES, {"Volumes": [{"Name": ""}]})],
)
def test_networks_and_volumes_have_names(shape: Any, answer: Any) -> None:
    with pytest.raises(OutOfReach):
        require_shape(answer, shape)


@pytest.mark.parametrize(
    "answer", [{}, {"Text": None}, {"Text": "x", "Other": 7}, {"Inner": [{"Number": None}]}]
)
def test_null_missing_and_unknown_keys_are_as_good_as_any(answer: Any) -> None:
    shape = define_shape(Text=str, Inner=list_of(define_shape(Number=int)))
    assert require_shape(answer, shape) is answer


@pytest.mark.parametrize(
    "answer", [{"Text": 7}, {"Inner": {}}, {"Inner": [None]}, {"Inner": [{"Number": "7"}]}]
)
def test_another_type_is_not_read(answer: Any) -> None:
    shape = define_shape(Text=str, Inner=list_of(define_shape(Number=int)))
    with pytest.raises(OutOfReach):
        require_shape(answer, shape)
