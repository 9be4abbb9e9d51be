"""`dckgrade prove`: every check of a lab is proven able to fail."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exits, language, options, output
from dckgrade.words import N_, Trouble

if TYPE_CHECKING:
    from dckgrade.lab.load import Loaded
    from dckgrade.prove.proof import Proof
    from dckgrade.prove.run import Progress


class Shape(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"
    MD = "md"


Fixtures = Annotated[
    Path, typer.Option("--fixtures", metavar="DIR", help=N_("Folder of the solutions and mistakes."))
]
Disposable = Annotated[
    bool,
    typer.Option("--disposable", help=N_("The engine named with --host is empty and may be used up.")),
]


def prove(
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB]…", help=N_("Labs; else all."))] = None,
    recorded: Annotated[
        bool, typer.Option("--recorded", help=N_("Judge the recordings; no engine is needed."))
    ] = False,
    record: Annotated[bool, typer.Option("--record", help=N_("Renew the recordings."))] = False,
    fixtures: Fixtures = Path("fixtures"),
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=16, help=N_("Engines of our own at a time."))] = 2,
    host: options.Host = None,
    disposable: Disposable = False,
    shape: Annotated[
        Shape, typer.Option("-f", "--format", help=N_("What to print on standard output."))
    ] = Shape.TEXT,
    outputs: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", metavar="FILE", help=N_("Also write .html, .json, .xml, .md.")),
    ] = None,
    lang: options.Language = None,
) -> None:
    """Prove that solutions pass, that mistakes fail, and that every check can."""
    from dckgrade.lab.load import load
    from dckgrade.lab.shelf import find, lab_paths
    from dckgrade.prove import forms

    paths = output.checked(outputs or [], forms.BY_SUFFIX)
    if host and not disposable:
        raise Trouble(
            N_("Proving uses an engine up; {host} was not given up for that."),
            N_("Add --disposable if it holds nothing of worth, or leave --host out."),
            host=host,
        )
    loaded = [load(find(name)) for name in labs or lab_paths()]
    proofs = list(
        from_recordings(loaded, fixtures)
        if recorded
        else from_engines(loaded, fixtures, host, jobs, record=record)
    )
    for path in paths:
        output.write(path, forms.BY_SUFFIX[path.suffix](proofs, language.spoken()))
    forms.on_stdout(proofs, shape, language.spoken())
    raise SystemExit(of(proofs))


def of(proofs: "Sequence[Proof]") -> exits.Exit:
    """Choose the exit code: proven, or not."""
    return exits.Exit.FAILED if any(proof.faults for proof in proofs) else exits.Exit.PASSED


def from_recordings(labs: "Sequence[Loaded]", fixtures: Path) -> "Iterator[Proof]":
    """Judge what was recorded."""
    from dckgrade.prove.run import recorded

    return (recorded(lab, fixtures) for lab in labs)


def from_engines(
    labs: "Sequence[Loaded]", fixtures: Path, host: str | None, jobs: int, *, record: bool
) -> "Iterator[Proof]":
    """See it on engines, each lab with the images that it needs; engines of our own are gone afterwards."""
    from dckgrade.prove import run
    from dckgrade.prove.case import terms
    from dckgrade.prove.live import NotApplied
    from dckgrade.prove.private_engine import PrivateEngineFailed

    for lab in labs:
        images = terms(fixtures, lab.lab.id).images
        try:
            with ExitStack() as stack, counted(lab.lab.id) as progress:
                engines = (
                    run.given(host, images, fixtures, stack)
                    if host
                    else run.started(jobs, images, fixtures, stack)
                )
                proof = run.seen(lab, fixtures, engines, progress, record=record)
        except (PrivateEngineFailed, NotApplied) as failed:
            exits.say(str(failed).splitlines())
            raise SystemExit(exits.Exit.NOT_GRADABLE) from None
        yield proof


@contextmanager
def counted(lab: str) -> "Iterator[Progress]":
    """Show on stderr how far a lab has come; a line a case where stderr is a file."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False, emoji=False)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(lab, total=None)

        def progress(case: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"{lab} {case}")
            if not console.is_terminal:
                sys.stderr.write(f"{lab} {done}/{total} {case}\n")

        yield progress
