"""How a run ended → the exit code: a public contract, in one table."""

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


class Exit(IntEnum):
    """The exit codes (README, “Exit codes”)."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    NOT_GRADABLE = 3
    BUG = 4
    NOTHING_TO_GRADE = 5
    INTERRUPTED = 130


def in_order() -> None:
    """Let a termination, or a terminal that is closed, end this program as Ctrl-C does: no ssh is left."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for one in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(one) is signal.SIG_DFL:  # not under nohup
            signal.signal(one, end)


class NothingToGrade(UserError):
    """A selection that leaves no check."""


def of(reports: "Sequence[Report]") -> Exit:
    """Choose by the reports: what could not be seen weighs more than what failed."""
    from dckgrade.report.result import Verdict

    verdicts = {line.verdict for report in reports for line in report.checks}
    if Verdict.UNKNOWN in verdicts or not all(report.complete for report in reports):
        return Exit.NOT_GRADABLE
    if verdicts & {Verdict.FAILED, Verdict.BLOCKED}:
        return Exit.FAILED
    return Exit.PASSED if Verdict.PASSED in verdicts else Exit.NOTHING_TO_GRADE


def of_trouble(trouble: Exception) -> Exit:
    """Choose by what went wrong."""
    from dckgrade.engine.endpoint import EngineTrouble

    match trouble:
        case EngineTrouble():
            return Exit.NOT_GRADABLE
        case NothingToGrade():
            return Exit.NOTHING_TO_GRADE
        case _:
            return Exit.USAGE


def say(lines: Sequence[str]) -> None:
    """Tell the user on stderr, never in the way of results; hostile text stays visible and inert."""
    from dckgrade.render.text.sanitize import sanitize_line

    for one in lines:
        sys.stderr.write(sanitize_line(one) + "\n")


def excerpted(invalid: "FileInvalid", lang: Lang) -> list[str]:
    """Say what is wrong with a lab, each problem with its line in the characters that stderr has."""
    from dckgrade.render.text import excerpt

    return excerpt.format_problems(invalid, lang, sys.stderr.encoding)


P = ParamSpec("P")


def answered(command: Callable[P, None]) -> Callable[P, None]:
    """Put *command* behind the one door through which no traceback passes."""

    @functools.wraps(command)
    def behind(*arguments: P.args, **options: P.kwargs) -> None:
        with guarded():
            from dckgrade.cli.output import heard

            with heard():
                command(*arguments, **options)

    return behind


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever ends a command early into words and an exit code."""
    from dckgrade.lab.problem import FileInvalid

    lang = language.spoken()
    try:
        yield
    except FileInvalid as invalid:
        say(excerpted(invalid, lang))
        raise SystemExit(Exit.USAGE) from None
    except UserError as trouble:
        say(trouble.sentences(lang))
        raise SystemExit(of_trouble(trouble)) from None
    except KeyboardInterrupt:
        raise SystemExit(Exit.INTERRUPTED) from None
    except Exception as bug:  # noqa: BLE001 - the last door before the user
        say(
            [
                get_translator(lang)(N_("This is a bug in dckgrade, not in your work: {bug}.")).format(
                    bug=repr(bug)
                ),
                *kept(lang),
            ]
        )
        raise SystemExit(Exit.BUG) from None


def kept(lang: Lang) -> list[str]:
    """Keep the traceback for a bug report, and tell where."""
    import traceback

    from platformdirs import user_log_path

    path = user_log_path("dckgrade") / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return [get_translator(lang)(N_("Please report it with what you typed."))]
    return [get_translator(lang)(N_("Please report it with the file {path}.")).format(path=path)]
