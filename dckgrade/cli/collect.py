"""`dckgrade collect`: many reports, one class report."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.classroom.gather import Signed
    from dckgrade.classroom.submissions import Submission
    from dckgrade.report.class_report import ClassReport
    from dckgrade.report.report import Report


class Shape(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class Counting(StrEnum):
    """Which of several attempts counts."""

    BEST = "best"
    LATEST = "latest"


class Key(StrEnum):
    """What Moodle is to know the trainees by."""

    EMAIL = "email"
    USERNAME = "username"
    ID_NUMBER = "id-number"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH…", help=N_("Folders, zips, tars or files of JSON reports.")),
]
RosterFile = Annotated[
    Path | None, typer.Option("--roster", metavar="CSV", help=N_("Who is expected: name, email, username…"))
]
Observed = Annotated[
    list[Path] | None,
    typer.Option("--observed", metavar="PATH", help=N_("Reports that `class --reports` kept. Repeatable.")),
]
Keys = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help=N_("The keys that `enrol --new` made."))
]
Count = Annotated[Counting, typer.Option("--count", help=N_("Which of several attempts counts."))]
Cloned = Annotated[
    bool, typer.Option("--cloned", help=N_("The machines are copies of one image: engines share their id."))
]
OnStdout = Annotated[Shape, typer.Option("-f", "--format", help=N_("What to print on standard output."))]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", metavar="FILE", help=N_("Also write .html, .json, .csv, .xml (JUnit).")),
]
Excel = Annotated[bool, typer.Option("--excel", help=N_("CSV as French Excel opens it."))]
Moodle = Annotated[
    Path | None, typer.Option("--moodle", metavar="CSV", help=N_("Write what Moodle's gradebook imports."))
]
MoodleKey = Annotated[Key, typer.Option("--key", help=N_("What Moodle knows the trainees by."))]
Gradescope = Annotated[
    Path | None,
    typer.Option("--gradescope", metavar="DIR", help=N_("Write a results.json for each trainee there.")),
]


def collect(
    paths: Paths = None,
    observed: Observed = None,
    roster: RosterFile = None,
    keys: Keys = None,
    count: Count = Counting.BEST,
    cloned: Cloned = False,
    shape: OnStdout = Shape.TEXT,
    outputs: Outputs = None,
    excel: Excel = False,
    moodle: Moodle = None,
    key: MoodleKey = Key.EMAIL,
    gradescope: Gradescope = None,
    lang: options.Language = None,
) -> None:
    """Make one class report of many reports."""
    from dckgrade.classroom import people
    from dckgrade.classroom.gather import Class, Terms
    from dckgrade.classroom.submissions import submissions

    forms = by_suffix(excel=excel)
    written = writable(outputs, moodle, forms)
    gathered = Class(
        Terms(lang=language.spoken(), counting=count.value, cloned=cloned),
        people.roster(roster) if roster else people.Roster(),
        signed_by(keys),
    )
    if not (paths or observed):
        raise UserError(N_("Name what to collect: folders, zips, tars or files of reports."))
    with counted(submissions(paths or [])) as each:
        for submission in each:
            gathered.add(submission)
    # Not by any mark in a file, which a trainee could write: by where the trainer says that it comes from.
    for submission in submissions(observed or []):
        gathered.add(submission, observed=True)
    report = gathered.report()
    for path in written:
        output.write(path, forms[path.suffix](report))
    exported(report, moodle, key, gradescope)
    printed(report, shape, forms)
    if not report.reports:
        raise exit_codes.NothingToGrade(
            N_("There is no report among what was named."),
            N_("A report is what `dckgrade LAB -o report.json` writes."),
        )


def signed_by(keys: Path | None) -> "Signed":
    """Say how a trainee's own signature is told; without keys, none is."""
    if keys is None:
        return lambda *_: False
    from dckgrade.classroom.people import folded
    from dckgrade.report import signature

    known = {folded(one.trainee): one for one in signature.read(keys)}

    def mine(report: "Report", raw: bytes, trainee: str) -> bool:
        key = known.get(folded(trainee))
        return key is not None and signature.genuine(report, raw, key)

    return mine


def by_suffix(*, excel: bool) -> "dict[str, Callable[[ClassReport], bytes]]":
    """List the forms of a class report by the ends of their files' names."""
    from dckgrade.render.class_report import csv as tables
    from dckgrade.render.class_report import html as page
    from dckgrade.render.class_report import json as document
    from dckgrade.render.class_report import programs

    return {
        ".html": page.render_class_page,
        ".json": document.render_class_json,
        ".csv": partial(tables.render_spreadsheet, excel=excel),
        ".xml": programs.render_class_junit,
    }


def writable(
    outputs: list[Path] | None, moodle: Path | None, forms: "dict[str, Callable[[ClassReport], bytes]]"
) -> Sequence[Path]:
    """Refuse, before anything else is done, files that could not be written afterwards."""
    output.checked([moodle] if moodle else [], {".csv"})
    return output.checked(outputs or [], forms)


def exported(report: "ClassReport", moodle: Path | None, key: Key, gradescope: Path | None) -> None:
    """Write what learning platforms take in."""
    from dckgrade.render.class_report import csv as tables
    from dckgrade.render.class_report import programs

    if moodle:
        output.write(moodle, tables.render_moodle(report, key.value))
    if gradescope:
        output.folder(gradescope)
        for at, row in enumerate(report.rows, start=1):
            output.write(
                gradescope / f"{output.file_name(row.trainee, at)}.json",
                programs.render_trainee_gradescope(report, row),
            )


def printed(report: "ClassReport", shape: Shape, forms: "dict[str, Callable[[ClassReport], bytes]]") -> None:
    """Print the report in the form asked for; stdout is nothing else."""
    with output.heard():
        if shape is Shape.TEXT:
            from dckgrade.render.class_report.terminal import render_class_terminal

            output.on_terminal(*render_class_terminal(report))
        else:
            sys.stdout.buffer.write(forms[f".{shape}"](report))


@contextmanager
def counted(each: "Iterable[Submission]") -> "Iterator[Iterable[Submission]]":
    """Show on stderr how many files have been read, where somebody watches."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, emoji=False)
    if not console.is_terminal:
        yield each
        return
    told = get_translator(language.spoken())(N_("{count} files read"))
    with console.status("") as status:

        def counting() -> "Iterator[Submission]":
            for at, one in enumerate(each, start=1):
                if at % 50 == 1:
                    status.update(told.format(count=at))
                yield one

        yield counting()
