"""Whatever the bytes of a lab are: problems with their places, soon, and never a traceback."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dckgrade.lab.load import LabInvalid, parse_lab
from tests.support.cpu_time import measure_units
from tests.support.hostile_labs import HOSTILE
from tests.support.sample_lab import FILE, SAMPLE, list_problems

TP5 = (Path(__file__).parents[2] / "checks" / "tp5.yaml").read_bytes()


def invalid(raw: bytes) -> LabInvalid:
    with pytest.raises(LabInvalid) as refused:
        parse_lab(raw, FILE)
    return refused.value


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_places_and_soon(name: str) -> None:
    refused = invalid(HOSTILE[name])
    lines = refused.format_problems("en") + refused.format_problems("fr")
    assert measure_units(lambda: invalid(HOSTILE[name]).format_problems("en"), 40) < 40
    assert lines
    assert len(lines) <= 200
    assert all(line.startswith("sample.yaml:") and len(line) < 2000 for line in lines)
    assert all(line >= 1 and column >= 1 for line, column in (problem.place for problem in refused.problems))


def test_there_are_forty_hostile_files_and_more() -> None:
    assert len(HOSTILE) >= 40


def refused_or_a_lab(raw: bytes) -> None:
    assert all(": " in line for lang in ("en", "fr") for line in list_problems(raw, lang))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_loader(raw: bytes) -> None:
    refused_or_a_lab(raw)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}?&*!|>'\"%@`#,~<= \n\t\\0é\u2028"), max_size=80))
def test_no_text_made_of_yaml_crashes_the_loader(text: str) -> None:
    refused_or_a_lab(text.encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_lab_with_a_hole_or_a_patch_crashes_the_loader(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from([SAMPLE.encode(), TP5]))
    start = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 60))
    patch = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"{", b"}", b"[", b": ", b"- ", b"\n  ", b"'", b"~"])
    )
    refused_or_a_lab(raw[:start] + patch + raw[start + length :])
