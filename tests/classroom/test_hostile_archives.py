"""Damaged, hostile and odd archives and folders: no other's report is lost, and nothing without a word."""

from pathlib import Path

import pytest

from tests.support.collecting import find_failures, try_shape
from tests.support.hostile_archives import SHAPES, Shape, get_title


@pytest.mark.parametrize("shape", SHAPES, ids=get_title)
def test_the_others_are_taken_in_and_what_is_not_is_told_within_its_bounds(
    shape: Shape, tmp_path: Path
) -> None:
    assert list(find_failures(shape, try_shape(shape, tmp_path))) == []


def test_each_shape_is_tried_once_and_there_are_many() -> None:
    assert len({get_title(shape) for shape in SHAPES}) == len(SHAPES) >= 60
