"""Every format of the table, rendered; and those that must make hostile text harmless to look at."""

import io
from collections.abc import Collection
from typing import Any

from rich.console import Console

from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.report.class_report import ClassReport

FOR_PROGRAMS: Collection[str] = {"json"}
"""Formats that hand text on as it was, escaped for their syntax alone, so that it is read back whole."""


def list_sanitizing_formats(kind: DocumentKind) -> list[str]:
    """List the formats in which no control character may be left; a new row is among them."""
    return [row.name for row in formats.list_formats(kind) if row.name not in FOR_PROGRAMS]


def render_to_bytes(name: str, kind: DocumentKind, document: object, **options: Any) -> bytes:
    """Render *document* in the format called *name*; for a terminal of 80 columns without colour."""
    chosen = formats.get_format(name)
    if not chosen.for_terminal:
        return chosen.encode(kind, document, **options)
    console = Console(file=io.StringIO(), width=80, highlight=False, emoji=False)
    for part in chosen.render(kind, document, **options):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().encode()


def render_class_page(report: ClassReport) -> str:
    """Render a class as one HTML page."""
    return render_to_bytes("html", DocumentKind.CLASS_REPORT, report).decode()


def remove_layout(text: str) -> str:
    """Take away the line ends and French spaces that are our own."""
    for own in ("\r\n", "\n", "\xa0", "\u202f"):
        text = text.replace(own, "")
    return text
