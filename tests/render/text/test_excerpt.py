"""The line that a problem is about, with carets below the word, whatever else the line holds."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from dckgrade.lab.load import LabInvalid, parse_lab
from dckgrade.render.text.excerpt import MAX_CHARS_BEFORE, MAX_EXCERPT_CHARS, format_problems
from dckgrade.render.text.sanitize import sanitize_line
from tests.support.hostile_labs import HOSTILE
from tests.support.sample_lab import SAMPLE, changed


def shown(text: str | bytes, encoding: str = "utf-8") -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(LabInvalid) as refused:
        parse_lab(raw, Path("sample.yaml"))
    return format_problems(refused.value, "en", encoding)


def pointed_at(lines: list[str]) -> str:
    """Give what stands above the carets, cell by cell."""
    _, whole, carets = lines
    start, length = carets.index("^"), carets.count("^")
    before = next(at for at in range(len(whole) + 1) if cell_len(whole[:at]) == start)
    return whole[before : before + length]


def test_the_place_comes_first_for_editors_and_the_carets_stand_below_the_word() -> None:
    lines = shown(changed("version: 1", "version: 9"))

    assert lines == ["sample.yaml:2:10: 9 is not one of: 1", "2 | version: 9", "  |          ^"]


@pytest.mark.parametrize("before", ["é", "日本", "'a\tb'", "'\u202e'", "e\u0301"], ids=ascii)
def test_the_carets_stand_right_behind_wide_and_hidden_characters(before: str) -> None:
    lines = shown(f"{{{before}: 1, versionn: 1}}")

    assert pointed_at(lines[-3:]) == "versionn"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_terminal_that_lacks_a_character_gets_the_carets_right_too(encoding: str) -> None:
    lines = shown("{œuvre: 1}", encoding)

    assert pointed_at(lines[-3:]).startswith(("oeuvre", "\\u0153uvre", "œuvre"))
    assert all(line.encode(encoding) for line in lines[-2:])


def test_of_a_long_line_what_is_around_the_place_is_shown() -> None:
    lines = shown(f'{{"{"x" * 900}": 1, versionn: {"y" * 900}}}')

    assert len(lines[-2]) < len("1 | ……") + MAX_EXCERPT_CHARS + 1
    assert pointed_at(lines[-3:]) == "versionn"
    assert lines[-1].index("^") == len("1 | …") + MAX_CHARS_BEFORE


def test_a_problem_of_a_file_in_which_nothing_stands_has_no_excerpt() -> None:
    assert shown(b"") == ["sample.yaml:1:1: the file is empty"]


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_the_bytes_are_nothing_in_an_excerpt_steers_a_terminal(name: str) -> None:
    try:
        parse_lab(HOSTILE[name], Path("sample.yaml"))
    except LabInvalid as invalid:
        lines = format_problems(invalid, "fr", "utf-8")
        assert [line for line in lines if sanitize_line(line) != line] == []
        assert all(len(line) < 12 * MAX_EXCERPT_CHARS for line in lines if "sample.yaml:" not in line)


def test_the_sample_has_none() -> None:
    assert parse_lab(SAMPLE.encode(), Path("sample.yaml")).id == "sample"
