"""The document that `dckgrade record` writes: all that was seen of an engine, and by which probes."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.i18n import N_
from dckgrade.report.codec import (
    MAX_DOCUMENT_BYTES,
    MAX_FACT_DEPTH,
    UnreadableReport,
    build_document_schema,
    refuse_deep_nesting,
)
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import Recording

RECORDING_SCHEMA: Literal["dckgrade-recording/1"] = "dckgrade-recording/1"
MAX_PROBES = 600
"""Ten containers on one network lead to some 400."""


class EngineRecording(Struct, frozen=True, kw_only=True):
    """What was seen of one engine, whatever lab will be made of it."""

    schema: Literal["dckgrade-recording/1"]
    dckgrade: str
    probes: Annotated[dict[str, dict[str, Any]], Meta(max_length=MAX_PROBES)]
    """By the key of its observation, each probe as a lab writes it."""
    recording: Recording
    """`complete` is false where the engine holds more than may be looked at."""


def parse_engine_recording(raw: bytes, source: str) -> EngineRecording:
    """Read a recording; raises `UnreadableReport` that names *source* and what is wrong with it."""
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise UnreadableReport(
            N_("{source} has {bytes} bytes; a recording has at most {most}."),
            source=source,
            bytes=len(raw),
            most=MAX_DOCUMENT_BYTES,
        )
    try:
        document = parse_json(raw, EngineRecording)
        for seen in document.recording.observations.values():
            refuse_deep_nesting(getattr(seen, "facts", None), MAX_FACT_DEPTH)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableReport(
            N_("{source} is not a recording of an engine: {error}."),
            N_("`dckgrade record -o {example}` writes one; a lab's report is none."),
            source=source,
            error=error,
            example="before.json",
        ) from None
    return document


def build_recording_schema() -> dict[str, Any]:
    """Describe the document as JSON Schema, draft 2020-12."""
    return build_document_schema(RECORDING_SCHEMA, EngineRecording)
