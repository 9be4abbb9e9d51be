"""A run's reports → stdout in the format asked for, and files in the formats that their names ask for."""

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

from dckgrade.i18n import N_, UserError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.report.report import Report


class ReportFormat(StrEnum):
    """What stdout can carry."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    TAP = "tap"
    MD = "md"
    GITHUB = "github"
    CSV = "csv"
    GRADESCOPE = "gradescope"


APPENDABLE_FORMATS = {ReportFormat.TEXT, ReportFormat.MD, ReportFormat.GITHUB}
"""Formats in which several reports can follow one another."""


def encode_json(reports: "Sequence[Report]", _hints: int) -> bytes:
    """Write the document; of several labs a session."""
    from dckgrade.report import codec

    documents = [encode_report(one) for one in reports]
    return documents[0] if len(documents) == 1 else codec.encode_session(documents)


def encode_report(report: "Report") -> bytes:
    """Write one report, signed where the trainee has a key."""
    from dckgrade.cli import settings
    from dckgrade.report import codec

    key = settings.get_own_key_path()
    if not key.exists():
        return codec.to_json(report)
    from dckgrade.report import signature

    return signature.sign_report(report, signature.read_keys(key)[0])


def encode_html(reports: "Sequence[Report]", hints: int) -> bytes:
    """Render the page."""
    from dckgrade.render.report.html import render_session_page

    return render_session_page(reports, hints).encode()


def encode_junit(reports: "Sequence[Report]", hints: int) -> bytes:
    """Write JUnit XML."""
    from dckgrade.render.report.junit import render_junit

    return render_junit(reports, hints)


def encode_tap(reports: "Sequence[Report]", hints: int) -> bytes:
    """Write TAP 14."""
    from dckgrade.render.report.tap import render_tap

    return render_tap(reports, hints)


def encode_markdown(reports: "Sequence[Report]", hints: int) -> bytes:
    """Write a job's summary."""
    from dckgrade.render.report.markdown import render_markdown

    return render_markdown(reports, hints)


def encode_github(reports: "Sequence[Report]", hints: int) -> bytes:
    """Write annotations for GitHub's checks."""
    from dckgrade.render.report.github import render_github

    return render_github(reports, hints)


def encode_csv_table(reports: "Sequence[Report]", _hints: int) -> bytes:
    """Write a row for each check."""
    from dckgrade.render.report.csv import render_csv

    return render_csv(reports)


def encode_gradescope(reports: "Sequence[Report]", hints: int) -> bytes:
    """Write `results.json`."""
    from dckgrade.render.report.gradescope import render_gradescope

    return render_gradescope(reports, hints)


ReportEncoder = Callable[["Sequence[Report]", int], bytes]
"""The reports of a run and how far up the ladder of hints to go → a document."""

ENCODERS_BY_FORMAT: dict[ReportFormat, ReportEncoder] = {
    ReportFormat.JSON: encode_json,
    ReportFormat.JUNIT: encode_junit,
    ReportFormat.TAP: encode_tap,
    ReportFormat.MD: encode_markdown,
    ReportFormat.GITHUB: encode_github,
    ReportFormat.CSV: encode_csv_table,
    ReportFormat.GRADESCOPE: encode_gradescope,
}
ENCODERS_BY_SUFFIX: dict[str, ReportEncoder] = {
    ".json": encode_json,
    ".html": encode_html,
    ".xml": encode_junit,
    ".tap": encode_tap,
    ".md": encode_markdown,
    ".csv": encode_csv_table,
    ".gradescope.json": encode_gradescope,
}


def find_suffix(path: Path, known: Collection[str]) -> str | None:
    """Find which of *known* the file's name ends in, the longest: `a.gradescope.json` is no plain `.json`."""
    fitting = [one for one in known if path.name.endswith(one) and path.name != one]
    return max(fitting, key=len, default=None)


def validate_output_paths(
    paths: Sequence[Path], known: Collection[str] = ENCODERS_BY_SUFFIX.keys()
) -> Sequence[Path]:
    """Refuse, before anything is graded, a file that could not be written afterwards."""
    for path in paths:
        if find_suffix(path, known) is None:
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


def print_and_write_reports(
    reports: "Sequence[Report]", shape: ReportFormat, paths: Sequence[Path], hints: int
) -> None:
    """Print *reports* and write them to *paths*."""
    print_reports(reports, shape, hints)
    write_reports(reports, paths, hints)


def print_reports(reports: "Sequence[Report]", shape: ReportFormat, hints: int, news: str = "") -> None:
    """Print *reports*, and below a text what is new since the last run; stdout is nothing else."""
    with safe_stdout():
        if shape is ReportFormat.TEXT:
            from dckgrade.render.report.terminal import render_session
            from dckgrade.render.text.sanitize import sanitize_line

            print_on_terminal(*render_session(reports, hints), *filter(None, [sanitize_line(news)]))
        else:
            sys.stdout.buffer.write(ENCODERS_BY_FORMAT[shape](reports, hints))


def write_reports(reports: "Sequence[Report]", paths: Sequence[Path], hints: int) -> None:
    """Write *reports* to *paths*, each in the format that its name asks for."""
    for path in paths:
        write_file_atomically(
            path, ENCODERS_BY_SUFFIX[find_suffix(path, ENCODERS_BY_SUFFIX) or ""](reports, hints)
        )


@contextlib.contextmanager
def safe_stdout() -> Iterator[None]:
    """Write to stdout. A reader that left (`| head`) has seen enough; a full disk is said."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        mute_stdout()
    except OSError as error:
        mute_stdout()
        raise UserError(N_("Standard output cannot be written: {why}."), why=error.strerror) from None


def mute_stdout() -> None:
    """Go on without a reader: the exit code still tells how the lab ended."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_on_terminal(*shown: "RenderableType") -> None:
    """Show it; what the terminal cannot spell is escaped, never a crash."""
    from rich.console import Console

    class Heard(Console):
        """Rich would exit with 1, which says that something failed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Heard(highlight=False, emoji=False)
    for one in shown:
        console.print(one)


def make_folder(path: Path) -> None:
    """Make a folder to write into, unless there is one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None


def make_file_name(text: str, number: int) -> str:
    """Make of any text a name that every system takes; *number* keeps two of them apart."""
    plain = re.sub(
        r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    )
    return f"{number:04}-{plain.strip('-')[:48] or 'trainee'}"


def write_file_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
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
        raise UserError(N_("{path} cannot be written: {why}."), path=path, why=error.strerror) from None
