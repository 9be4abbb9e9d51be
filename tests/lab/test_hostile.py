"""Whatever the bytes of a lab are: problems with their places, soon, and never a traceback."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dckgrade.lab.load import LabInvalid, parse_lab
from tests.support.sample_lab import FILE, SAMPLE, changed, said

TP5 = (Path(__file__).parents[2] / "checks" / "tp5.yaml").read_bytes()

HOSTILE = {
    "empty": b"",
    "blank": b" \n\t\n",
    "nul": b"\0",
    "nuls": b"\0" * 10_000,
    "only a mark": b"\xef\xbb\xbf",
    "utf-16": "version: 1".encode("utf-16"),
    "utf-32": "version: 1".encode("utf-32"),
    "latin-1": "title: é".encode("latin-1"),
    "surrogate": b"a: \xed\xa0\x80",
    "overlong": b"a: \xc0\x80",
    "cut in a character": "é".encode()[:1],
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
    "elf": b"\x7fELF\x02\x01\x01",
    "escape": b'a: "\\e[2J"',
    "lone surrogate escape": b'a: "\\uD800"',
    "huge code point": b'a: "\\UFFFFFFFF"',
    "nul escape": b'id: "a\\0b"',
    "carriage returns": SAMPLE.replace("\n", "\r").encode().replace(b"version: 1", b"version: 3"),
    "crlf": SAMPLE.replace("\n", "\r\n").encode().replace(b"version: 1", b"version: 3"),
    "scalar": b"hello",
    "number": b"1",
    "list": b"- a\n- b",
    "null": b"~",
    "deep flow": b"[" * 200_000,
    "deep mapping": b"{a: " * 60_000,
    "deep block": b"".join(b" " * n + b"a:\n" for n in range(500)),
    "deep keys": b"? " * 100_000,
    "deep dashes": b"- " * 100_000,
    "unclosed": b"{" * 19,
    "closers": b"]" * 100_000,
    "many values": b"[" + b"0," * 100_000 + b"]",
    "many keys": b"".join(b"k%d: 1\n" % n for n in range(19_000)),
    "many empty keys": b": \n" * 50_000,
    "many anchors": b"".join(b"- &a%d x\n" % n for n in range(15_000)),
    "many aliases": b"- &a x\n" + b"- *a\n" * 19_000,
    "many documents": b"---\n" * 50_000,
    "many tags": b"- !!x y\n" * 15_000,
    "tag of python": b"!!python/object/apply:os.system ['true']",
    "directive": b"%TAG ! tag:example.org,2000:\n---\n!x y",
    "unknown directive": b"%FOO bar\n---\na: 1",
    "huge scalar": b"a: " + b"x" * 200_000,
    "huge key": b"x" * 1000 + b": 1",
    "huge explicit key": b"? " + b"x" * 200_000 + b"\n: 1",
    "huge number": b"a: " + b"9" * 200_000,
    "huge exponent": b"a: 1e999999999999",
    "huge comment": b"#" * 200_000,
    "too large": b" " * 300_000,
    "comments": b"#\n" * 100_000,
    "anchored key": b"&a a: 1",
    "recursive": b"&a [*a]",
    "merge of itself": b"&a {<<: *a}",
    "complex key": b"? [a, b]\n: 1",
    "key of keys": b"{{{{a: b}: c}: d}: e}",
    "long quote": b'"' + b"\\n" * 100_000,
    "tabs": b"\t- a\n\t\t- b",
    "many references": (
        SAMPLE.replace("      - code: AB-01\n        name", "      - code: AB-99\n        name")
        + "      - code: AB-01\n" * 5000
    ).encode(),
    "many checks": (SAMPLE + SAMPLE[SAMPLE.index("  - id: again") :] * 700).encode(),
    "unhashable kind": changed("kind: http,", "kind: {a: [b]},").encode(),
    "unhashable version": changed("version: 1", "version: [1]").encode(),
    "huge pattern": changed("^/data", "(" * 240 + ")" * 240).encode(),
    "pattern of repeats": changed("^/data", '"' + "(a?){9}" * 60 + '"').encode(),
    "pattern of nests": changed("^/data", '"' + "(" * 80 + "a" + "+)" * 80 + '"').encode(),
    "pattern with an octal": changed("^/data", r"\0\777").encode(),
    "deep demand": changed("exit_code: 0", "exit_code: " + "{not: " * 12 + "1.5" + "}" * 12 + "x").encode(),
    "format": changed("status: running", '"{0.__class__}{": "{}{x}"').encode(),
}


def invalid(raw: bytes) -> LabInvalid:
    with pytest.raises(LabInvalid) as refused:
        parse_lab(raw, FILE)
    return refused.value


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_places_and_soon(name: str) -> None:
    start = time.process_time()
    refused = invalid(HOSTILE[name])
    lines = refused.format_problems("en") + refused.format_problems("fr")
    assert time.process_time() - start < 1
    assert lines
    assert len(lines) <= 200
    assert all(line.startswith("sample.yaml:") and len(line) < 2000 for line in lines)
    assert all(line >= 1 and column >= 1 for line, column in (one.place for one in refused.problems))


def test_there_are_forty_hostile_files_and_more() -> None:
    assert len(HOSTILE) >= 40


def refused_or_a_lab(raw: bytes) -> None:
    assert all(": " in line for lang in ("en", "fr") for line in said(raw, lang))


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
