"""`dckgrade judge` and `dckgrade demo`: judge again what was recorded; no engine is needed."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output
from dckgrade.i18n import N_, Lang, UserError

Diff = Annotated[
    bool, typer.Option("--diff", help=N_("Show what would change, in files, folders and archives."))
]
Write = Annotated[
    bool, typer.Option("--write", help=N_("With --diff: write it; the old report is kept beside the new."))
]


def judge(
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT…", help=N_("JSON reports."))],
    shape: options.Shape = output.Format.TEXT,
    outputs: options.Output = None,
    hints: options.Hints = 1,
    diff: Diff = False,
    write: Write = False,
    lang: options.Language = None,
) -> None:
    """Judge recorded reports again with today's labs."""
    if write and not diff:
        raise UserError(N_("--write goes with --diff."), N_("Look at what would change first."))
    if diff:
        from dckgrade.cli.judge_diff import difference

        raise SystemExit(difference(reports, write=write))
    paths = output.checked(outputs or [])
    if paths and len(reports) > 1:
        raise UserError(
            N_("Several reports do not fit into one file."), N_("Name one report, or leave -o out.")
        )
    if shape not in output.APPENDABLE and len(reports) > 1:
        raise UserError(N_("Several reports do not fit into one document."), N_("Name one report."))
    spoken = language.spoken()
    code = exit_codes.Exit.PASSED
    for path in reports:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
        code = max(code, replayed(raw, str(path), spoken, shape, paths, hints))
    raise SystemExit(code)


def demo(
    shape: options.Shape = output.Format.TEXT,
    outputs: options.Output = None,
    hints: options.Hints = 1,
    lang: options.Language = None,
) -> None:
    """Show a recorded lab with two mistakes; needs no engine."""
    spoken = language.spoken()
    raw = resources.files("dckgrade").joinpath("demo.json").read_bytes()
    raise SystemExit(replayed(raw, "demo.json", spoken, shape, output.checked(outputs or []), hints))


def replayed(
    raw: bytes, source: str, lang: Lang, shape: output.Format, paths: Sequence[Path], hints: int
) -> exit_codes.Exit:
    """Judge one recording again, or all those of a session, and deliver it."""
    from dckgrade.grading import run
    from dckgrade.lab.discovery import find
    from dckgrade.lab.load import load
    from dckgrade.report import codec

    reports = [codec.from_json(one, source) for one in codec.parts(raw)]
    again = [run.again(load(find(one.lab.id)), one, lang) for one in reports]
    output.deliver(again, shape, paths, hints)
    return exit_codes.of(again)
