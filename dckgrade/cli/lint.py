"""`dckgrade lint`: everything that is wrong with labs, all at once; `--watch` again at each change."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dckgrade.cli import exit_codes, language, options
from dckgrade.i18n import N_, UserError, get_plural_translator, get_translator
from dckgrade.lab.discovery import LAB_SUFFIX

POLL_INTERVAL_S = 0.5
"""A look at a file's size and time is cheap: twenty labs take a tenth of a millisecond."""

CHECKS_PATTERN = re.compile(r"^(?:checks|sheet|inputs)\s*:", re.MULTILINE)
"""The keys of a lab that no other tool's file has at its top."""
MAX_SEARCHED_CHARS = 256 * 1024
"""A lab has at most as many bytes."""

WatchOption = Annotated[bool, typer.Option("--watch", help=N_("Check again as the files change."))]


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]…",
            help=N_("Labs or folders of labs; by default those of this folder, else the built-in labs."),
        ),
    ] = None,
    watched: WatchOption = False,
    lang: options.Language = None,
) -> None:
    """Check labs and show every problem at once, as file:line:column."""
    from dckgrade.lab.discovery import find_builtin_folder

    wanted = paths or find_labs_here() or [find_builtin_folder()]
    if watched:
        watch_labs(wanted)
    files = list(find_lab_files(wanted))
    found = find_problems(files)
    for line in list_files_taken(files):
        print(line)
    exit_codes.print_to_stderr(found)
    if found:
        raise SystemExit(exit_codes.ExitCode.USAGE)
    print(format_no_problem(files))


def find_labs_here() -> list[Path]:
    """Return the labs of the current folder and of its `checks`, where `dckgrade new` writes them."""
    folders = (Path(), Path("checks"))
    files = [path for folder in folders for path in sorted(folder.glob(f"*{LAB_SUFFIX}"))]
    return [path for path in files if is_lab(path)]


def is_lab(path: Path) -> bool:
    """Return whether a YAML file is a lab, and not a Compose file; one that cannot be read may be."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return bool(CHECKS_PATTERN.search(file.read(MAX_SEARCHED_CHARS)))
    except OSError:
        return True


def list_files_taken(files: Sequence[Path]) -> Iterator[str]:
    """Yield a line for each folder, with the labs that were looked at there."""
    from dckgrade.render.text.sanitize import sanitize_line

    for folder, paths in groupby(files, key=lambda path: path.parent):
        yield sanitize_line(f"{folder}: {', '.join(path.name for path in paths)}")


def find_problems(files: Sequence[Path]) -> list[str]:
    """Return the problems of *files*, each alone and all together."""
    from dckgrade.lab.blanks import find_blanks
    from dckgrade.lab.load import (
        LabInvalid,
        find_conflicting_inputs,
        find_repeated_codes,
        load_lab,
    )
    from dckgrade.lab.model import LoadedLab
    from dckgrade.lab.source import read_lab_bytes

    if not files:
        raise exit_codes.NothingToGrade(
            N_("There is no lab to check."), N_("A lab is a file that ends in .yaml.")
        )
    spoken = language.get_language()
    found: list[str] = []
    good: list[LoadedLab] = []
    for path in files:
        try:
            loaded = load_lab(path)
            raw = read_lab_bytes(path)
            if blanks := list(find_blanks(raw)):
                raise LabInvalid(path, blanks, raw)  # noqa: TRY301 - as what loading itself refuses
            good.append(loaded)
        except LabInvalid as invalid:
            found += exit_codes.format_problems_for_stderr(invalid, spoken)
        except UserError as trouble:
            found += trouble.translate_sentences(spoken)
    return found + [
        line
        for invalid in (*find_repeated_codes(good), *find_conflicting_inputs(good))
        for line in exit_codes.format_problems_for_stderr(invalid, spoken)
    ]


def format_no_problem(files: Sequence[Path]) -> str:
    """Format the sentence that nothing is wrong."""
    ngettext, count = get_plural_translator(language.get_language()), len(files)
    return ngettext(
        "{count} lab checked: no problem found.", "{count} labs checked: no problem found.", count
    ).format(count=count)


def watch_labs(paths: Sequence[Path]) -> NoReturn:
    """Draw what is wrong, over what was, whenever a file changed, came or went; until Ctrl-C."""
    from rich.text import Text

    from dckgrade.cli.watch import draw_in_place
    from dckgrade.render.text.sanitize import sanitize_line

    waiting = Text(
        get_translator(language.get_language())(N_("Watching the files; Ctrl-C ends it.")), style="dim"
    )
    before: object = None
    with draw_in_place() as draw:
        while True:
            if (now := list_file_stamps(paths)) != before:
                before = now
                draw(*(Text(sanitize_line(text)) for text in describe_current_problems(paths)), waiting)
            time.sleep(POLL_INTERVAL_S)


def describe_current_problems(paths: Sequence[Path]) -> list[str]:
    """Describe the problems of now; what cannot be read yet may be readable at the next round."""
    try:
        files = list(find_lab_files(paths))
        return find_problems(files) or [format_no_problem(files)]
    except UserError as trouble:
        return trouble.translate_sentences(language.get_language())


def list_file_stamps(paths: Sequence[Path]) -> list[tuple[Path, int, int] | None]:
    """Note size and time of each lab: an editor that writes anew changes one of them."""
    try:
        return [(path, (seen := path.stat()).st_size, seen.st_mtime_ns) for path in find_lab_files(paths)]
    except (UserError, OSError):  # gone, or going while it is looked at
        return [None]


def find_lab_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Yield the files, and the labs in the folders and below them, but not in hidden ones."""
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob(f"*{LAB_SUFFIX}"))
            yield from (file for file in below if not is_hidden(file.relative_to(path)) and is_lab(file))
        elif path.exists():
            yield path
        else:
            raise UserError(N_("There is no file or folder {path}."), path=path)


def is_hidden(path: Path) -> bool:
    """Return whether it is a folder such as .venv, .git, or in one."""
    return any(part.startswith(".") for part in path.parts)
