"""`dckgrade sheet ch1`: what a lab asks, on a terminal, as Markdown or as a page to hand out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dckgrade.cli import completion, language, options, output
from dckgrade.i18n import N_, UserError
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind

SheetFormat = StrEnum("SheetFormat", formats.list_stdout_names(DocumentKind.SHEET))  # type: ignore[misc]
"""What `-f` offers for sheets."""
DEFAULT_SHEET_FORMAT = SheetFormat(formats.TEXT.name)

SheetOutputs = Annotated[
    list[Path] | None,
    options.make_output_option(
        DocumentKind.SHEET,
        N_("Also write the sheet to this file, in the format of its extension. Repeatable."),
    ),
]


class NoSheet(UserError):
    """A lab that does not say what it asks."""


def sheet(
    lab: Annotated[
        str,
        typer.Argument(
            metavar="LAB", autocompletion=completion.complete_labs, help=N_("The lab, such as tp5.")
        ),
    ],
    shape: Annotated[
        SheetFormat, typer.Option("-f", "--format", help=N_("Format to print on standard output."))
    ] = DEFAULT_SHEET_FORMAT,
    outputs: SheetOutputs = None,
    lang: options.Language = None,
) -> None:
    """Show what a lab asks."""
    from dckgrade.lab.discovery import find_typed_lab_path
    from dckgrade.lab.load import load_lab

    paths = output.validate_output_paths(outputs or [], kind=DocumentKind.SHEET)
    asked = load_lab(find_typed_lab_path(lab)).lab
    if asked.sheet is None:
        raise NoSheet(
            N_("The lab “{lab}” has no sheet."),
            N_("`sheet: {{fr: …, en: …}}` in its file would be shown here."),
            lab=asked.id,
        )
    spoken = language.get_language()
    output.print_document(DocumentKind.SHEET, asked, shape, lang=spoken)
    output.write_document(DocumentKind.SHEET, asked, paths, lang=spoken)
