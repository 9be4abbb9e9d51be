"""The exit codes, a public contract, and how a run leads to one."""

import contextlib
import functools
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, ParamSpec

from dckgrade.cli import language
from dckgrade.i18n import N_, Lang, UserError, get_translator

if TYPE_CHECKING:
    from dckgrade.lab.problem import FileInvalid
    from dckgrade.report.report import Report


class ExitCode(IntEnum):
    """The exit codes (docs/en/commands.md, “Exit codes”)."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    NOT_GRADABLE = 3
    BUG = 4
    NOTHING_TO_GRADE = 5
    INTERRUPTED = 130


def install_signal_handlers() -> None:
    """Let a termination, or a terminal that is closed, end this program as Ctrl-C does: no ssh is left."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, end)


class NothingToGrade(UserError):
    """A selection that leaves no check."""


def choose_exit_code(reports: "Sequence[Report]") -> ExitCode:
    """Choose by the reports: what could not be seen weighs more than what failed."""
    from dckgrade.report.result import Verdict

    verdicts = {line.verdict for report in reports for line in report.checks}
    if Verdict.UNKNOWN in verdicts or not all(report.complete for report in reports):
        return ExitCode.NOT_GRADABLE
    if verdicts & {Verdict.FAILED, Verdict.BLOCKED}:
        return ExitCode.FAILED
    return ExitCode.PASSED if Verdict.PASSED in verdicts else ExitCode.NOTHING_TO_GRADE


def choose_error_exit_code(trouble: Exception) -> ExitCode:
    """Choose by what went wrong."""
    from dckgrade.engine.endpoint import EngineError

    match trouble:
        case EngineError():
            return ExitCode.NOT_GRADABLE
        case NothingToGrade():
            return ExitCode.NOTHING_TO_GRADE
        case _:
            return ExitCode.USAGE


def print_to_stderr(lines: Sequence[str]) -> None:
    """Print lines on stderr, apart from the results; control characters are escaped."""
    from dckgrade.render.text.sanitize import sanitize_line

    for line in lines:
        sys.stderr.write(sanitize_line(line) + "\n")


def format_problems_for_stderr(invalid: "FileInvalid", lang: Lang) -> list[str]:
    """Format the problems of a lab, each with its line, in the characters that stderr has."""
    from dckgrade.render.text import excerpt

    return excerpt.format_problems(invalid, lang, sys.stderr.encoding)


P = ParamSpec("P")


def guard_command(command: Callable[P, None]) -> Callable[P, None]:
    """Put *command* behind the one door through which no traceback passes."""

    @functools.wraps(command)
    def behind(*arguments: P.args, **options: P.kwargs) -> None:
        with exit_on_errors():
            from dckgrade.cli.output import safe_stdout

            with safe_stdout():
                command(*arguments, **options)

    return behind


@contextlib.contextmanager
def exit_on_errors() -> Iterator[None]:
    """Turn whatever ends a command early into words and an exit code."""
    from dckgrade.lab.problem import FileInvalid

    lang = language.get_language()
    try:
        yield
    except FileInvalid as invalid:
        print_to_stderr(format_problems_for_stderr(invalid, lang))
        raise SystemExit(ExitCode.USAGE) from None
    except UserError as trouble:
        print_to_stderr(trouble.translate_sentences(lang))
        raise SystemExit(choose_error_exit_code(trouble)) from None
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except Exception as bug:  # noqa: BLE001 - the last door before the user
        from dckgrade.engine.redaction import mask_secrets

        print_to_stderr(
            [
                get_translator(lang)(N_("This is a bug in dckgrade, not in your work: {bug}.")).format(
                    bug=mask_secrets(repr(bug))
                ),
                *save_traceback(lang),
            ]
        )
        raise SystemExit(ExitCode.BUG) from None


def save_traceback(lang: Lang) -> list[str]:
    """Keep the traceback for a bug report, secrets masked, for its owner only, and tell where."""
    import traceback

    from platformdirs import user_log_path

    from dckgrade.cli.output import write_file_atomically
    from dckgrade.engine.redaction import mask_secrets

    path = user_log_path("dckgrade") / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trace = mask_secrets(traceback.format_exc()).encode(errors="backslashreplace")
        write_file_atomically(path, trace, private=True)
    except (OSError, UserError):
        return [get_translator(lang)(N_("Please report it with what you typed."))]
    return [get_translator(lang)(N_("Please report it with the file {path}.")).format(path=path)]
