"""Print documents on stdout in the format asked for, and write them to files in that of their names."""

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.cli import language
from dckgrade.i18n import N_, UserError
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.render.text.layout import Block
    from dckgrade.report.report import Report


ReportFormat = StrEnum("ReportFormat", formats.list_stdout_names(DocumentKind.REPORT))  # type: ignore[misc]
"""What `-f` offers for reports. Mypy wants the members written out; they are the rows of the table."""
DEFAULT_REPORT_FORMAT = ReportFormat(formats.TEXT.name)
DEFAULT_WIDTH = 80
"""Columns of a line where no terminal says how many."""


def encode_own_report(report: "Report") -> bytes:
    """Write one report as JSON, signed where the trainee has a key."""
    from dckgrade.cli import settings
    from dckgrade.report import codec

    key = settings.get_own_key_path()
    if not key.exists():
        return codec.to_json(report)
    from dckgrade.report import signature

    return signature.sign_report(report, signature.read_keys(key)[0])


def find_sheet_of_report(report: "Report") -> str:
    """Return what the report's lab asks, in Markdown; nothing where that very lab is not at hand."""
    from dckgrade.lab.discovery import get_lab_path
    from dckgrade.lab.load import LabInvalid, load_lab

    with contextlib.suppress(LabInvalid, UserError):
        path = get_lab_path(report.lab.id)
        loaded = load_lab(path) if path else None
        if loaded and loaded.lab.sheet and loaded.digest == report.lab.digest:
            return loaded.lab.sheet.in_language(report.lang)
    return ""


def validate_output_paths(
    paths: Sequence[Path], suffixes: Sequence[str] | None = None, *, kind: DocumentKind = DocumentKind.REPORT
) -> Sequence[Path]:
    """
    Refuse, before anything is graded, a file that could not be written afterwards.

    Its name must end in one of *suffixes*, else in that of a format for documents of *kind*.
    """
    known = formats.list_suffixes(kind) if suffixes is None else suffixes
    for path in paths:
        if not any(path.name.endswith(suffix) and path.name != suffix for suffix in known):
            raise UserError(
                N_("{path} has no format that dckgrade writes."),
                N_("The file's name ends in one of {known}."),
                path=path,
                known=", ".join(known),
            )
        if not path.parent.is_dir():
            raise UserError(N_("There is no folder {path}."), N_("Make it first."), path=path.parent)
        if not os.access(path.parent, os.W_OK):
            raise UserError(N_("The folder {path} cannot be written to."), path=path.parent)
    return paths


def is_one_screen(shape: ReportFormat) -> bool:
    """Return whether a text in the format called *shape* and what stderr says are read on one screen."""
    return formats.get_format(shape).for_terminal and sys.stdout.isatty() and sys.stderr.isatty()


def print_reports(
    reports: "Sequence[Report]", shape: ReportFormat, hints: int, below: Sequence[str] = ()
) -> None:
    """Print *reports*, and below a text what else is to be said."""
    print_document(
        DocumentKind.REPORT,
        reports,
        shape,
        below=below,
        hints=hints,
        encode_report=encode_own_report,
        find_sheet=find_sheet_of_report,
    )


def write_reports(reports: "Sequence[Report]", paths: Sequence[Path], hints: int) -> None:
    """Write *reports* to *paths*, each in the format that its name asks for."""
    write_document(
        DocumentKind.REPORT,
        reports,
        paths,
        hints=hints,
        encode_report=encode_own_report,
        find_sheet=find_sheet_of_report,
    )


def print_document(
    kind: DocumentKind, document: object, shape: str, *, below: Sequence[str] = (), **options: object
) -> None:
    """Print *document* in the format called *shape*, on a terminal with *below*; stdout is nothing else."""
    chosen = formats.get_format(shape)
    with safe_stdout():
        if chosen.for_terminal:
            from dckgrade.render.text.layout import TextBlock

            lines = [TextBlock(sentence, language.get_language()) for sentence in below]
            print_on_terminal(*chosen.render(kind, document, **options), *lines)
        else:
            sys.stdout.buffer.writelines(chosen.iter_encoded(kind, document, **options))


def write_document(kind: DocumentKind, document: object, paths: Sequence[Path], **options: object) -> None:
    """Write *document* to *paths*, validated before, each in the format that its name asks for."""
    for path in paths:
        if chosen := formats.find_format_of_file(path.name, kind):
            write_file_atomically(path, chosen.iter_encoded(kind, document, **options))


@contextlib.contextmanager
def safe_stdout() -> Iterator[None]:
    """Write to stdout: ignore a reader that left (`| head`), report a full disk."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        mute_stdout()
    except OSError as error:
        mute_stdout()
        raise UserError(N_("Standard output cannot be written: {why}."), why=error.strerror) from None


def mute_stdout() -> None:
    """Send stdout to nowhere, so that the exit code still says how the lab ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_on_terminal(*shown: "RenderableType") -> None:
    """Print renderables: blocks as they are where nothing is drawn, all else by Rich."""
    from dckgrade.render.text.layout import Block

    blocks = [part for part in shown if isinstance(part, Block)]
    if len(blocks) == len(shown) and not is_drawn_on():
        write_blocks(blocks)
        return
    from rich.console import Console

    class StrictConsole(Console):
        """Rich would exit with 1, which means that a check failed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = StrictConsole(highlight=False, emoji=False)
    for part in shown:
        console.print(part)


def is_drawn_on() -> bool:
    """Return whether stdout is a terminal, or is said to be one by a variable that Rich heeds."""
    return sys.stdout.isatty() or any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))


def write_blocks(blocks: "Sequence[Block]") -> None:
    """Write blocks to stdout, which is no terminal."""
    from dckgrade.render.text.layout import Page, join_line

    page = Page(find_width(), (sys.stdout.encoding or "utf-8").lower())
    for block in blocks:
        sys.stdout.writelines(f"{join_line(line)}\n" for line in block.iter_lines(page))


def find_width() -> int:
    """Find how many columns a line may take: as COLUMNS says, else as on the terminal beside, else 80."""
    with contextlib.suppress(ValueError):
        if (told := int(os.environ.get("COLUMNS", ""))) > 0:
            return told
    for stream in filter(None, (sys.__stdin__, sys.__stderr__)):
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    return DEFAULT_WIDTH


def make_folder(path: Path) -> None:
    """Make a folder to write into, unless there is one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None


def make_file_name(text: str, number: int) -> str:
    """Make a file name that every system takes of any text; *number* makes it unique."""
    # Late: most commands name no file.
    import unicodedata

    plain = re.sub(
        r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    )
    return f"{number:04}-{plain.strip('-')[:48] or 'trainee'}"


def remove_file(path: Path) -> None:
    """Remove a file, unless there is none."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(N_("{path} cannot be removed: {why}."), path=path, why=error.strerror) from None


def write_file_atomically(path: Path, content: bytes | Iterable[bytes], *, private: bool = False) -> None:
    """
    Write all or nothing: a full disk or Ctrl-C leaves the old file whole; *private*: its owner only.

    *content* may come in pieces.
    """
    # Late: it brings a random generator, and most commands write no file.
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.writelines([content] if isinstance(content, bytes) else content)
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
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None
