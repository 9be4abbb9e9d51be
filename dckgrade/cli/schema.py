"""`dckgrade schema`: what editors and other programs need to read our files."""

import json
from typing import Annotated

import typer

from dckgrade.i18n import N_


def schema(
    report: Annotated[
        bool, typer.Option("--report", help=N_("Print the schema of JSON reports instead."))
    ] = False,
    session: Annotated[
        bool, typer.Option("--session", help=N_("Print the schema of what `dckgrade all` writes."))
    ] = False,
    recording: Annotated[
        bool, typer.Option("--recording", help=N_("Print the schema of what `dckgrade record` writes."))
    ] = False,
) -> None:
    """Print the JSON Schema of labs."""
    from dckgrade.lab import schema as lab
    from dckgrade.report import codec
    from dckgrade.report.recording import build_recording_schema

    made = (
        codec.build_report_schema("session")
        if session
        else build_recording_schema()
        if recording
        else codec.build_report_schema()
        if report
        else lab.build_lab_schema()
    )
    print(json.dumps(made, indent=2, ensure_ascii=False))
