"""`dckgrade class`: grade many engines from the trainer's desk, and make one class report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import collect, exit_codes, inputs, language, options, output
from dckgrade.i18n import N_, get_translator
from dckgrade.render.formats import DocumentKind

if TYPE_CHECKING:
    from dckgrade.classroom.class_file import TraineeMachine
    from dckgrade.classroom.gather import GatheredClass
    from dckgrade.engine.run_options import RunOptions
    from dckgrade.lab.model import LoadedLab
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
    float,
    typer.Option(
        "--deadline",
        metavar="SECONDS",
        min=5,
        max=7200,
        help=N_("Maximum duration for the whole class, in seconds."),
    ),
]


def class_(
    ctx: typer.Context,
    file: ClassFileArgument,
    reports: ReportsFolderOption = None,
    jobs: MachineJobsOption = 32,
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
    from dckgrade.engine.run_options import RunOptions

    exit_codes.install_signal_handlers()
    written = collect.validate_class_outputs(outputs, moodle)
    machines = class_file.read_class_file(file)
    warn_about_unverified(machines)
    expected = people.read_roster(roster) if roster else people.Roster()
    spoken = language.get_language()
    gathered = GatheredClass(GatherOptions(lang=spoken, cloned=cloned), expected)
    labs = load_class_labs(machines)
    run_options = RunOptions(
        lang=spoken,
        passive=passive,
        at_once=no_wait,
        timeout_s=deadline,
        inputs=inputs.resolve_fleet_inputs(ctx, list(labs.values())),
        elsewhere=True,
    )
    if reports:
        output.make_folder(reports)
    made = grade_and_gather(machines, labs, run_options, jobs, gathered, reports)
    report = gathered.make_class_report()
    output.write_document(DocumentKind.CLASS_REPORT, report, written, excel=excel)
    collect.write_platform_exports(report, moodle, key, gradescope)
    output.print_document(DocumentKind.CLASS_REPORT, report, shape, excel=excel)
    raise SystemExit(exit_codes.choose_exit_code(made))


def load_class_labs(machines: "list[TraineeMachine]") -> "dict[str, LoadedLab]":
    """Load the labs that are graded on any machine, by name."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import find_lab_path

    names = dict.fromkeys(lab for machine in machines for lab in machine.labs)
    return {name: load_checked_lab(find_lab_path(name)) for name in names}


def grade_and_gather(
    machines: "list[TraineeMachine]",
    labs: "Mapping[str, LoadedLab]",
    run_options: "RunOptions",
    jobs: int,
    gathered: "GatheredClass",
    folder: Path | None,
) -> "list[Report]":
    """Grade, show the progress, and gather each report as soon as it is made."""
    from dckgrade.classroom.fleet import MachineEvent, grade_fleet
    from dckgrade.cli.class_progress import show_class_progress

    made: list[Report] = []
    began = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    numbers = {machine: number for number, machine in enumerate(machines, start=1)}
    with show_class_progress(len(machines), run_options.lang) as progress:

        def notify(event: MachineEvent) -> None:
            if event.report:
                who = output.make_file_name(event.machine.trainee, numbers[event.machine])
                path = folder / f"{who}-{event.lab}-{began}.json" if folder else None
                source = write_report_file(event.report, path) if path else event.report.engine.endpoint
                gathered.add_report(event.report, event.machine.trainee, source, "observed")
                made.append(event.report)
            progress(event)

        grade_fleet(machines, labs, run_options, notify, jobs=jobs)
    return made


def warn_about_unverified(machines: "list[TraineeMachine]") -> None:
    """Warn on stderr of the machines whose certificates are not verified."""
    unverified = [
        machine.trainee for machine in machines if machine.endpoint.tls and not machine.endpoint.tls.verify
    ]
    if unverified:
        warning = N_("Warning: the certificates of {machines} are not verified; other machines may answer.")
        exit_codes.print_to_stderr(
            [get_translator(language.get_language())(warning).format(machines=", ".join(unverified))]
        )


def write_report_file(report: "Report", path: Path) -> str:
    """Write a report to *path*, whose name is the run's own, and return the path."""
    from dckgrade.report import codec

    output.write_file_atomically(path, codec.to_json(report))
    return str(path)
