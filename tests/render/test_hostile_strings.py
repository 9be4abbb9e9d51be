"""Hostile texts in every format of every document, where anybody has a say: nothing acts on who reads it."""

import json
from typing import Any

import msgspec
import pytest

from dckgrade.render.text.escape import escape_csv_cell
from dckgrade.render.text.sanitize import respell_for_encoding, sanitize_line
from dckgrade.report import codec, signature
from dckgrade.report.codec import replace_surrogates
from tests.support.hostile_strings import (
    ANYWHERE_COMMAND,
    LINE_COMMAND,
    Output,
    list_outputs,
    measure_harm,
    plant_in_class,
)
from tests.support.reports import HOSTILE, make_eventful_report, plant_text

corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


@pytest.mark.parametrize("output", list(list_outputs()), ids=lambda output: output.name)
def test_no_text_acts_on_a_terminal_a_job_or_a_spreadsheet(output: Output) -> None:
    harmed = {name: harm for name, text in HOSTILE.items() if (harm := measure_harm(output, text))}
    assert harmed == {}


def test_the_outputs_are_those_of_the_table_and_what_platforms_import() -> None:
    names = {output.name for output in list_outputs()}
    assert {"report github", "class_report csv", "proof junit", "sheet md", "class_report moodle"} <= names
    assert len(names) >= 25


@corpus
def test_json_says_the_same_as_before_its_escapes(text: str) -> None:
    short = text[:5000]
    for document in (plant_text(make_eventful_report(), short), plant_in_class(short)):
        wanted: Any = replace_surrogates(msgspec.to_builtins(document))
        assert json.loads(codec.encode_document(document)) == wanted


@corpus
def test_a_signature_holds_over_hostile_text_in_a_report_and_in_a_session(text: str) -> None:
    key = signature.make_key("Ada")
    report = plant_text(make_eventful_report(), text[:1000])
    signed = signature.sign_report(report, key)
    session = codec.encode_session([signed, signed])
    for raw in (signed, *codec.split_session(session)):
        assert signature.has_valid_signature(codec.from_json(raw, "x"), raw, key)


def test_a_report_that_was_signed_before_json_was_escaped_still_verifies() -> None:
    key = signature.make_key("Ada")
    report = plant_text(make_eventful_report(), "\u202e\x9b\u200b\x7f##[error]")
    zeroed = signature.sign_report(report, key)
    mac = json.loads(zeroed)["signature"]["mac"]
    unsigned = json.loads(zeroed) | {"signature": {"mac": signature.UNSIGNED_MAC}}
    raw = (json.dumps(unsigned, indent=2, ensure_ascii=False) + "\n").encode()
    assert "\u202e".encode() in raw
    old = raw.replace(signature.UNSIGNED_MAC.encode(), signature.compute_mac(raw, key).encode())
    assert mac.encode() not in old
    assert signature.has_valid_signature(codec.from_json(old, "x"), old, key)
    (part, _) = codec.split_session(codec.encode_session([old, old]))
    assert signature.has_valid_signature(codec.from_json(part, "x"), part, key)


@pytest.mark.parametrize(
    "text",
    ["fe80::1", "[::]:5432", ":::80->80/tcp", "::ffff:10.0.0.1", "LogStash::ConfigurationError",
     "std::string", "a.py::test_x", "# [x]", "#[x]", "Error::Other: no", "::1 is up"],
)  # fmt: skip
def test_what_only_resembles_a_command_stays_as_it_is(text: str) -> None:
    assert sanitize_line(text) == text


@corpus
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_command_does_not_come_to_life_where_characters_are_respelt(text: str, encoding: str) -> None:
    respelt = respell_for_encoding(sanitize_line(text, 1000), encoding)
    assert not LINE_COMMAND.search(respelt)
    assert not ANYWHERE_COMMAND.search(respelt)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("=1", "'=1"),
        (" =1", "' =1"),
        ("x, @SUM(A1)", "x,' @SUM(A1)"),
        ('x;"=1', "x;'\"=1"),
        ("Ada-Maria Lovelace", "Ada-Maria Lovelace"),
        ("'=1", "'=1"),
        ("a;b", "a;b"),
    ],
)
def test_a_cell_begins_with_no_formula_wherever_a_reader_splits_it(text: str, cell: str) -> None:
    assert escape_csv_cell(text) == cell
    assert escape_csv_cell(cell) == cell
