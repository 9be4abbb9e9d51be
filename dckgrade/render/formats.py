"""
The output formats, a row each: command line, files and tests take from here which ones there are.

A new format is a renderer module and a row. Nothing here imports a renderer before it is called, since
`--help` lists the formats.
"""

import inspect
from collections.abc import Iterator, Sequence
from enum import Enum
from importlib import import_module
from typing import Any, NamedTuple


class DocumentKind(Enum):
    """What can be rendered; the value is the field of `OutputFormat` that names the renderer."""

    REPORT = "report"
    """The reports of one run, a lab each: `Sequence[Report]`.

    Options: `hints`, `encode_report`, `find_sheet`."""
    CLASS_REPORT = "class_report"
    """One `ClassReport`. Options: `excel`."""
    PROOF = "proof"
    """Proofs, a lab each: `Sequence[Proof]`. Options: `lang`."""
    SHEET = "sheet"
    """What one lab asks: a `Lab` that has a sheet. Options: `lang`."""


class OutputFormat(NamedTuple):
    """
    One format. `report`, `class_report`, `proof` and `sheet` name the renderer of that kind of document, None
    where there is none, as `module:function` below `dckgrade.render`.

    A renderer takes the document and, by name, those of the kind's options that it heeds. It returns bytes or
    text, or yields them in pieces where there may be much; one for the terminal returns what Rich prints.
    """

    name: str
    """For `-f`."""
    suffix: str = ""
    """How names of its files end, for `-o`; empty for a format that is for standard output alone."""
    report: str | None = None
    class_report: str | None = None
    proof: str | None = None
    sheet: str | None = None
    for_terminal: bool = False
    appendable: bool = False
    """Whether several documents can follow one another on standard output."""
    not_on_stdout: Sequence[DocumentKind] = ()
    """The kinds of documents for which `-f` does not offer it."""

    def load_renderer(self, kind: DocumentKind) -> Any:
        """Import the renderer of documents of *kind*."""
        module, _, function = getattr(self, kind.value).partition(":")
        return getattr(import_module(f"dckgrade.render.{module}"), function)

    def render(self, kind: DocumentKind, document: Any, **options: object) -> Any:
        """Render *document* with those of *options* that the renderer heeds."""
        renderer = self.load_renderer(kind)
        heeded = inspect.signature(renderer).parameters
        return renderer(document, **{name: value for name, value in options.items() if name in heeded})

    def encode(self, kind: DocumentKind, document: Any, **options: object) -> bytes:
        """Render *document* as the content of a file."""
        return b"".join(self.iter_encoded(kind, document, **options))

    def iter_encoded(self, kind: DocumentKind, document: Any, **options: object) -> Iterator[bytes]:
        """Render *document* as the content of a file, in pieces where it may be large."""
        rendered: str | bytes | Iterator[str | bytes] = self.render(kind, document, **options)
        for piece in [rendered] if isinstance(rendered, (str, bytes)) else rendered:
            yield piece if isinstance(piece, bytes) else piece.encode()


TEXT = OutputFormat(
    "text",
    report="report.terminal:render_session",
    class_report="class_report.terminal:render_class_terminal",
    proof="proof.terminal:render_proofs_terminal",
    sheet="sheet.terminal:render_sheet_terminal",
    for_terminal=True,
    appendable=True,
)
FORMATS = [
    TEXT,
    OutputFormat(
        "json",
        ".json",
        report="report.json:render_json",
        class_report="class_report.json:iter_class_json",
        proof="proof.json:render_proof_json",
    ),
    OutputFormat(
        "html",
        ".html",
        report="report.html:render_session_page",
        class_report="class_report.html:iter_class_page",
        proof="proof.html:render_proof_page",
        sheet="sheet.html:render_sheet_page",
        not_on_stdout=list(DocumentKind),
    ),
    OutputFormat(
        "junit",
        ".xml",
        report="report.junit:render_junit",
        class_report="class_report.junit:render_class_junit",
        proof="proof.junit:render_proof_junit",
        not_on_stdout=[DocumentKind.CLASS_REPORT],
    ),
    OutputFormat("tap", ".tap", report="report.tap:render_tap"),
    OutputFormat(
        "md",
        ".md",
        report="report.markdown:render_markdown",
        proof="proof.markdown:render_proof_markdown",
        sheet="sheet.markdown:render_sheet_markdown",
        appendable=True,
    ),
    OutputFormat(
        "github",
        report="report.github:render_github",
        proof="proof.github:render_proof_github",
        appendable=True,
    ),
    OutputFormat(
        "csv", ".csv", report="report.csv:render_csv", class_report="class_report.csv:render_spreadsheet"
    ),
    OutputFormat("gradescope", ".gradescope.json", report="report.gradescope:render_gradescope"),
]


def list_formats(kind: DocumentKind) -> Iterator[OutputFormat]:
    """List the formats in which documents of *kind* can be rendered."""
    return (row for row in FORMATS if getattr(row, kind.value))


def list_stdout_names(kind: DocumentKind) -> list[str]:
    """List what `-f` offers."""
    return [row.name for row in list_formats(kind) if kind not in row.not_on_stdout]


def list_suffixes(kind: DocumentKind) -> list[str]:
    """List how the name of a file for `-o` can end."""
    return [row.suffix for row in list_formats(kind) if row.suffix]


def get_format(name: str) -> OutputFormat:
    """Return the format that is called *name*."""
    return next(row for row in FORMATS if row.name == name)


def find_format_of_file(file_name: str, kind: DocumentKind) -> OutputFormat | None:
    """Return the format whose suffix the file's name ends in, the longest: `a.gradescope.json` is no JSON."""
    fitting = [
        row
        for row in list_formats(kind)
        if row.suffix and file_name.endswith(row.suffix) and file_name != row.suffix
    ]
    return max(fitting, key=lambda row: len(row.suffix), default=None)
