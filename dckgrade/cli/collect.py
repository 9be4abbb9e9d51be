"""`dckgrade collect`: many reports, one class report."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_plural_translator
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind

if TYPE_CHECKING:
    from dckgrade.classroom.forgeries import SignatureVerifier
    from dckgrade.classroom.submissions import Submission
    from dckgrade.report.class_report import ClassReport


ClassFormat = StrEnum("ClassFormat", formats.list_stdout_names(DocumentKind.CLASS_REPORT))  # type: ignore[misc]
"""What `-f` offers for class reports."""
DEFAULT_CLASS_FORMAT = ClassFormat(formats.TEXT.name)


class AttemptPolicy(StrEnum):
    """Attempt that counts when there are several."""

    BEST = "best"
    LATEST = "latest"


class MoodleColumn(StrEnum):
    """The column by which Moodle identifies the trainees."""

    EMAIL = "email"
    USERNAME = "username"
    ID_NUMBER = "id-number"


ReportPathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH…", help=N_("Folders, zips, tars or files of JSON reports.")),
]
RosterOption = Annotated[
    Path | None,
    typer.Option("--roster", metavar="CSV", help=N_("List of the trainees expected: name, email, username…")),
]
ObservedOption = Annotated[
    list[Path] | None,
    typer.Option("--observed", metavar="PATH", help=N_("Reports that `class --reports` kept. Repeatable.")),
]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help=N_("The keys that `enrol --new` made."))
]
CountOption = Annotated[
    AttemptPolicy, typer.Option("--count", help=N_("Attempt that counts when there are several."))
]
ClonedOption = Annotated[
    bool, typer.Option("--cloned", help=N_("The machines are copies of one image: engines share their id."))
]
ClassFormatOption = Annotated[
    ClassFormat, typer.Option("-f", "--format", help=N_("Format to print on standard output."))
]
ClassOutputsOption = Annotated[
    list[Path] | None,
    options.make_output_option(DocumentKind.CLASS_REPORT),
]
ExcelOption = Annotated[bool, typer.Option("--excel", help=N_("Write CSV that Excel in French opens."))]
MoodleOption = Annotated[
    Path | None,
    typer.Option("--moodle", metavar="CSV", help=N_("Write a file that Moodle's gradebook imports.")),
]
MoodleColumnOption = Annotated[
    MoodleColumn, typer.Option("--key", help=N_("Field by which Moodle recognizes the trainees."))
]
GradescopeOption = Annotated[
    Path | None,
    typer.Option("--gradescope", metavar="DIR", help=N_("Write a results.json for each trainee there.")),
]


def collect(
    paths: ReportPathsArgument = None,
    observed: ObservedOption = None,
    roster: RosterOption = None,
    keys: KeysOption = None,
    count: CountOption = AttemptPolicy.BEST,
    cloned: ClonedOption = False,
    shape: ClassFormatOption = DEFAULT_CLASS_FORMAT,
    outputs: ClassOutputsOption = None,
    excel: ExcelOption = False,
    moodle: MoodleOption = None,
    key: MoodleColumnOption = MoodleColumn.EMAIL,
    gradescope: GradescopeOption = None,
    lang: options.Language = None,
) -> None:
    """Gather the trainees' reports into one class report."""
    from dckgrade.classroom import people
    from dckgrade.classroom.gather import GatheredClass, GatherOptions
    from dckgrade.classroom.submissions import read_submissions

    written = validate_class_outputs(outputs, moodle)
    gathered = GatheredClass(
        GatherOptions(lang=language.get_language(), attempt_policy=count.value, cloned=cloned),
        people.read_roster(roster) if roster else people.Roster(),
        load_signature_verifier(keys),
    )
    if not (paths or observed):
        raise UserError(N_("Name what to collect: folders, zips, tars or files of reports."))
    with show_files_read(read_submissions(paths or [])) as each:
        for submission in each:
            gathered.add_submission(submission)
    # A mark in the file could be the trainee's own; only the trainer says which reports were observed.
    for submission in read_submissions(observed or []):
        gathered.add_submission(submission, observed=True)
    report = gathered.make_class_report()
    output.write_document(DocumentKind.CLASS_REPORT, report, written, excel=excel)
    write_platform_exports(report, moodle, key, gradescope)
    output.print_document(DocumentKind.CLASS_REPORT, report, shape, excel=excel)
    if not report.reports:
        raise exit_codes.NothingToGrade(
            N_("There is no report among what was named."),
            N_("A report is what `dckgrade LAB -o report.json` writes."),
        )


def load_signature_verifier(keys: Path | None) -> "SignatureVerifier":
    """Return what verifies a trainee's signature; without keys, none is valid."""
    from dckgrade.classroom.forgeries import SignatureVerifier
    from dckgrade.report import signature

    return SignatureVerifier(signature.read_keys(keys) if keys else ())


def validate_class_outputs(outputs: list[Path] | None, moodle: Path | None) -> Sequence[Path]:
    """Refuse, before anything else is done, files that could not be written afterwards."""
    output.validate_output_paths([moodle] if moodle else [], [".csv"])
    return output.validate_output_paths(outputs or [], kind=DocumentKind.CLASS_REPORT)


def write_platform_exports(
    report: "ClassReport", moodle: Path | None, key: MoodleColumn, gradescope: Path | None
) -> None:
    """Write the files that Moodle and Gradescope import."""
    from dckgrade.render.class_report.csv import render_moodle
    from dckgrade.render.class_report.gradescope import render_trainee_gradescope

    if moodle:
        output.write_file_atomically(moodle, render_moodle(report, key.value))
    if gradescope:
        output.make_folder(gradescope)
        # Who handed nothing in has no result, which is not a 0.
        for at, row in ((at, row) for at, row in enumerate(report.rows, start=1) if row.cells):
            output.write_file_atomically(
                gradescope / f"{output.make_file_name(row.trainee, at)}.json",
                render_trainee_gradescope(report, row),
            )


@contextmanager
def show_files_read(each: "Iterable[Submission]") -> "Iterator[Iterable[Submission]]":
    """Show on stderr how many files have been read, where it is a terminal."""
    if not sys.stderr.isatty():
        yield each
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False, emoji=False)
    ngettext = get_plural_translator(language.get_language())
    with console.status("") as status:

        def counting() -> "Iterator[Submission]":
            for at, submission in enumerate(each, start=1):
                if at % 50 == 1:
                    status.update(ngettext("{count} file read", "{count} files read", at).format(count=at))
                yield submission

        yield counting()
