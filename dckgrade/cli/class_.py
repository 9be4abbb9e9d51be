"""`dckgrade class`: many engines graded from the trainer's desk, one class report."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import collect, exit_codes, language, options, output
from dckgrade.i18n import N_, get_translator
from dckgrade.render.formats import DocumentKind

if TYPE_CHECKING:
    from dckgrade.classroom.class_file import TraineeMachine
    from dckgrade.classroom.gather import GatheredClass
    from dckgrade.grading.options import Choice
    from dckgrade.report.report import Report

ClassFileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help=N_("The engines of the class, in TOML."))
]
ReportsFolderOption = Annotated[
    Path | None,
    typer.Option("--reports", metavar="DIR", help=N_("Also keep each machine's own reports there.")),
]
MachineJobsOption = Annotated[
    int, typer.Option("--jobs", min=1, max=64, help=N_("How many machines at a time."))
]
DeadlineOption = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=5, max=7200, help=N_("All ends by then."))
]


def desk(
    file: ClassFileArgument,
    reports: ReportsFolderOption = None,
    jobs: MachineJobsOption = 8,
    deadline: DeadlineOption = 300.0,
    roster: collect.RosterOption = None,
    cloned: collect.ClonedOption = False,
    shape: collect.ClassFormatOption = collect.DEFAULT_CLASS_FORMAT,
    outputs: collect.ClassOutputsOption = None,
    excel: collect.ExcelOption = False,
    moodle: collect.MoodleOption = None,
    key: collect.MoodleColumnOption = collect.MoodleColumn.EMAIL,
    gradescope: collect.GradescopeOption = None,
    passive: options.Passive = False,
    no_wait: options.NoWait = False,
    lang: options.Language = None,
) -> None:
    """Grade the engines of a class from the trainer's desk."""
    from dckgrade.classroom import class_file, people
    from dckgrade.classroom.gather import GatheredClass, GatherOptions
    from dckgrade.grading.options import Choice

    exit_codes.install_signal_handlers()
    written = collect.validate_class_outputs(outputs, moodle)
    machines = class_file.read_class_file(file)
    warn_about_unverified(machines)
    expected = people.read_roster(roster) if roster else people.Roster()
    spoken = language.get_language()
    gathered = GatheredClass(GatherOptions(lang=spoken, cloned=cloned), expected)
    choice = Choice(lang=spoken, passive=passive, at_once=no_wait, timeout_s=deadline, elsewhere=True)
    if reports:
        output.make_folder(reports)
    made = grade_and_gather(machines, choice, jobs, gathered, reports)
    report = gathered.make_class_report()
    output.write_document(DocumentKind.CLASS_REPORT, report, written, excel=excel)
    collect.write_platform_exports(report, moodle, key, gradescope)
    output.print_document(DocumentKind.CLASS_REPORT, report, shape, excel=excel)
    raise SystemExit(exit_codes.choose_exit_code(made))


def grade_and_gather(
    machines: "list[TraineeMachine]",
    choice: "Choice",
    jobs: int,
    gathered: "GatheredClass",
    folder: Path | None,
) -> "list[Report]":
    """Grade, show the progress, and take each report in as soon as it is there."""
    from dckgrade.classroom.fleet import MachineEvent, grade_fleet
    from dckgrade.cli.class_progress import show_class_progress
    from dckgrade.lab.discovery import find_lab_path
    from dckgrade.lab.load import load_lab

    made: list[Report] = []
    labs = {
        name: load_lab(find_lab_path(name))
        for name in dict.fromkeys(lab for one in machines for lab in one.labs)
    }
    began = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    numbers = {one: number for number, one in enumerate(machines, start=1)}
    with show_class_progress(len(machines), choice.lang) as progress:

        def told(event: MachineEvent) -> None:
            if event.report:
                who = output.make_file_name(event.machine.trainee, numbers[event.machine])
                path = folder / f"{who}-{event.lab}-{began}.json" if folder else None
                source = write_report_file(event.report, path) if path else event.report.engine.endpoint
                gathered.add_report(event.report, event.machine.trainee, source, "observed")
                made.append(event.report)
            progress(event)

        grade_fleet(machines, labs, choice, told, jobs=jobs)
    return made


def warn_about_unverified(machines: "list[TraineeMachine]") -> None:
    """Say which machines need not prove who they are."""
    open_ones = [one.trainee for one in machines if one.endpoint.tls and not one.endpoint.tls.verify]
    if open_ones:
        told = N_("Warning: the certificates of {machines} are not verified; other machines may answer.")
        exit_codes.print_to_stderr(
            [get_translator(language.get_language())(told).format(machines=", ".join(open_ones))]
        )


def write_report_file(report: "Report", path: Path) -> str:
    """Keep a report; each run's has a name of its own, so that none is lost."""
    from dckgrade.report import codec

    output.write_file_atomically(path, codec.to_json(report))
    return str(path)
