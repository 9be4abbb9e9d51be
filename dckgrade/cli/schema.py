"""`dckgrade schema`: what editors and other programs need to read our files."""

import json
from typing import Annotated

import typer

from dckgrade.words import N_


def schema(
    report: Annotated[
        bool, typer.Option("--report", help=N_("Of the JSON report instead of the lab."))
    ] = False,
) -> None:
    """Print the JSON Schema of labs."""
    from dckgrade import codec
    from dckgrade.lab import schema as lab

    print(json.dumps(codec.schema() if report else lab.schema(), indent=2, ensure_ascii=False))
