"""`dckgrade new`: a lab to fill in, with a solution and a first mistake."""

from pathlib import Path
from typing import Annotated

import typer

from dckgrade.cli import language, options
from dckgrade.i18n import N_, get_translator


def new(
    lab: Annotated[str, typer.Argument(help=N_("Name of the lab, such as tp6."))],
    labs: Annotated[Path, typer.Option("--labs", metavar="DIR", help=N_("Folder of the labs."))] = Path(
        "checks"
    ),
    fixtures: Annotated[
        Path, typer.Option("--fixtures", metavar="DIR", help=N_("Folder of the solutions and mistakes."))
    ] = Path("fixtures"),
    lang: options.Language = None,
) -> None:
    """Write a lab to fill in, with its solution and a first mistake; overwrite nothing."""
    from dckgrade.prove.skeleton import write_skeleton

    for path in (written := write_skeleton(lab, labs, fixtures)):
        print(path)
    next_ = N_("Fill in every “todo”, then: dckgrade lint {path} && dckgrade prove {path}")
    print("\n" + get_translator(language.get_language())(next_).format(path=written[0]))
