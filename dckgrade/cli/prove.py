"""`dckgrade prove`: every check of a lab is proven able to fail."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.lab.load import LoadedLab
    from dckgrade.prove.run import CaseProgress
    from dckgrade.report.proof import Proof


class Shape(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    MD = "md"


LabNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LAB]…", help=N_("Labs by name or by file; else all.")),
]
Recorded = Annotated[bool, typer.Option("--recorded", help=N_("Judge the recordings; no engine is needed."))]
Record = Annotated[bool, typer.Option("--record", help=N_("Renew the recordings."))]
Fixtures = Annotated[
    Path, typer.Option("--fixtures", metavar="DIR", help=N_("Folder of the solutions and mistakes."))
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=16, help=N_("Engines of our own at a time."))]
Disposable = Annotated[
    bool,
    typer.Option("--disposable", help=N_("The engine named with --host is empty and may be used up.")),
]
OnStdout = Annotated[Shape, typer.Option("-f", "--format", help=N_("What to print on standard output."))]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", metavar="FILE", help=N_("Also write .html, .json, .xml, .md.")),
]


def prove(
    labs: LabNames = None,
    recorded: Recorded = False,
    record: Record = False,
    fixtures: Fixtures = Path("fixtures"),
    jobs: Jobs = 2,
    host: options.Host = None,
    disposable: Disposable = False,
    shape: OnStdout = Shape.TEXT,
    outputs: Outputs = None,
    lang: options.Language = None,
) -> None:
    """Prove that solutions pass, that mistakes fail, and that every check can."""
    from dckgrade.render import proof as forms

    paths = output.checked(outputs or [], forms.PROOF_RENDERERS_BY_SUFFIX)
    sensible(host, recorded=recorded, record=record, disposable=disposable)
    loaded = chosen(labs or [])
    proofs = list(
        from_recordings(loaded, fixtures)
        if recorded
        else from_engines(loaded, fixtures, host, jobs, record=record)
    )
    for path in paths:
        output.write(path, forms.PROOF_RENDERERS_BY_SUFFIX[path.suffix](proofs, language.spoken()))
    printed(proofs, shape)
    raise SystemExit(of(proofs))


def sensible(host: str | None, *, recorded: bool, record: bool, disposable: bool) -> None:
    """Refuse options that contradict each other, before anything is used up."""
    if host and not disposable:
        raise UserError(
            N_("Proving uses an engine up; {host} was not given up for that."),
            N_("Add --disposable if it holds nothing of worth, or leave --host out."),
            host=host,
        )
    if disposable and not host:
        raise UserError(
            N_("--disposable says nothing without --host."), N_("Name the engine that may be used up.")
        )
    if recorded and (record or host):
        raise UserError(
            N_("--recorded looks at no engine."), N_("Leave it out, or leave out --record and --host.")
        )


def chosen(labs: Sequence[str]) -> "list[LoadedLab]":
    """Load the labs asked for, each once; without any, all."""
    from dckgrade.lab.discovery import find, lab_paths
    from dckgrade.lab.load import load

    paths = [Path(name) if name.endswith(".yaml") else find(name) for name in labs] or lab_paths().values()
    if not paths:
        raise exit_codes.NothingToGrade(N_("There is no lab to prove."))
    return [load(path) for path in dict.fromkeys(paths)]


def printed(proofs: "Sequence[Proof]", shape: Shape) -> None:
    """Print the proofs in the form asked for; stdout is nothing else."""
    from dckgrade.render import proof as forms

    try:
        if shape is Shape.TEXT:
            from dckgrade.render.proof.terminal import render_proof_terminal

            output.on_terminal(*(render_proof_terminal(proof, language.spoken()) for proof in proofs))
        else:
            sys.stdout.buffer.write(forms.PROOF_RENDERERS_BY_NAME[shape](proofs, language.spoken()))
        sys.stdout.flush()
    except BrokenPipeError:
        output.unheard()


def of(proofs: "Sequence[Proof]") -> exit_codes.Exit:
    """Choose the exit code: proven, or not."""
    return exit_codes.Exit.FAILED if any(proof.faults for proof in proofs) else exit_codes.Exit.PASSED


def from_recordings(labs: "Sequence[LoadedLab]", fixtures: Path) -> "Iterator[Proof]":
    """Judge what was recorded."""
    from dckgrade.prove.run import prove_from_recordings

    return (prove_from_recordings(lab, fixtures) for lab in labs)


def from_engines(
    labs: "Sequence[LoadedLab]", fixtures: Path, host: str | None, jobs: int, *, record: bool
) -> "Iterator[Proof]":
    """See it on engines, each lab with the images that it needs; engines of our own are gone afterwards."""
    from dckgrade.prove import run
    from dckgrade.prove.engines.private import PrivateEngineFailed
    from dckgrade.prove.process_group import CaseNotApplied

    # A CI system that cancels a job asks politely first: then nothing is left for the next run to sweep.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The engines are shared out: one each for as many labs as there may be engines, all for a last one.
    at_once = 1 if host else min(jobs, len(labs))
    for first in range(0, len(labs), at_once):
        batch = labs[first : first + at_once]
        try:
            with ExitStack() as stack:
                counting = stack.enter_context(counted())
                seen = []
                for lab in batch:
                    progress = counting(lab.lab.id)
                    engines = run.prepare_engines(
                        lab.lab.id, fixtures, host, max(1, jobs // len(batch)), stack
                    )
                    seen.append(partial(run.prove_live, lab, fixtures, engines, progress, record=record))
                proofs = run.prove_concurrently(seen)
        except (PrivateEngineFailed, CaseNotApplied) as failed:
            exit_codes.say(str(failed).splitlines())
            raise SystemExit(exit_codes.Exit.NOT_GRADABLE) from None
        yield from proofs


@contextmanager
def counted() -> "Iterator[Callable[[str], CaseProgress]]":
    """Show on stderr how far each lab has come; a line a case where stderr is a file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:

        def counting(lab: str) -> "CaseProgress":
            starting = get_translator(language.spoken())(N_("{lab}: getting engines ready")).format(lab=lab)
            task = bar.add_task(starting, total=None)
            if not console.is_terminal:
                exit_codes.say([starting])

            def progress(case: str, done: int, total: int) -> None:
                bar.update(task, completed=done, total=total, description=f"{lab} {case}")
                if not console.is_terminal:
                    exit_codes.say([f"{lab} {done}/{total} {case}"])

            return progress

        yield counting
