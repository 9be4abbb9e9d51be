"""`dckgrade lint`: everything that is wrong with labs, all at once; `--watch` again at each change."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dckgrade.cli import exit_codes, language, options
from dckgrade.i18n import N_, UserError, get_translator

EVERY_S = 0.5
"""A look at a file's size and time is cheap: twenty labs take a tenth of a millisecond."""

Watch = Annotated[bool, typer.Option("--watch", help=N_("Check again as the files change."))]


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help=N_("Labs or folders of labs; else the shelf's.")),
    ] = None,
    watched: Watch = False,
    lang: options.Language = None,
) -> None:
    """Check labs: file:line:column of every problem at once."""
    from dckgrade.lab.discovery import shelf

    wanted = paths or [shelf()]
    if watched:
        watch(wanted)
    files = list(labs_in(wanted))
    found = problems(files)
    exit_codes.say(found)
    if found:
        raise SystemExit(exit_codes.Exit.USAGE)
    print(sound(files))


def problems(files: Sequence[Path]) -> list[str]:
    """Say what is wrong with *files*, each alone and all together."""
    from dckgrade.lab.load import LabInvalid, LoadedLab, load, repeated_codes

    if not files:
        raise exit_codes.NothingToGrade(
            N_("There is no lab to check."), N_("A lab is a file that ends in .yaml.")
        )
    spoken = language.spoken()
    found: list[str] = []
    good: list[LoadedLab] = []
    for path in files:
        try:
            good.append(load(path))
        except LabInvalid as invalid:
            found += exit_codes.excerpted(invalid, spoken)
        except UserError as trouble:
            found += trouble.sentences(spoken)
    return found + [
        line for repeated in repeated_codes(good) for line in exit_codes.excerpted(repeated, spoken)
    ]


def sound(files: Sequence[Path]) -> str:
    """Say that nothing is wrong."""
    return get_translator(language.spoken())(N_("{count} labs, no problem.")).format(count=len(files))


def watch(paths: Sequence[Path]) -> NoReturn:
    """Draw what is wrong, over what was, whenever a file changed, came or went; until Ctrl-C."""
    from rich.text import Text

    from dckgrade.cli.watch import drawing
    from dckgrade.render.text.sanitize import sanitize_line

    waiting = Text(get_translator(language.spoken())(N_("Watching the files; Ctrl-C ends it.")), style="dim")
    before: object = None
    with drawing() as draw:
        while True:
            if (now := stamps(paths)) != before:
                before = now
                draw(*(Text(sanitize_line(one)) for one in told(paths)), waiting)
            time.sleep(EVERY_S)


def told(paths: Sequence[Path]) -> list[str]:
    """Say what is wrong now; what cannot be checked just now may be there at the next look."""
    try:
        files = list(labs_in(paths))
        return problems(files) or [sound(files)]
    except UserError as trouble:
        return trouble.sentences(language.spoken())


def stamps(paths: Sequence[Path]) -> list[tuple[Path, int, int] | None]:
    """Note size and time of each lab: an editor that writes anew changes one of them."""
    try:
        return [(path, (seen := path.stat()).st_size, seen.st_mtime_ns) for path in labs_in(paths)]
    except (UserError, OSError):  # gone, or going while it is looked at
        return [None]


def labs_in(paths: Iterable[Path]) -> Iterable[Path]:
    """Give the files, and the labs of the folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.yaml"))
        elif path.exists():
            yield path
        else:
            raise UserError(N_("There is no file or folder {path}."), path=path)
