"""`dckgrade class`: many engines graded from the trainer's desk, one class report."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import collect, exit_codes, language, options, output
from dckgrade.i18n import N_, get_translator

if TYPE_CHECKING:
    from dckgrade.classroom.class_file import Machine
    from dckgrade.classroom.gather import Class
    from dckgrade.grading.options import Choice
    from dckgrade.report.report import Report

ClassFile = Annotated[Path, typer.Argument(metavar="FILE", help=N_("The engines of the class, in TOML."))]
Reports = Annotated[
    Path | None,
    typer.Option("--reports", metavar="DIR", help=N_("Also keep each machine's own reports there.")),
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help=N_("How many machines at a time."))]
Deadline = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=5, max=7200, help=N_("All ends by then."))
]


def desk(
    file: ClassFile,
    reports: Reports = None,
    jobs: Jobs = 8,
    deadline: Deadline = 300.0,
    roster: collect.RosterFile = None,
    cloned: collect.Cloned = False,
    shape: collect.OnStdout = collect.Shape.TEXT,
    outputs: collect.Outputs = None,
    excel: collect.Excel = False,
    moodle: collect.Moodle = None,
    key: collect.MoodleKey = collect.Key.EMAIL,
    gradescope: collect.Gradescope = None,
    passive: options.Passive = False,
    no_wait: options.NoWait = False,
    lang: options.Language = None,
) -> None:
    """Grade the engines of a class from the trainer's desk."""
    from dckgrade.classroom import class_file, people
    from dckgrade.classroom.gather import Class, Terms
    from dckgrade.grading.options import Choice

    exit_codes.in_order()
    forms = collect.by_suffix(excel=excel)
    written = collect.writable(outputs, moodle, forms)
    machines = class_file.read(file)
    warned(machines)
    expected = people.roster(roster) if roster else people.Roster()
    spoken = language.spoken()
    gathered = Class(Terms(lang=spoken, cloned=cloned), expected)
    choice = Choice(lang=spoken, passive=passive, at_once=no_wait, timeout_s=deadline, elsewhere=True)
    if reports:
        output.folder(reports)
    made = graded(machines, choice, jobs, gathered, reports)
    report = gathered.report()
    for path in written:
        output.write(path, forms[path.suffix](report))
    collect.exported(report, moodle, key, gradescope)
    collect.printed(report, shape, forms)
    raise SystemExit(exit_codes.of(made))


def graded(
    machines: "list[Machine]", choice: "Choice", jobs: int, gathered: "Class", folder: Path | None
) -> "list[Report]":
    """Grade, show the progress, and take each report in as soon as it is there."""
    from dckgrade.classroom.fleet import Event, run
    from dckgrade.cli.class_progress import shown
    from dckgrade.lab.discovery import find
    from dckgrade.lab.load import load

    made: list[Report] = []
    labs = {name: load(find(name)) for name in dict.fromkeys(lab for one in machines for lab in one.labs)}
    began = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    numbers = {one: number for number, one in enumerate(machines, start=1)}
    with shown(len(machines), choice.lang) as progress:

        def told(event: Event) -> None:
            if event.report:
                who = output.file_name(event.machine.trainee, numbers[event.machine])
                path = folder / f"{who}-{event.lab}-{began}.json" if folder else None
                source = kept(event.report, path) if path else event.report.engine.endpoint
                gathered.put(event.report, event.machine.trainee, source, "observed")
                made.append(event.report)
            progress(event)

        run(machines, labs, choice, told, jobs=jobs)
    return made


def warned(machines: "list[Machine]") -> None:
    """Say which machines need not prove who they are."""
    open_ones = [one.trainee for one in machines if one.endpoint.tls and not one.endpoint.tls.verify]
    if open_ones:
        told = N_("Warning: the certificates of {machines} are not verified; other machines may answer.")
        exit_codes.say([get_translator(language.spoken())(told).format(machines=", ".join(open_ones))])


def kept(report: "Report", path: Path) -> str:
    """Keep a report; each run's has a name of its own, so that none is lost."""
    from dckgrade.report import codec

    output.write(path, codec.to_json(report))
    return str(path)
