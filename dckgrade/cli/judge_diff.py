"""`dckgrade judge --diff`: show what a changed lab changes in the reports of a class, and write it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.cli import exit_codes, language, output
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.classroom.verdict_changes import ReportChange, ResultChange
    from dckgrade.report.result import CheckResult


def show_differences(paths: Sequence[Path], *, write: bool) -> exit_codes.ExitCode:
    """Show what would change, per trainee and check; write it when asked. Exit code 1 for a change."""
    from dckgrade.classroom.submissions import read_submissions
    from dckgrade.classroom.verdict_changes import ReportChange, find_report_changes

    translate = get_translator(language.get_language())
    read, changing, unread = 0, 0, 0
    with output.safe_stdout():
        for changed in find_report_changes(read_submissions(list(paths))):
            if not isinstance(changed, ReportChange):
                unread += 1
                exit_codes.print_to_stderr(changed.trouble.translate_sentences(language.get_language()))
                continue
            read += 1
            if changed.changes:
                changing += 1
                output.print_on_terminal(*lay_out_report_change(changed))
                if write:
                    write_changed_report(changed)
        message = N_("Reports that change: {changing} of {read}.")
        output.print_on_terminal(translate(message).format(changing=changing, read=read))
    if not read:
        raise exit_codes.NothingToGrade(N_("There is no report among what was named."))
    if unread:
        return exit_codes.ExitCode.NOT_GRADABLE
    return exit_codes.ExitCode.FAILED if changing and not write else exit_codes.ExitCode.PASSED


def lay_out_report_change(changed: "ReportChange") -> "Iterator[RenderableType]":
    """Lay out what changes in one report."""
    from rich.text import Text

    from dckgrade.render.text.sanitize import sanitize_line

    before, now = changed.before.score.earned, changed.now.score.earned
    yield Text(sanitize_line(f"{changed.trainee}  {changed.before.lab.id}  {before} → {now}"), style="bold")
    yield Text(sanitize_line(f"  {changed.source}"), style="dim")
    for change in changed.changes:
        yield Text(
            sanitize_line(
                f"  {change.check}: {describe_result(change.before)} → {describe_result(change.now)}"
            ),
            style=choose_change_style(change),
        )


def describe_result(judged: "CheckResult | None") -> str:
    """Describe a check's verdict and points; `-` where there is no such check."""
    if judged is None:
        return "-"
    from dckgrade.render.text.messages import VERDICT_WORDS

    code = f" {judged.diagnosis.code}" if judged.diagnosis else ""
    word = get_translator(language.get_language())(VERDICT_WORDS[judged.verdict])
    return f"{word}{code} ({judged.earned}/{judged.points})"


def choose_change_style(change: "ResultChange") -> str:
    """Return the colour of a gain or a loss."""
    gain = (change.now.earned if change.now else 0) - (change.before.earned if change.before else 0)
    return "green" if gain > 0 else "red" if gain < 0 else ""


def write_changed_report(changed: "ReportChange") -> None:
    """Replace the report by the new one; the old is kept beside it under another name."""
    from dckgrade.classroom.hand_ins import BACKUP_SUFFIX
    from dckgrade.report import codec

    path = Path(changed.source)
    if not path.is_file():
        raise UserError(
            N_("{path} lies in an archive, which is not written to."), N_("Unpack it first."), path=path
        )
    kept = path.with_name(path.name + BACKUP_SUFFIX)
    # The very first report is what the trainee handed in: judging twice must not lose it.
    if not kept.exists():
        output.write_file_atomically(kept, path.read_bytes())
    documents = list(codec.split_session(path.read_bytes()))
    if len(documents) == 1:
        output.write_file_atomically(path, codec.to_json(changed.now))
        return
    # A session: the others in it stay as they are.
    apart = [
        codec.to_json(changed.now) if codec.from_json(raw, changed.source) == changed.before else raw
        for raw in documents
    ]
    output.write_file_atomically(path, codec.encode_session(apart))
