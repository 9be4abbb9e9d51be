"""Reports ⇄ JSON: the only owner of the format's version, and of what is refused when a report is read."""

from typing import Any

import msgspec

from dckgrade.observation import Recording
from dckgrade.report import SCHEMA, Report
from dckgrade.words import N_, Trouble

MAX_BYTES = 8 * 1024 * 1024
DEEPEST = 20
"""No fact is nested a quarter as deep."""


class UnreadableReport(Trouble):
    """A file that is no report of ours."""


def to_json(report: Report) -> bytes:
    """Write *report* as one JSON document, indented, ending in a newline."""
    # The engine's strings can hold halves of surrogate pairs, which JSON in UTF-8 cannot.
    plain = storable(msgspec.to_builtins(report))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def storable(value: Any) -> Any:
    """Replace what UTF-8 cannot hold."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {storable(name): storable(one) for name, one in value.items()}
        case list():
            return [storable(one) for one in value]
        case _:
            return value


def from_json(raw: bytes, source: str) -> Report:
    """Read a report; raises `UnreadableReport` that names *source* and what is wrong with it."""
    if len(raw) > MAX_BYTES:
        raise UnreadableReport(
            N_("{source} has {bytes} bytes; a report has at most {most}."),
            source=source,
            bytes=len(raw),
            most=MAX_BYTES,
        )
    try:
        report = msgspec.json.decode(raw, type=Report)
        for seen in report.observations.values():
            bounded(getattr(seen, "facts", None), DEEPEST)
        for line in report.checks:
            bounded([[miss.wanted, miss.found] for miss in line.misses], DEEPEST)
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


def bounded(value: Any, left: int) -> None:
    """Raise `RecursionError` where *value* is nested deeper than *left*: what is read must be writable."""
    if left == 0:
        raise RecursionError
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            bounded(one, left - 1)


def recording(report: Report) -> Recording:
    """Take out of *report* what was seen, leaving behind what was judged."""
    return Recording(**{name: getattr(report, name) for name in Recording.__struct_fields__})


def schema() -> dict[str, Any]:
    """Describe the report as JSON Schema, draft 2020-12."""
    (root,), definitions = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }
