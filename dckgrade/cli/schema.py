"""`dckgrade schema`: what editors and other programs need to read our files."""

import json
from typing import Annotated

import typer

from dckgrade.i18n import N_


def schema(
    report: Annotated[
        bool, typer.Option("--report", help=N_("Of the JSON report instead of the lab."))
    ] = False,
    session: Annotated[bool, typer.Option("--session", help=N_("Of what `dckgrade all` writes."))] = False,
) -> None:
    """Print the JSON Schema of labs."""
    from dckgrade.lab import schema as lab
    from dckgrade.report import codec

    made = (
        codec.build_report_schema("session")
        if session
        else codec.build_report_schema()
        if report
        else lab.build_lab_schema()
    )
    print(json.dumps(made, indent=2, ensure_ascii=False))
