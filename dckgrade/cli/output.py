"""A report → stdout in the format asked for, and files in the formats that their names ask for."""

import contextlib
import os
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.words import N_, Trouble

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.report import Report


class Format(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"


def json(report: "Report") -> bytes:
    """Write the document, signed where the trainee has a key."""
    from dckgrade import codec
    from dckgrade.cli.enrol import own

    if not own().exists():
        return codec.to_json(report)
    from dckgrade import signature

    return signature.signed(report, signature.read(own())[0])


def html(report: "Report") -> bytes:
    """Render the page."""
    from dckgrade.render.html_page import html_page

    return html_page(report).encode()


BY_SUFFIX: "dict[str, Callable[[Report], bytes]]" = {".json": json, ".html": html}


def checked(paths: Sequence[Path], known: Collection[str] = BY_SUFFIX.keys()) -> Sequence[Path]:
    """Refuse, before anything is graded, a file that could not be written afterwards."""
    for path in paths:
        if path.suffix not in known:
            raise Trouble(
                N_("{path} has no format that dckgrade writes."),
                N_("The file's name ends in one of {known}."),
                path=path,
                known=", ".join(known),
            )
        if not path.parent.is_dir():
            raise Trouble(N_("There is no folder {path}."), N_("Make it first."), path=path.parent)
        if not os.access(path.parent, os.W_OK):
            raise Trouble(N_("The folder {path} cannot be written to."), path=path.parent)
    return paths


def deliver(report: "Report", shape: Format, paths: Sequence[Path]) -> None:
    """Print *report* and write it to *paths*."""
    show(report, shape)
    keep(report, paths)


def show(report: "Report", shape: Format) -> None:
    """Print *report*; stdout is nothing else."""
    with heard():
        if shape is Format.JSON:
            sys.stdout.buffer.write(json(report))
        else:
            from dckgrade.render.terminal import terminal

            on_terminal(terminal(report))


def keep(report: "Report", paths: Sequence[Path]) -> None:
    """Write *report* to *paths*, each in the format that its name asks for."""
    for path in paths:
        write(path, BY_SUFFIX[path.suffix](report))


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Write to stdout. A reader that left (`| head`) has seen enough; a full disk is said."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        unheard()
    except OSError as error:
        unheard()
        raise Trouble(N_("Standard output cannot be written: {why}."), why=error.strerror) from None


def unheard() -> None:
    """Go on without a reader: the exit code still tells how the lab ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def on_terminal(*shown: "RenderableType") -> None:
    """Show it; what the terminal cannot spell is escaped, never a crash."""
    from rich.console import Console

    class Heard(Console):
        """Rich would exit with 1, which says that something failed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Heard(highlight=False, emoji=False)
    for one in shown:
        console.print(one)


def folder(path: Path) -> None:
    """Make a folder to write into, unless there is one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None


def file_name(text: str, number: int) -> str:
    """Make of any text a name that every system takes; *number* keeps two of them apart."""
    plain = re.sub(
        r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    )
    return f"{number:04}-{plain.strip('-')[:48] or 'trainee'}"


def write(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write all or nothing: a full disk or Ctrl-C leaves the old file whole; *private*: no other may read."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                # A temporary file is private; a report is like any file that the user makes.
                umask = os.umask(0)
                os.umask(umask)
                Path(file.name).chmod(0o600 if private else 0o666 & ~umask)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Trouble(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None
