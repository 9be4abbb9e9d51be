"""A Compose file's YAML: what Compose takes is taken, what it refuses is refused, and nothing grows."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.probes.compose.compose_yaml import MAX_BYTES, MAX_NODES, YamlRefused, read_compose_yaml


def read(text: str) -> Any:
    return read_compose_yaml(text.encode()).data


def refuse(text: str) -> tuple[str, int]:
    with pytest.raises(YamlRefused) as refused:
        read(text)
    return refused.value.problem, refused.value.line


def test_numbers_truths_and_times_stay_as_they_are_typed() -> None:
    assert read("ports: [22:22, 080, yes, 1.10, ~, '']") == {
        "ports": ["22:22", "080", "yes", "1.10", None, ""]
    }


def test_an_anchor_is_read_where_it_is_called_and_what_is_written_beats_what_is_merged() -> None:
    anchors = "x-a: &a {restart: always, image: old}\nx-b: &b {image: older, user: '1'}\n"
    merged = read(anchors + "web: {<<: [*a, *b], image: new}\n")["web"]
    assert merged == {"restart": "always", "image": "new", "user": "1"}
    assert read("a: &l [1, 2]\nb: *l\n")["b"] == ["1", "2"]


def test_a_line_is_told_for_each_key_and_element() -> None:
    lines = read_compose_yaml(b"a:\n  b:\n    - c\n    - d\n").lines
    assert (lines["a",], lines["a", "b"], lines["a", "b", 1]) == (1, 2, 4)


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("a:\n\tb: 1\n", "tab", 2),
        ("a: 1\nb: [1\n", "syntax", 3),
        ("a: 1\n...\nb: 2\n", "syntax", 3),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3),
        ("a: *nobody\n", "syntax", 1),
        ("a: &a [*a]\n", "syntax", 1),
        ("a: {<<: word}\n", "syntax", 1),
        ("? [a]\n: b\n", "syntax", 1),
    ],
)
def test_what_compose_refuses_is_refused_with_its_line(text: str, problem: str, line: int) -> None:
    assert refuse(text) == (problem, line)


def test_nothing_and_a_byte_order_mark_are_no_error() -> None:
    assert read("") is None
    assert read("# nothing\n") is None
    assert read("\ufeffa: 1\n") == {"a": "1"}


def test_a_file_of_another_encoding_is_no_text() -> None:
    with pytest.raises(YamlRefused) as refused:
        read_compose_yaml("a: 1\né: 2\n".encode("latin-1"))
    assert (refused.value.problem, refused.value.line) == ("not-text", 2)


def test_aliases_count_as_if_they_were_written_out() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
    )
    assert refuse(bomb)[0] == "too-large"
    merges = "a0: &a0 {x: 1}\n" + "".join(
        f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}\n" for level in range(1, 9)
    )
    assert refuse(merges)[0] == "too-large"


def test_what_is_larger_or_deeper_than_a_person_writes_is_not_read() -> None:
    assert refuse("a: b\n" + "#" * MAX_BYTES)[0] == "too-large"
    assert refuse("[" * 200 + "]" * 200)[0] == "too-large"
    assert refuse("a: [" + "x," * (MAX_NODES + 1) + "]")[0] == "too-large"


@given(st.text(alphabet="ab:-&*<?#[]{}|>'\"%@!,. \n\t\x00é\u2028", max_size=80))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(YamlRefused):
        read(text)
