"""What passed in the last runs of each lab: for `--failed`, and to say what has been gained since."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import MsgspecError, Struct, json

from dckgrade.cli import output
from dckgrade.i18n import N_, Lang, UserError, get_plural_translator, get_translator
from dckgrade.report.decode import parse_json
from dckgrade.report.result import Verdict

if TYPE_CHECKING:
    from dckgrade.lab.model import LoadedLab
    from dckgrade.report.report import Report

KEPT_RUNS = 20
"""Runs of a lab."""
MAX_HISTORY_BYTES = 256 * 1024
"""Bytes of a lab's file; ours have some kilobytes."""


class PastRun(Struct, frozen=True, kw_only=True):
    """One run of a lab: which checks of it had passed then, in which version of the lab, on which engine."""

    at: str
    engine: str
    digest: str
    passed: list[str]


def get_history_path(lab: str) -> Path:
    """Return the path of the history of *lab*, which need not exist."""
    from platformdirs import user_state_path

    return user_state_path("dckgrade") / "history" / f"{lab}.json"


def read_runs(lab: str) -> list[PastRun]:
    """Read the runs of *lab*, the last one last; a file that is lost or broken holds none."""
    try:
        with get_history_path(lab).open("rb") as opened:
            return parse_json(opened.read(MAX_HISTORY_BYTES), list[PastRun])
    except (OSError, MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def find_last_run(lab: str, engine: str, digest: str) -> PastRun | None:
    """Find the last run of this very lab on this very engine: another one says nothing about today."""
    return next(
        (run for run in reversed(read_runs(lab)) if (run.engine, run.digest) == (engine, digest)), None
    )


def list_not_passed(loaded: "LoadedLab", engine: str) -> list[str]:
    """List the checks that did not pass last time: all of them the first time."""
    before = find_last_run(loaded.lab.id, engine, loaded.digest)
    return [check.id for check in loaded.lab.checks if before is None or check.id not in before.passed]


def save_runs(reports: "Iterable[Report]") -> None:
    """Add a run to each lab's history; what nobody could see is none, and what cannot be kept is lost."""
    for report in reports:
        if not any(not check.verdict.is_undecided for check in report.checks):
            continue
        lab = report.lab.id
        kept = [*read_runs(lab), make_past_run(report)][-KEPT_RUNS:]
        with contextlib.suppress(UserError):
            output.make_folder(get_history_path(lab).parent)
            output.write_file_atomically(get_history_path(lab), json.encode(kept), private=True)


def make_past_run(report: "Report") -> PastRun:
    """Take down what passed; what the user left out this time is as it was."""
    before = find_last_run(report.lab.id, report.engine.endpoint, report.lab.digest)
    kept = before.passed if before else []
    passed = [
        check.id
        for check in report.checks
        if check.verdict is Verdict.PASSED or (check.verdict is Verdict.SKIPPED and check.id in kept)
    ]
    return PastRun(
        at=report.started_at, engine=report.engine.endpoint, digest=report.lab.digest, passed=passed
    )


def describe_gain(reports: "Sequence[Report]", lang: Lang) -> str:
    """Describe what has been gained or lost since the last run; empty when nothing has."""
    gained = sum(map(compute_gain, reports))
    if not gained:
        return ""
    ngettext = get_plural_translator(lang)
    message = ngettext(
        "Since your last run: {points} point", "Since your last run: {points} points", abs(gained)
    )
    return message.format(points=f"{gained:+}".replace("-", "\N{MINUS SIGN}"))


def compute_gain(report: "Report") -> int:
    """Count the points won and lost since the last run; what is undecided now is neither."""
    before = find_last_run(report.lab.id, report.engine.endpoint, report.lab.digest)
    if before is None:
        return 0
    won = sum(check.earned for check in report.checks if check.id not in before.passed)
    lost = {Verdict.FAILED, Verdict.BLOCKED}
    return won - sum(
        check.points for check in report.checks if check.id in before.passed and check.verdict in lost
    )


def describe_carried(reports: "Sequence[Report]", lang: Lang) -> str:
    """Say what it comes to with what passed in the last run and was not tried this time; '' for nothing."""
    carried = sum(map(count_carried_points, reports))
    if not carried:
        return ""
    message = N_("With what passed before and was not tried again: {points}/{possible}")
    earned, possible = (
        sum(getattr(report.score, name) for report in reports) for name in ("earned", "possible")
    )
    return get_translator(lang)(message).format(points=earned + carried, possible=possible)


def count_carried_points(report: "Report") -> int:
    """Count the points of the checks that passed in the last run and were left out this time."""
    before = find_last_run(report.lab.id, report.engine.endpoint, report.lab.digest)
    if before is None:
        return 0
    return sum(
        check.points
        for check in report.checks
        if check.id in before.passed and check.reason and check.reason.code == "not-chosen"
    )
