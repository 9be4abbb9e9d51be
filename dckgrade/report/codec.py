"""Encode and decode reports as JSON: the only owner of the format's version and of its bounds."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

from dckgrade import __version__
from dckgrade.i18n import N_, UserError
from dckgrade.report.characters import escape_json
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import Recording
from dckgrade.report.report import REPORT_SCHEMA, SESSION_SCHEMA, Report, Session, sum_scores

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
MAX_REPORT_BYTES = 1024 * 1024
"""Of one report that is handed in; ours have some tens of kilobytes."""
MAX_FACT_DEPTH = 20
"""No fact is nested a quarter as deep."""
_DEPTH_OF_FACTS = 4
"""Of the facts in a report: below its observations, one of them, and `facts`."""
MAX_SESSION_REPORTS = 100
"""In a session; a course has ten labs."""

_CONTAINERS = (dict, list)


class UnreadableReport(UserError):
    """A file that is no report of ours."""


def to_json(report: Report) -> bytes:
    """Write *report* as one JSON document, indented, ending in a newline."""
    return encode_document(report)


def encode_document(document: object) -> bytes:
    """Write any document of ours as JSON, indented, ending in a newline; nothing in it acts on a terminal."""
    try:
        raw = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # The engine's strings can hold halves of surrogate pairs, which JSON in UTF-8 cannot.
        raw = msgspec.json.encode(replace_surrogates(msgspec.to_builtins(document)))
    raw = msgspec.json.format(raw, indent=2) + b"\n"
    return escape_json(raw)


def iter_document(document: Struct, field: str) -> Iterator[bytes]:
    """Yield what `encode_document` writes, in pieces: one for each entry of the list in *field*."""
    opening = f'\n  "{field}": ['.encode()
    # Strings hold no raw line break: only a field of the document itself is two spaces in.
    before, _, after = encode_document(replace(document, **{field: []})).partition(opening)
    yield before + opening
    entries = getattr(document, field)
    for at, entry in enumerate(entries):
        yield (b"," if at else b"") + b"\n    " + encode_document(entry).rstrip().replace(b"\n", b"\n    ")
    yield (b"\n  " if entries else b"") + after


def replace_surrogates(value: Any) -> Any:
    """Replace what UTF-8 cannot hold."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {replace_surrogates(name): replace_surrogates(item) for name, item in value.items()}
        case list():
            return [replace_surrogates(item) for item in value]
        case _:
            return value


def from_json(raw: bytes, source: str) -> Report:
    """Read a report; raises `UnreadableReport` that names *source* and what is wrong with it."""
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise UnreadableReport(
            N_("{source} has {bytes} bytes; a report has at most {most}."),
            source=source,
            bytes=len(raw),
            most=MAX_DOCUMENT_BYTES,
        )
    try:
        report = parse_json(raw, Report)
        for seen in report.observations.values():
            refuse_deep_nesting(getattr(seen, "facts", None), MAX_FACT_DEPTH)
        for line in report.checks:
            refuse_deep_nesting([[miss.wanted, miss.found] for miss in line.misses], MAX_FACT_DEPTH)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableReport(
            N_("{source} is not a dckgrade report: {error}."),
            N_("A report is what `dckgrade LAB -o report.json` writes."),
            source=source,
            error=error,
        ) from None
    except RecursionError:
        raise UnreadableReport(N_("{source} is nested too deeply for a report."), source=source) from None
    return report


_SessionParts = msgspec.defstruct(
    "_SessionParts",
    [(f"part_{number}", msgspec.Raw, msgspec.Raw(b"")) for number in range(MAX_SESSION_REPORTS)],
    array_like=True,
    forbid_unknown_fields=True,
)
"""The list of reports in a session: the first one too many ends the reading, before it is kept."""


class SessionEnvelope(Struct):
    """As much of a file as tells whether it is a session."""

    schema: str = ""
    reports: _SessionParts = msgspec.field(default_factory=_SessionParts)  # type: ignore[valid-type]


def encode_session(documents: Sequence[bytes]) -> bytes:
    """Write a session of reports, each as it was written: a signature in it stays good."""
    reports = [from_json(document, "report") for document in documents]
    whole = {
        "schema": SESSION_SCHEMA,
        "dckgrade": __version__,
        "complete": all(report.complete for report in reports),
        "score": sum_scores(reports),
        "reports": [msgspec.Raw(document) for document in documents],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def split_session(raw: bytes) -> Iterator[bytes]:
    """
    Yield the reports in a session, one at a time, each as `to_json` wrote it.

    Any other file is its own only part.
    """
    parts = _find_session_parts(raw)
    yield from map(_indent_part, parts) if parts else [raw]


def _find_session_parts(raw: bytes) -> list[msgspec.Raw]:
    """Return the parts of a session; [] for what is none, or has more of them than any."""
    if len(raw) > MAX_DOCUMENT_BYTES or SESSION_SCHEMA.encode() not in raw:
        return []
    try:
        held = parse_json(raw, SessionEnvelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    return [part for part in astuple(held.reports) if part] if held.schema == SESSION_SCHEMA else []


def _indent_part(part: msgspec.Raw) -> bytes:
    """Write a part of a session as `to_json` does; what is no report, and would grow by that, as it is."""
    content = bytes(part)
    if len(content) <= MAX_REPORT_BYTES:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            refuse_deep_nesting(parse_json(content), MAX_FACT_DEPTH + _DEPTH_OF_FACTS)
            return msgspec.json.format(content, indent=2) + b"\n"
    return content


def refuse_deep_nesting(value: Any, most: int) -> None:
    """Raise `RecursionError` if *value* holds anything *most* levels down: what is read must be writable."""
    nested = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(most - 1):
        if not nested:
            return
        nested = [
            item
            for outer in nested
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, _CONTAINERS)
        ]
    if any(nested):
        raise RecursionError


def extract_recording(report: Report) -> Recording:
    """Take out of *report* what was seen, leaving behind what was judged."""
    return Recording(**{name: getattr(report, name) for name in Recording.__struct_fields__})


def build_report_schema(of: Literal["report", "session"] = "report") -> dict[str, Any]:
    """Describe the document as JSON Schema, draft 2020-12."""
    title, kind = (SESSION_SCHEMA, Session) if of == "session" else (REPORT_SCHEMA, Report)
    return build_document_schema(title, kind)


def build_document_schema(title: str, kind: type[Struct]) -> dict[str, Any]:
    """Describe documents of *kind* as JSON Schema, draft 2020-12."""
    (root,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }
