"""`dckgrade lint`: everything that is wrong with labs, all at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from dckgrade.cli import exits, language, options
from dckgrade.words import N_, Trouble, into


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help=N_("Labs or folders of labs; else the shelf's.")),
    ] = None,
    lang: options.Language = None,
) -> None:
    """Check labs: file:line:column of every problem at once."""

    from dckgrade.lab.load import LabInvalid, Loaded, load, repeated_codes
    from dckgrade.lab.shelf import shelf

    spoken = language.spoken()
    found: list[str] = []
    sound: list[Loaded] = []
    for path in (files := list(labs_in(paths or [shelf()]))):
        try:
            sound.append(load(path))
        except LabInvalid as invalid:
            found += invalid.lines(spoken)
        except Trouble as trouble:
            found += trouble.sentences(spoken)
    found += [line for repeated in repeated_codes(sound) for line in repeated.lines(spoken)]
    if not files:
        raise exits.NothingToGrade(N_("There is no lab to check."), N_("A lab is a file that ends in .yaml."))
    exits.say(found)
    if found:
        raise SystemExit(exits.Exit.USAGE)
    print(into(spoken)(N_("{count} labs, no problem.")).format(count=len(files)))


def labs_in(paths: Iterable[Path]) -> Iterable[Path]:
    """Give the files, and the labs of the folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.yaml"))
        elif path.exists():
            yield path
        else:
            raise Trouble(N_("There is no file or folder {path}."), path=path)
