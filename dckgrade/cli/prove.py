"""`dckgrade prove`: every check of a lab is proven able to fail."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind

if TYPE_CHECKING:
    from dckgrade.lab.model import LoadedLab
    from dckgrade.prove.engines.release import EngineRelease
    from dckgrade.prove.schedule import CaseProgress
    from dckgrade.report.proof import Proof


ProofFormat = StrEnum("ProofFormat", formats.list_stdout_names(DocumentKind.PROOF))  # type: ignore[misc]
"""What `-f` offers for proofs."""
DEFAULT_PROOF_FORMAT = ProofFormat(formats.TEXT.name)

LabNamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LAB]…", help=N_("Labs by name or by file; else all.")),
]
RecordedOption = Annotated[
    bool, typer.Option("--recorded", help=N_("Judge the recordings; no engine is needed."))
]
RecordOption = Annotated[bool, typer.Option("--record", help=N_("Renew the recordings."))]
FixturesOption = Annotated[
    Path, typer.Option("--fixtures", metavar="DIR", help=N_("Folder of the solutions and mistakes."))
]
EngineJobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, max=16, help=N_("Private engines at a time; by default as many as memory allows.")
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help=N_("A private engine by name: installed, trixie, trixie-containerd, sid, sid-containerd."),
    ),
]
DisposableOption = Annotated[
    bool,
    typer.Option("--disposable", help=N_("Allow the empty engine named with --host to be used up.")),
]
ProofFormatOption = Annotated[
    ProofFormat, typer.Option("-f", "--format", help=N_("Format to print on standard output."))
]
ProofOutputsOption = Annotated[
    list[Path] | None,
    options.make_output_option(DocumentKind.PROOF),
]


def prove(
    labs: LabNamesArgument = None,
    recorded: RecordedOption = False,
    record: RecordOption = False,
    fixtures: FixturesOption = Path("fixtures"),
    jobs: EngineJobsOption = None,
    engine: EngineOption = None,
    host: options.Host = None,
    disposable: DisposableOption = False,
    shape: ProofFormatOption = DEFAULT_PROOF_FORMAT,
    outputs: ProofOutputsOption = None,
    lang: options.Language = None,
) -> None:
    """Test a lab: solutions pass, mistakes are detected, every check can fail."""
    paths = output.validate_output_paths(outputs or [], kind=DocumentKind.PROOF)
    validate_prove_options(host, recorded=recorded, record=record, disposable=disposable)
    release = choose_release(engine, is_free=not (host or recorded))
    loaded = load_named_labs(labs or [])
    proofs = list(
        prove_labs_from_recordings(loaded, fixtures)
        if recorded
        else prove_labs_on_engines(loaded, fixtures, host, jobs, release, record=record)
    )
    output.write_document(DocumentKind.PROOF, proofs, paths, lang=language.get_language())
    output.print_document(DocumentKind.PROOF, proofs, shape, lang=language.get_language())
    if recorded:
        exit_codes.print_to_stderr([line for lab in loaded for line in advise_recording(lab, fixtures)])
    raise SystemExit(choose_proof_exit_code(proofs))


def advise_recording(lab: "LoadedLab", fixtures: Path) -> "Sequence[str]":
    """Say how recordings are made, where there are none of *lab*."""
    from dckgrade.prove.run import has_recordings

    if has_recordings(lab, fixtures):
        return []
    trouble = UserError(
        N_("{path} holds no recording of {lab} yet."),
        N_("`dckgrade prove {file} --record` makes them on engines of its own; it needs root."),
        path=fixtures / lab.lab.id,
        lab=lab.lab.id,
        file=lab.path,
    )
    return trouble.translate_sentences(language.get_language())


def validate_prove_options(host: str | None, *, recorded: bool, record: bool, disposable: bool) -> None:
    """Refuse options that contradict each other, before anything is used up."""
    if host and not disposable:
        raise UserError(
            N_("Proving uses an engine up; {host} was not given up for that."),
            N_("Add --disposable if it holds nothing of worth, or leave --host out."),
            host=host,
        )
    if disposable and not host:
        raise UserError(
            N_("--disposable is of no use without --host."), N_("Name the engine that may be used up.")
        )
    if recorded and (record or host):
        raise UserError(
            N_("--recorded uses no engine."), N_("Leave out either --recorded, or --record and --host.")
        )


def choose_release(name: str | None, *, is_free: bool) -> "EngineRelease":
    """Return the engine *name*; raises `UserError` for an unknown one, or where another option decides."""
    from dckgrade.prove.engines.release import INSTALLED, RELEASES

    release = RELEASES.get(name or INSTALLED.name)
    if release is None:
        raise UserError(
            N_("There is no engine called {name}."),
            N_("Available: {names}."),
            name=name,
            names=", ".join(RELEASES),
        )
    if release != INSTALLED and not is_free:
        raise UserError(
            N_("--engine cannot be combined with --host or --recorded."),
            N_("It names an engine that is started for this: leave one of them out."),
        )
    return release


def load_named_labs(labs: Sequence[str]) -> "list[LoadedLab]":
    """Load the labs asked for, each once; without any, all."""
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import find_typed_lab_path, list_lab_paths

    paths = [
        Path(name) if name.endswith(".yaml") else find_typed_lab_path(name) for name in labs
    ] or list_lab_paths().values()
    if not paths:
        raise exit_codes.NothingToGrade(N_("There is no lab to prove."))
    return [load_checked_lab(path) for path in dict.fromkeys(paths)]


def choose_proof_exit_code(proofs: "Sequence[Proof]") -> exit_codes.ExitCode:
    """Choose the exit code: proven, or not."""
    return exit_codes.ExitCode.FAILED if any(proof.faults for proof in proofs) else exit_codes.ExitCode.PASSED


def prove_labs_from_recordings(labs: "Sequence[LoadedLab]", fixtures: Path) -> "Iterator[Proof]":
    """Judge what was recorded."""
    from dckgrade.prove.run import prove_from_recordings

    return (prove_from_recordings(lab, fixtures) for lab in labs)


def prove_labs_on_engines(
    labs: "Sequence[LoadedLab]",
    fixtures: Path,
    host: str | None,
    jobs: int | None,
    release: "EngineRelease",
    *,
    record: bool,
) -> "Sequence[Proof]":
    """See it on engines; those of our own are gone afterwards."""
    from dckgrade.prove import run
    from dckgrade.prove.engines.private import PrivateEngineFailed
    from dckgrade.prove.process_group import CaseNotApplied

    # A CI system that cancels a job asks politely first: then nothing is left for the next run to sweep.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with show_proof_progress([lab.lab.id for lab in labs]) as progress:
            planned = [run.plan_lab(lab, fixtures, release=release) for lab in labs]
            if host:
                return run.prove_on_given_engine(planned, fixtures, host, progress, record=record)
            engines = run.create_own_engines(planned, fixtures, jobs)
            return run.prove_live(planned, fixtures, engines, progress, record=record)
    except (PrivateEngineFailed, CaseNotApplied) as failed:
        exit_codes.print_to_stderr(str(failed).splitlines())
        raise SystemExit(exit_codes.ExitCode.NOT_GRADABLE) from None


@contextmanager
def show_proof_progress(labs: "Sequence[str]") -> "Iterator[CaseProgress]":
    """Show on stderr how far each lab has come; a line a case where stderr is a file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {}
        for lab in labs:
            starting = get_translator(language.get_language())(N_("{lab}: getting engines ready")).format(
                lab=lab
            )
            tasks[lab] = bar.add_task(starting, total=None)
            if not console.is_terminal:
                exit_codes.print_to_stderr([starting])

        def show(lab: str, case: str, done: int, total: int) -> None:
            bar.update(tasks[lab], completed=done, total=total, description=f"{lab} {case}")
            if not console.is_terminal:
                exit_codes.print_to_stderr([f"{lab} {done}/{total} {case}"])

        yield show
