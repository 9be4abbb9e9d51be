"""Encode and decode reports as JSON: the only owner of the format's version and of its bounds."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from dckgrade import __version__
from dckgrade.i18n import N_, UserError
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import Recording
from dckgrade.report.report import REPORT_SCHEMA, SESSION_SCHEMA, Report, Session, sum_scores

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
MAX_FACT_DEPTH = 20
"""No fact is nested a quarter as deep."""
MAX_SESSION_REPORTS = 100
"""In a session; a course has ten labs."""


class UnreadableReport(UserError):
    """A file that is no report of ours."""


def to_json(report: Report) -> bytes:
    """Write *report* as one JSON document, indented, ending in a newline."""
    # The engine's strings can hold halves of surrogate pairs, which JSON in UTF-8 cannot.
    plain = replace_surrogates(msgspec.to_builtins(report))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


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


class SessionEnvelope(Struct):
    """As much of a file as tells whether it is a session."""

    schema: str = ""
    reports: list[msgspec.Raw] = []


def encode_session(documents: Sequence[bytes]) -> bytes:
    """Write a session of reports, each as it was written: a signature in it stays good (see `parts`)."""
    reports = [from_json(document, "report") for document in documents]
    whole = {
        "schema": SESSION_SCHEMA,
        "dckgrade": __version__,
        "complete": all(report.complete for report in reports),
        "score": sum_scores(reports),
        "reports": [msgspec.Raw(document) for document in documents],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def split_session(raw: bytes) -> list[bytes]:
    """Return the reports in a session, each as `to_json` wrote it; any other file is its own only part."""
    if len(raw) > MAX_DOCUMENT_BYTES or SESSION_SCHEMA.encode() not in raw:
        return [raw]
    try:
        held = parse_json(raw, SessionEnvelope)
        apart = [msgspec.json.format(bytes(report), indent=2) + b"\n" for report in held.reports]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [raw]
    return apart if held.schema == SESSION_SCHEMA and 0 < len(apart) <= MAX_SESSION_REPORTS else [raw]


def refuse_deep_nesting(value: Any, left: int) -> None:
    """Raise `RecursionError` where *value* is nested deeper than *left*: what is read must be writable."""
    if left == 0:
        raise RecursionError
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            refuse_deep_nesting(item, left - 1)


def extract_recording(report: Report) -> Recording:
    """Take out of *report* what was seen, leaving behind what was judged."""
    return Recording(**{name: getattr(report, name) for name in Recording.__struct_fields__})


def build_report_schema(of: Literal["report", "session"] = "report") -> dict[str, Any]:
    """Describe the document as JSON Schema, draft 2020-12."""
    title, kind = (SESSION_SCHEMA, Session) if of == "session" else (REPORT_SCHEMA, Report)
    (root,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }
