"""`dckgrade draft BEFORE AFTER`: a lab whose checks fail on the one recording and pass on the other."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.grading.draft import Draft
    from dckgrade.report.recording import EngineRecording

LAB_SUFFIX = ".yaml"
NAMELESS = "drafted"
"""The id of a lab that is written to no file."""

LabOutput = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar=f"FILE({LAB_SUFFIX})",
        help=N_("Write the lab there, and call it so; else to standard output."),
    ),
]


def draft(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE.json", help=N_("Recording of the untouched engine."))
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER.json", help=N_("Recording of the solved engine."))],
    path: LabOutput = None,
    lang: options.Language = None,
) -> None:
    """Draft a lab from two recordings of an engine."""
    from dckgrade.grading.draft import NothingChanged, draft_lab, list_gone

    name = validate_lab_path(path).stem if path else NAMELESS
    untouched, solved = read_recording(before), read_recording(after)
    if gone := list_gone(untouched, solved, language.get_language()):
        exit_codes.print_to_stderr([describe_gone(gone)])
    try:
        made = draft_lab(name, untouched, solved, language.get_language())
    except NothingChanged as nothing:
        raise exit_codes.NothingToGrade(nothing.message_id, nothing.advice_id) from None
    if path:
        output.write_file_atomically(path, made.text.encode())
    else:
        sys.stdout.buffer.write(made.text.encode())
        sys.stdout.flush()
    exit_codes.print_to_stderr(describe_draft(made, path))
    raise SystemExit(exit_codes.ExitCode.PASSED if made.tells_apart else exit_codes.ExitCode.FAILED)


def validate_lab_path(path: Path) -> Path:
    """Refuse, before anything is read, a file that is there, or could not be written or found as a lab."""
    from dckgrade.prove.skeleton import validate_lab_name

    output.validate_output_paths([path], [LAB_SUFFIX])
    validate_lab_name(path.stem)
    if path.exists():
        raise UserError(
            N_("{path} is already there; nothing was written."), N_("Choose another name."), path=path
        )
    return path


def read_recording(path: Path) -> "EngineRecording":
    """Read a recording that is whole; raises `UserError`."""
    from dckgrade.report.codec import MAX_DOCUMENT_BYTES
    from dckgrade.report.recording import parse_engine_recording

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    document = parse_engine_recording(raw, str(path))
    if not document.recording.complete:
        raise UserError(
            N_("{path} is not whole: what it lacks may have been there all the same."),
            N_("Record again, with a longer --timeout."),
            path=path,
        )
    return document


def describe_gone(gone: Sequence[str]) -> str:
    """Say what no check can be about, since there is nothing to look at any more."""
    what = N_("Gone in the second recording, and no check can demand that: {things}.")
    return get_translator(language.get_language())(what).format(things=", ".join(gone))


def describe_draft(made: "Draft", path: Path | None) -> list[str]:
    """Say what the draft does with both recordings, and what to do with it."""
    translate = get_translator(language.get_language())
    scores = N_("Checks: {count}. First recording: {before}/{possible}; second one: {after}/{possible}.")
    lines = [
        translate(scores).format(
            count=len(made.loaded.lab.checks),
            before=made.before.score.earned,
            after=made.after.score.earned,
            possible=made.after.score.possible,
        )
    ]
    if made.left_out:
        more = N_("More changed than a lab can hold; left out: {count}.")
        lines.append(translate(more).format(count=made.left_out))
    if made.made_up_names:
        unnamed = N_("Did Docker make up {names}? Another engine has another name: run it with --name.")
        lines.append(translate(unnamed).format(names=", ".join(made.made_up_names)))
    if not made.tells_apart:
        lines.append(translate(N_("The draft does not tell them apart: mend it before you use it.")))
    if path:
        next_ = N_(
            "Read {path}, leave out what you do not ask for, name the mistakes; then: dckgrade lint {path}"
        )
        lines.append(translate(next_).format(path=path))
    return lines
