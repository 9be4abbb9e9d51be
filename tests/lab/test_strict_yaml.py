"""The one reading of YAML: what each scalar is, where each value stands, and what is refused."""

import json
import math
import re
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dckgrade.lab.problem import Place
from dckgrade.lab.source import MAX_YAML_BYTES
from dckgrade.lab.strict_yaml import (
    MAX_DEPTH,
    MAX_NODES,
    NotStrict,
    ValuePath,
    parse_strict_yaml,
)
from tests.support.cpu_time import measure_units

TEXTS = [
    *("22:22", "53:53", "190:20:30", "no", "No", "yes", "on", "off", "y", "N", "010", "0644", "0o17", "0x1F"),
    *("1_000", "1.", ".", "+", ".inf", "-.inf", ".nan", ".NaN", "2001-01-01", "12e", "e5", "1.2.3"),
    *("=", "1:1", "nUll", "tRUE", "0b1", "+.", "1e+", "--1", "٣", "00", "-01", "5 %", "nginx:1.27"),
]
VALUES = [
    ("0", 0), ("-0", 0), ("7", 7), ("+7", 7), ("-12", -12), ("123456789012345678", 123456789012345678),
    ("1.5", 1.5), ("-.5", -0.5), ("+1.0", 1.0), ("1e3", 1000.0), ("2.5E-3", 0.0025), ("0.0", 0.0),
    ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
    ("null", None), ("~", None), ("", None), ('"7"', "7"), ("'true'", "true"), ('"\\u00e9"', "é"),
    ("|\n  7", "7"), (">\n  a\n  b\n", "a b\n"),
]  # fmt: skip


def problems(raw: bytes) -> list[str]:
    with pytest.raises(NotStrict) as refused:
        parse_strict_yaml(raw)
    return [repr(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_not_plainly_a_number_or_a_truth_stays_text(text: str) -> None:
    assert parse_strict_yaml(f"a: {text}".encode()).data == {"a": text}


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_what_is_plainly_a_number_a_truth_or_null_is_one(text: str, value: object) -> None:
    found = parse_strict_yaml(f"a: {text}".encode()).data["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parse_strict_yaml(b"{1: a, true: b, null: c, 22:22: d}").data == {
        "1": "a",
        "true": "b",
        "null": "c",
        "22:22": "d",
    }


@pytest.mark.parametrize("number", ["1e999", "-1e400", "9" * 19, "0." + "1" * 17, "9" * 200_000])
def test_a_number_that_would_not_stay_itself_is_refused(number: str) -> None:
    assert problems(f"a: {number}".encode()) == ["1:4: too large a number; quote it if it is text"]


def test_every_value_and_every_key_has_its_place() -> None:
    document = parse_strict_yaml("# é\r\na:\r\n  - {b: 1, é: «x»}\r\n  - >-\r\n    text\r\n".encode())
    inner: dict[ValuePath, Place] = {("a", 0, "b"): (3, 9), ("a", 0, "é"): (3, 15)}
    assert document.places == {(): (2, 1), ("a",): (3, 3), ("a", 0): (3, 5), ("a", 1): (4, 5), **inner}
    assert document.key_places == {("a",): (2, 1), ("a", 0, "b"): (3, 6), ("a", 0, "é"): (3, 12)}
    assert document.find_place(("a", 0, "b"), of_key=True) == (3, 6)
    assert document.find_place(("a", 0, "missing", 3)) == (3, 5)


def test_a_byte_order_mark_moves_nothing() -> None:
    assert parse_strict_yaml(b"\xef\xbb\xbfa: 1").places["a",] == (1, 4)


def test_nulls_are_noted_where_they_stand() -> None:
    assert parse_strict_yaml(b"a:\nb: ~\nc: [null]\nd: ''\n").null_places == [(1, 3), (2, 4), (3, 5)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b"a: &x 1\nb: *x",
            ["1:4: an anchor (&x); labs have none", "2:4: an alias (*x); write the value out"],
        ),
        (b"a: !!str 1", ["1:4: a tag (tag:yaml.org,2002:str); labs have none"]),
        (b"a: ! 1", ["1:4: a tag (!); labs have none"]),
        (b"<<: {a: 1}", ["1:1: a merge key (<<); labs have none"]),
        (b"a: 1\nb: 2\na: 3", ["3:1: `a` is written twice in this mapping"]),
        (b"a: 1\n'a': 3", ["2:1: `a` is written twice in this mapping"]),
        (b"{[a]: 1}", ["1:2: a key must be a word"]),
        (b"{{a: b}: 1}", ["1:2: a key must be a word"]),
        (b"a: 1\n---\nb: 2", ["2:1: a second document; a lab is one document"]),
        (b"%YAML 1.1\n---\na: 1", ["1:1: a directive (%); labs have none"]),
        (b"", ["1:1: the file is empty"]),
        (b"# only words\n", ["1:1: the file is empty"]),
        (b"a: 1\nb: \xff", ["2:4: this is not UTF-8; save the file as UTF-8"]),
        ("a: é\rb: é".encode("latin-1"), ["1:4: this is not UTF-8; save the file as UTF-8"]),
        ("a: 1".encode("utf-16"), ["1:1: this is not UTF-8; save the file as UTF-8"]),
        (b"a: 1\r\nb: \0", ["2:4: a character that a lab may not hold: U+0000"]),
        (b"a: \x1b[2J", ["1:4: a character that a lab may not hold: U+001B"]),
        ("a: b\u2028c".encode(), ["1:5: a character that a lab may not hold: U+2028"]),
        ("a: \ufeffb".encode(), ["1:4: a character that a lab may not hold: U+FEFF"]),
        (b"a: [1", ["2:1: not YAML: did not find expected ',' or ']'"]),
        (b"a: b: c", ["1:5: not YAML: mapping values are not allowed in this context"]),
        (b"a: @b", ["1:4: not YAML: found character that cannot start any token"]),
        (b"a: *nobody", ["1:4: an alias (*nobody); write the value out"]),
        (b"#" * (MAX_YAML_BYTES + 1), [f"1:1: larger than {MAX_YAML_BYTES} bytes"]),
    ],
)
def test_what_a_lab_may_not_hold_is_refused_at_its_place(raw: bytes, expected: list[str]) -> None:
    assert problems(raw) == expected


def test_depth_and_number_of_values_are_limited() -> None:
    parse_strict_yaml(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert problems(b"[" * 900) == [f"1:{MAX_DEPTH + 2}: nested deeper than {MAX_DEPTH}"]
    # Since PyYAML 6.0.4 its parser, which reads ahead, has a limit of its own at a thousand.
    (deeper,) = problems(b"[" * 100_000)
    assert re.fullmatch(r"1:\d+: .*(nested deeper|nesting depth).*", deeper)
    assert problems(b"[" + b"1," * MAX_NODES + b"]") == [f"1:{2 * MAX_NODES}: more than {MAX_NODES} values"]


def test_a_merge_bomb_of_820_bytes_is_refused_at_once() -> None:
    lines = ["a0: &a0 {k0: v, k1: v}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], l{n}: *a{n - 1}}}" for n in range(1, 18)]
    raw = "\n".join(lines).encode()[:820]
    raw = raw[: raw.rindex(b"\n")]
    assert measure_units(lambda: problems(raw), 6) < 6
    tracemalloc.start()
    assert len(problems(raw)) > 20
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_problems_of_reading_come_all_at_once_up_to_where_reading_must_stop() -> None:
    assert problems(b"a: &x 1\na: 2\nb: [")[:2] == [
        "1:4: an anchor (&x); labs have none",
        "2:1: `a` is written twice in this mapping",
    ]


numbers = st.integers(-(10**16), 10**16) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: len(repr(number)) <= 18
)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=20).filter(
    # 1e0 is a number for YAML 1.2 and a word for PyYAML, which leaves it without quotes.
    lambda text: not {"\ufeff", "\ufffe", "\uffff"} & {*text} and not re.match(r"[-+]?[0-9]+[eE]", text)
)
trees = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_json_is_read_as_what_it_says(tree: Any) -> None:
    assert same(parse_strict_yaml(json.dumps(tree, ensure_ascii=False).encode()).data, tree)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_what_pyyaml_writes_for_a_cautious_reader_is_read_back(tree: Any) -> None:
    raw = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode()
    if b"&id0" not in raw:  # PyYAML writes a list that it meets twice as an alias
        assert same(parse_strict_yaml(raw).data, tree)


def same(found: Any, wanted: Any) -> bool:
    """Compare with types: true is not 1; YAML has no difference between 1e16 and 10000000000000000.0."""
    match wanted:
        case dict():
            return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
        case list():
            return len(found) == len(wanted) and all(map(same, found, wanted))
        case float():
            return isinstance(found, float) and math.isclose(found, wanted)
        case _:
            return type(found) is type(wanted) and bool(found == wanted)
