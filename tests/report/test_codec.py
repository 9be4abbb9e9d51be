"""Reports ⇄ JSON: real ones come back as they were, hostile ones are refused in words."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dckgrade.report import characters, codec
from dckgrade.report.observation import Absent, EngineInfo, Seen, Unobservable, UnobservableReason
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import CheckResult, Mismatch, NamedMistake, Reason, Score, Verdict

ROOT = Path(__file__).parents[2]
REAL = sorted((ROOT / "fixtures" / "tp5").rglob("recording.json"))
"""Reports of real engines."""
ONE = (ROOT / "fixtures" / "tp5" / "mistakes" / "no-password" / "recording.json").read_bytes()
VALIDATOR = jsonschema.Draft202012Validator(codec.build_report_schema())


def read(raw: bytes) -> Report:
    return codec.from_json(raw, "sent.json")


def refusal(raw: bytes) -> str:
    with pytest.raises(codec.UnreadableReport) as refused:
        read(raw)
    return str(refused.value)


def test_there_are_reports_of_real_engines() -> None:
    assert len(REAL) >= 15


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.parent.name)
def test_a_real_report_comes_back_to_the_byte_and_satisfies_the_schema(path: Path) -> None:
    raw = path.read_bytes()
    assert codec.to_json(read(raw)) == raw
    VALIDATOR.validate(json.loads(raw))


def test_the_committed_schema_is_what_the_command_prints() -> None:
    committed = (ROOT / "dckgrade" / "report" / "report.schema.json").read_text(encoding="utf-8")
    fresh = json.dumps(codec.build_report_schema(), indent=2, ensure_ascii=False) + "\n"
    assert committed == fresh, "run: dckgrade schema --report > dckgrade/report/report.schema.json"


def test_the_schema_is_valid_and_refuses_what_is_no_report() -> None:
    jsonschema.Draft202012Validator.check_schema(codec.build_report_schema())
    report = json.loads(ONE)
    for name in (
        "dckgrade",
        "lang",
        "lab",
        "engine",
        "started_at",
        "complete",
        "score",
        "checks",
        "observations",
    ):
        assert not VALIDATOR.is_valid({key: value for key, value in report.items() if key != name}), name
    assert not VALIDATOR.is_valid({**report, "schema": "dckgrade-report/2"})
    assert not VALIDATOR.is_valid({**report, "lang": "de"})


def test_a_recording_is_what_was_seen_and_nothing_that_was_judged() -> None:
    report = read(ONE)
    recording = codec.extract_recording(report)
    assert recording.observations == report.observations
    assert (recording.engine, recording.started_at) == (report.engine, report.started_at)
    assert (recording.complete, recording.passive) == (report.complete, report.passive)
    assert (recording.only, recording.starting) == (report.only, report.starting)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"{", b"null", b"[]", b"{}", b"1", b'"', b'"\\ud800"', b"\xff\xfe", b"\0" * 99,
        b"[" * 100_000, b'{"a":' * 100_000, b"1e999", b"9" * 5000, b"NaN", b"{'a': 1}", b'{"schema": "x"}',
        b"PK\x03\x04", b"<html>", b"\xef\xbb\xbf{}",
        ONE + ONE, ONE[:-3], ONE.replace(b"{", b"[", 1), b"[" + ONE + b"]",
        ONE.replace(b"dckgrade-report/1", b"dckgrade-report/2"), ONE.replace(b'"failed"', b'"won"'),
        ONE.replace(b'"state": "seen"', b'"state": "dreamt"'), ONE.replace(b'"earned": 0', b'"earned": NaN'),
        ONE.replace(b'"earned": 0', b'"earned": "10"'), ONE.replace(b'"earned": 0', b'"earned": 0.5'),
        ONE.replace(b'"lang": "fr"', b'"lang": null'),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_by_its_name(raw: bytes) -> None:
    assert raw != ONE
    assert "sent.json" in refusal(raw)


def test_a_report_that_is_too_large_is_not_even_read() -> None:
    assert f"at most {codec.MAX_DOCUMENT_BYTES}" in refusal(b" " * (codec.MAX_DOCUMENT_BYTES + 1))


@pytest.mark.parametrize("raw", [ONE.replace(b'"fr"', b'"\xff"'), ONE.replace(b"dckgrade-", b"dckgrade\x80")])
def test_a_report_that_is_not_utf_8_is_refused_by_its_name(raw: bytes) -> None:
    assert "sent.json" in refusal(raw)


def test_a_report_that_is_nested_deeper_than_any_is_refused_or_can_be_written() -> None:
    deep = b"[" * 900 + b"]" * 900
    raw = ONE.replace(b'"exit_code": 1', b'"exit_code": ' + deep)
    assert raw != ONE
    try:
        report = read(raw)
    except codec.UnreadableReport:
        return
    codec.to_json(report)


TEXT = ONE.decode()
PATCHES = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["{", "[", '"', "null", "\\ud800"]
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 50), PATCHES)
def test_no_text_does_anything_but_be_a_report_or_be_refused(start: int, cut: int, patch: str) -> None:
    try:
        report = read((TEXT[:start] + patch + TEXT[start + cut :]).encode())
    except codec.UnreadableReport:
        return
    assert read(codec.to_json(report)) == report


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_random_text_crashes_the_reader(text: str) -> None:
    assert "sent.json" in refusal(text.encode())


anything = st.text(st.characters(exclude_categories=[]), max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Make up a report whose every string is whatever an engine or a trainee could write."""
    named = NamedMistake(code="ST-01", name=draw(anything), message=draw(anything), hint=draw(anything))
    line = CheckResult(
        id="a",
        title=draw(anything),
        points=1,
        earned=0,
        verdict=draw(st.sampled_from(list(Verdict))),
        misses=[Mismatch(fact=draw(anything), wanted=draw(values), found=draw(values))],
        diagnosis=named,
        remarks=[named],
        reason=Reason(code="c", detail=draw(anything)),
    )
    return Report(
        dckgrade="0",
        lang="fr",
        trainee=draw(st.none() | anything),
        lab=LabRef(id="a", title=draw(anything), digest="sha256:0"),
        engine=EngineInfo(endpoint=draw(anything)),
        started_at="2026-01-01T00:00:00Z",
        duration_ms=1,
        complete=True,
        score=Score(earned=0, possible=1, undecided=1),
        checks=[line],
        observations={
            draw(anything): Seen(
                kind="a", facts=draw(st.dictionaries(anything, values, max_size=3)), age_s=1.5
            ),
            "absent": Absent(kind="a"),
            "unobservable": Unobservable(kind="a", why=UnobservableReason.CRASH, detail=draw(anything)),
        },
    )


@settings(max_examples=150, deadline=None)
@given(reports())
def test_whatever_an_engine_writes_can_be_stored_read_back_and_satisfies_the_schema(report: Report) -> None:
    raw = codec.to_json(report)
    VALIDATOR.validate(json.loads(raw))
    again = read(raw)
    assert codec.to_json(again) == raw
    if "\ufffd" not in raw.decode() and storable(report):
        assert again == report


def storable(report: Report) -> bool:
    """Say whether UTF-8 can hold every string of *report*."""
    try:
        repr(report).encode()
        json.dumps(replace(report, observations={}).trainee).encode()
    except UnicodeEncodeError:
        return False
    return "\\ud" not in ascii(report)


def test_half_of_a_surrogate_pair_becomes_a_question_mark() -> None:
    report = replace(read(ONE), trainee="a\ud800b")
    assert read(codec.to_json(report)).trainee == "a?b"


class Listing(msgspec.Struct):
    """A document with lists at two depths."""

    title: str
    rows: list[dict[str, object]]
    end: list[int]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{}],
        [{"rows": []}, {"rows": [1], "text": '\n  "rows": [\n'}],
        [{"name": "\u202eA"}, {"name": "::error::"}, {"name": "a\ud800"}],
    ],
)
def test_a_document_written_in_pieces_is_the_one_written_at_once(rows: list[dict[str, object]]) -> None:
    document = Listing('\n  "rows": [', rows, [1])
    assert b"".join(codec.iter_document(document, "rows")) == codec.encode_document(document)


def test_a_document_of_many_pieces_is_escaped_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"facts": ["\u202e évasif", "x##[error]y", "::error::", "plain", "é" * 40] * 3}
    whole = codec.encode_document(document)
    monkeypatch.setattr(characters, "_PIECE_BYTES", 7)
    assert codec.encode_document(document) == whole
    assert msgspec.json.decode(whole) == document
