"""Labs as YAML: what is written is what our own strict reader reads again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.lab.strict_yaml import parse_strict_yaml
from dckgrade.lab.written import write_lab_yaml

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc", "Zl", "Zp"]))


@pytest.mark.parametrize(
    "word", ["no", "on", "~", "null", "1e3", "22:22", "0x1F", "1_000", "", "- a", "a: b"]
)
def test_a_word_that_some_reader_takes_for_something_else_stays_a_word(word: str) -> None:
    assert parse_strict_yaml(write_lab_yaml({"id": word, "checks": []}).encode()).data["id"] == word


@given(st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), st.one_of(PLAIN, st.integers(-999, 999))))
def test_what_is_written_is_read_again(expect: dict[str, str | int]) -> None:
    lab = {"id": "made", "checks": [{"id": "first", "expect": expect, "requires": ["a", "1"]}]}

    assert parse_strict_yaml(write_lab_yaml(lab).encode()).data == lab


def test_a_mapping_stands_on_one_line_and_checks_are_paragraphs() -> None:
    written = write_lab_yaml(
        {
            "id": "made",
            "title": {"fr": "Un", "en": "One"},
            "checks": [{"id": "a", "expect": {"x": {"y": [1]}}}] * 2,
        }
    )

    assert written == (
        "# yaml-language-server: $schema=./lab.schema.json\n"
        "id: made\n"
        "title: {fr: Un, en: One}\n"
        "checks:\n"
        "  - id: a\n"
        "    expect: {x: {y: [1]}}\n"
        "\n"
        "  - id: a\n"
        "    expect: {x: {y: [1]}}\n"
    )
