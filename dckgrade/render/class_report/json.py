"""Render a class report as one JSON document."""

from dckgrade.report.class_report import ClassReport
from dckgrade.report.codec import encode_document


def render_class_json(report: ClassReport) -> bytes:
    """Encode the class report, indented, ending in a newline."""
    return encode_document(report)
