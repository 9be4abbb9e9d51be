"""`dckgrade record`: write down all that the kinds of probes can see of an engine."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, grade, inputs, language, options, output
from dckgrade.i18n import N_, get_translator

if TYPE_CHECKING:
    from rich.status import Status

    from dckgrade.engine.run_options import RunOptions
    from dckgrade.report.recording import EngineRecording

RECORDING_SUFFIX = ".json"
UNTOLD = N_("The engine does not tell what it holds: {why}.")

ActiveOption = Annotated[
    bool,
    typer.Option(
        "--active",
        help=N_("Also run commands in the containers and create probe containers, as grading does."),
    ),
]
RecordingOutput = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar=f"FILE({RECORDING_SUFFIX})",
        help=N_("Write the recording there; else to standard output."),
    ),
]


def record(
    ctx: typer.Context,
    path: RecordingOutput = None,
    active: ActiveOption = False,
    timeout: options.Timeout = 90.0,
    host: options.Host = None,
    context: options.Context = None,
    lang: options.Language = None,
) -> None:
    """Record all that can be seen of an engine."""
    from dckgrade.engine.run_options import RunOptions
    from dckgrade.report.codec import encode_document

    paths = output.validate_output_paths([path] if path else [], [RECORDING_SUFFIX])
    exit_codes.install_signal_handlers()
    run_options = RunOptions(
        lang=language.get_language(),
        passive=not active,
        timeout_s=timeout,
        inputs=inputs.resolve_known_inputs(ctx),
    )
    document = connect_and_record(run_options, host, context)
    written = encode_document(document)
    for file in paths:
        output.write_file_atomically(file, written)
    if not paths:
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
    exit_codes.print_to_stderr(list(describe_recording(document)))
    raise SystemExit(
        exit_codes.ExitCode.PASSED if document.recording.complete else exit_codes.ExitCode.NOT_GRADABLE
    )


def connect_and_record(run_options: "RunOptions", host: str | None, context: str | None) -> "EngineRecording":
    """Connect and look; raises `EngineError` where the engine does not tell what it holds."""
    from dckgrade.engine import endpoint
    from dckgrade.engine.answers import NotThere, OutOfReach
    from dckgrade.engine.connection import connect_engine, get_connect_timeout_s
    from dckgrade.grading.record import record_engine

    where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
    grade.warn_of_unverified_certificate(where, run_options.lang)
    with connect_engine(where, min(get_connect_timeout_s(where), run_options.timeout_s)) as daemon:
        exit_codes.print_to_stderr([translate(N_("Engine: {endpoint}"), endpoint=daemon.engine.endpoint)])
        try:
            with show_progress() as progress:
                return record_engine(daemon, run_options, progress)
        except OutOfReach as trouble:
            raise endpoint.EngineError(UNTOLD, why=trouble.detail or trouble.why) from None
        except NotThere as trouble:
            raise endpoint.EngineError(UNTOLD, why=trouble) from None


def translate(text: str, **values: object) -> str:
    """Return *text* in the user's language, with the values in their places."""
    return get_translator(language.get_language())(text).format(**values)


class ProgressLines:
    """How far the recording is, where stderr is a file: a line for each wait, and one for the whole."""

    def wait(self, containers: Sequence[str], seconds: float) -> None:
        """Tell that containers were just started."""
        self.write(describe_wait(containers, seconds))

    def show(self, done: int, total: int) -> None:
        """Tell how many observations there will be."""
        if not done:
            self.write(describe_progress(done, total))

    def write(self, text: str) -> None:
        """Write one line."""
        exit_codes.print_to_stderr([text])


class StatusLine(ProgressLines):
    """The same on a terminal: one line that changes."""

    def __init__(self, status: "Status") -> None:
        self.status = status

    def show(self, done: int, total: int) -> None:
        """Tell how many observations are made."""
        self.write(describe_progress(done, total))

    def write(self, text: str) -> None:
        """Change the line; names come from the engine."""
        from rich.text import Text

        from dckgrade.render.text.sanitize import sanitize_line

        self.status.update(Text(sanitize_line(text)))


def describe_wait(containers: Sequence[str], seconds: float) -> str:
    """Return the sentence that containers were just started."""
    text = N_("Just started, and given {seconds} s to answer: {names}")
    return translate(text, seconds=round(seconds), names=", ".join(containers))


def describe_progress(done: int, total: int) -> str:
    """Return how far the recording is."""
    return translate(N_("Observations: {done} of {total}"), done=done, total=total)


@contextmanager
def show_progress() -> Iterator[ProgressLines]:
    """Yield what a recording tells its progress to; Rich is loaded for a terminal alone."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False, emoji=False).status("") as status:
        yield StatusLine(status)


def describe_recording(document: "EngineRecording") -> Iterator[str]:
    """Yield how much was seen, and what the recording lacks."""
    from dckgrade.report.observation import Absent, Seen

    seen = document.recording.observations.values()
    counts = [sum(isinstance(found, state) for found in seen) for state in (Seen, Absent)]
    yield translate(
        N_("Seen: {seen}; not there: {absent}; not observable: {unseen}."),
        seen=counts[0],
        absent=counts[1],
        unseen=len(seen) - sum(counts),
    )
    if document.recording.passive:
        yield translate(
            N_("Nothing was run in a container: --active sees limits, connections, databases too.")
        )
    if not document.recording.complete:
        yield translate(N_("This is not everything: the time was up, or the engine holds too much."))
