"""`dckgrade judge` and `dckgrade demo`: judge again what was recorded; no engine is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import dckgrade
from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, Lang, UserError, get_translator
from dckgrade.render import formats

DiffOption = Annotated[
    bool, typer.Option("--diff", help=N_("Show what would change, in files, folders and archives."))
]
WriteOption = Annotated[
    bool,
    typer.Option(
        "--write", help=N_("With --diff: write the changes; the old report is kept beside the new one.")
    ),
]


def judge(
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT…", help=N_("JSON reports."))],
    shape: options.ReportFormatOption = output.DEFAULT_REPORT_FORMAT,
    outputs: options.ReportOutputs = None,
    hints: options.Hints = 1,
    diff: DiffOption = False,
    write: WriteOption = False,
    lang: options.Language = None,
) -> None:
    """Judge recorded reports again with today's labs."""
    if write and not diff:
        raise UserError(N_("--write needs --diff."), N_("Look at what would change first."))
    if diff:
        from dckgrade.cli.judge_diff import show_differences

        raise SystemExit(show_differences(reports, write=write))
    paths = output.validate_output_paths(outputs or [])
    if paths and len(reports) > 1:
        raise UserError(
            N_("Several reports do not fit into one file."), N_("Name one report, or leave -o out.")
        )
    if not formats.get_format(shape).appendable and len(reports) > 1:
        raise UserError(N_("Several reports do not fit into one document."), N_("Name one report."))
    spoken = language.get_language()
    code = exit_codes.ExitCode.PASSED
    for path in reports:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
        code = max(code, judge_recordings(raw, str(path), spoken, shape, paths, hints))
    raise SystemExit(code)


def demo(
    shape: options.ReportFormatOption = output.DEFAULT_REPORT_FORMAT,
    outputs: options.ReportOutputs = None,
    hints: options.Hints = 1,
    lang: options.Language = None,
) -> None:
    """Show a recorded lab with two mistakes; needs no engine."""
    spoken = language.get_language()
    raw = Path(dckgrade.__file__).with_name("demo.json").read_bytes()
    translate = get_translator(spoken)
    about = translate(N_("This is a demonstration, on a recording. On your own engine: `dckgrade tp5`"))
    raise SystemExit(
        judge_recordings(
            raw,
            "demo.json",
            spoken,
            shape,
            output.validate_output_paths(outputs or []),
            hints,
            endpoint=translate(N_("demonstration")),
            below=[about],
        )
    )


def judge_recordings(
    raw: bytes,
    source: str,
    lang: Lang,
    shape: output.ReportFormat,
    paths: Sequence[Path],
    hints: int,
    *,
    endpoint: str = "",
    below: Sequence[str] = (),
) -> exit_codes.ExitCode:
    """
    Judge one recording again, or all those of a session; print and write the reports.

    *endpoint*: what to call the engine instead; *below*: what to say below a text.
    """
    from msgspec.structs import replace

    from dckgrade.grading import judging
    from dckgrade.lab.checked import load_checked_lab
    from dckgrade.lab.discovery import find_lab_path
    from dckgrade.report import codec

    reports = [codec.from_json(part, source) for part in codec.split_session(raw)]
    again = [
        judging.judge_report_again(load_checked_lab(find_lab_path(report.lab.id)), report, lang)
        for report in reports
    ]
    if endpoint:
        again = [replace(report, engine=replace(report.engine, endpoint=endpoint)) for report in again]
    output.print_reports(again, shape, hints, below)
    output.write_reports(again, paths, hints)
    return exit_codes.choose_exit_code(again)
