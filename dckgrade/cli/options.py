"""The options that several commands share, each spelt once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dckgrade.cli import completion
from dckgrade.cli.output import ReportFormat
from dckgrade.i18n import N_
from dckgrade.render.formats import DocumentKind, list_suffixes

ReportFormatOption = Annotated[
    ReportFormat, typer.Option("-f", "--format", help=N_("Format to print on standard output."))
]


REPORT_OUTPUT_HELP = N_("Also write the report to this file, in the format of its extension. Repeatable.")


def make_output_option(kind: DocumentKind, about: str = REPORT_OUTPUT_HELP) -> Any:
    """Make the option `-o` of a command that writes documents of *kind*."""
    return typer.Option(
        "-o",
        "--output",
        metavar=f"FILE({'|'.join(list_suffixes(kind))})",
        help=about,
    )


ReportOutputs = Annotated[list[Path] | None, make_output_option(DocumentKind.REPORT)]
Hints = Annotated[
    int,
    typer.Option(
        "--hints",
        min=0,
        max=3,
        help=N_("Level of help: 0 none; 1 a hint; 2 the reason too; 3 the documentation too."),
    ),
]
Language = Annotated[
    str | None,
    typer.Option("--lang", metavar="fr|en", help=N_("Language; by default DCKGRADE_LANG, the locale, fr.")),
]
Host = Annotated[
    str | None,
    typer.Option("--host", metavar="URL", help=N_("Engine to grade, such as unix:///var/run/docker.sock.")),
]
Context = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        autocompletion=completion.complete_contexts,
        help=N_("Docker context of the engine to grade."),
    ),
]
OnlyChecks = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="CHECK",
        autocompletion=completion.complete_checks,
        help=N_("Grade this check alone. Repeatable."),
    ),
]
FailedOnly = Annotated[
    bool,
    typer.Option(
        "--failed", help=N_("Run only the checks that did not pass last time; all on the first run.")
    ),
]
NoHistory = Annotated[
    bool,
    typer.Option("--no-history", help=N_("Do not read or write the run history.")),
]
NoSend = Annotated[
    bool,
    typer.Option("--no-send", help=N_("Send nothing to the class board that you have joined.")),
]
Passive = Annotated[
    bool, typer.Option("--passive", help=N_("Only read: no exec, no probe, GET requests only."))
]
Watch = Annotated[
    bool, typer.Option("--watch", help=N_("Grade again as the engine changes, until all passes."))
]
NoWait = Annotated[
    bool,
    typer.Option("--no-wait", help=N_("Do not wait for starting containers; report them as starting.")),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=1, max=3600, help=N_("Maximum duration of the run, in seconds.")
    ),
]
Trainee = Annotated[
    str | None, typer.Option("--trainee", metavar="NAME", help=N_("Name to write into the report."))
]
