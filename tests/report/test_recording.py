"""Recordings of engines ⇄ JSON: real ones come back as they were, what is none is refused in words."""

import json
from pathlib import Path

import jsonschema
import pytest

from dckgrade.report import codec
from dckgrade.report.recording import MAX_PROBES, build_recording_schema, parse_engine_recording
from tests.conftest import FIXTURES
from tests.support.engine_recordings import RECORDINGS

REAL = sorted(RECORDINGS.glob("*.json"))
ONE = REAL[0].read_bytes()


def test_there_are_recordings_of_real_engines() -> None:
    assert len(REAL) >= 8


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_recording_comes_back_to_the_byte_and_satisfies_the_schema(path: Path) -> None:
    raw = path.read_bytes()

    assert codec.encode_document(parse_engine_recording(raw, "sent")) == raw
    jsonschema.Draft202012Validator(build_recording_schema()).validate(json.loads(raw))


def nest(levels: int) -> bytes:
    document = json.loads(ONE)
    seen = next(found for found in document["recording"]["observations"].values() if "facts" in found)
    seen["facts"]["deep"] = json.loads("[" * levels + "]" * levels)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        ONE[:-40],
        nest(60),
        (FIXTURES / "tp5" / "untouched" / "recording.json").read_bytes(),
        ONE.replace(b'"probes"', b'"proves"'),
    ],
    ids=["empty", "list", "bytes", "cut", "deep", "report", "without probes"],
)
def test_what_is_no_recording_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(codec.UnreadableReport, match=r"sent\.json is not a recording of an engine: .*record"):
        parse_engine_recording(raw, "sent.json")


def test_more_probes_than_a_recording_may_have_are_refused() -> None:
    document = json.loads(ONE)
    document["probes"] = {str(number): {"kind": "volume", "name": "x"} for number in range(MAX_PROBES + 1)}

    with pytest.raises(codec.UnreadableReport, match="length"):
        parse_engine_recording(json.dumps(document).encode(), "sent.json")


def test_a_recording_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(codec.UnreadableReport, match="8388609 bytes; a recording has at most"):
        parse_engine_recording(b" " * (codec.MAX_DOCUMENT_BYTES + 1), "sent.json")
