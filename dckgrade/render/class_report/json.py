"""Render a class report as one JSON document."""

from collections.abc import Iterator

from dckgrade.report.class_report import ClassReport
from dckgrade.report.codec import iter_document


def iter_class_json(report: ClassReport) -> Iterator[bytes]:
    """Encode the class report, indented, ending in a newline, a trainee at a time."""
    return iter_document(report, "rows")
