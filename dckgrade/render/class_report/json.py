"""Render a class report as one JSON document."""

import msgspec

from dckgrade.report.class_report import ClassReport
from dckgrade.report.codec import replace_surrogates


def render_class_json(report: ClassReport) -> bytes:
    """Encode the class report, indented, ending in a newline."""
    return (
        msgspec.json.format(msgspec.json.encode(replace_surrogates(msgspec.to_builtins(report))), indent=2)
        + b"\n"
    )
