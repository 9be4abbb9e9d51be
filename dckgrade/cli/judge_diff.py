"""`dckgrade judge --diff`: show what a changed lab changes in the reports of a class, and write it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.cli import exit_codes, language, output
from dckgrade.i18n import N_, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.classroom.verdict_changes import ReportChange, ResultChange
    from dckgrade.render.text.layout import Block
    from dckgrade.report.result import CheckResult


def show_differences(paths: Sequence[Path], *, write: bool) -> exit_codes.ExitCode:
    """Show what would change, per trainee and check; write it when asked. Exit code 1 for a change."""
    from dckgrade.classroom.submissions import read_submissions
    from dckgrade.classroom.verdict_changes import ReportChange, find_report_changes
    from dckgrade.render.text.layout import TextBlock

    lang = language.get_language()
    read, changing, unread = 0, 0, 0
    with output.safe_stdout():
        for changed in find_report_changes(read_submissions(list(paths))):
            if not isinstance(changed, ReportChange):
                unread += 1
                exit_codes.print_to_stderr(changed.trouble.translate_sentences(lang))
                continue
            read += 1
            if changed.changes:
                changing += 1
                output.print_on_terminal(*lay_out_report_change(changed))
                if write:
                    write_changed_report(changed)
        message = get_translator(lang)(N_("Reports that change: {changing} of {read}."))
        output.print_on_terminal(TextBlock(message.format(changing=changing, read=read), lang))
    if not read:
        raise exit_codes.NothingToGrade(N_("There is no report among what was named."))
    if unread:
        return exit_codes.ExitCode.NOT_GRADABLE
    return exit_codes.ExitCode.FAILED if changing and not write else exit_codes.ExitCode.PASSED


def lay_out_report_change(changed: "ReportChange") -> "Iterator[Block]":
    """Lay out what changes in one report."""
    from dckgrade.render.text.layout import TextBlock

    lang = language.get_language()
    before, now = changed.before.score.earned, changed.now.score.earned
    yield TextBlock(f"{changed.trainee}  {changed.before.lab.id}  {before} → {now}", lang, "bold")
    yield TextBlock(f"  {changed.source}", lang, "dim")
    for change in changed.changes:
        text = f"  {change.check}: {describe_result(change.before)} → {describe_result(change.now)}"
        yield TextBlock(text, lang, choose_change_style(change))


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
