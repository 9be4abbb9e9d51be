"""Say who is stuck where, and since when, for the page and the terminal."""

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.report.class_report import ClassLab, ClassReport, ClassRow, Stuck

MINUTES_PER_HOUR, MINUTES_PER_DAY = 60, 24 * 60


class StuckGroup(Struct, frozen=True, kw_only=True):
    """The trainees who are stuck at one check, the longest first, each with the index of the row."""

    lab: str
    check: str
    """The check's title."""
    trainees: list[tuple[int, ClassRow, Stuck]]


def list_stuck_groups(report: ClassReport) -> Iterator[StuckGroup]:
    """List where trainees are stuck, in the order of the labs and of their checks."""
    for lab in report.labs:
        by_check: dict[str, list[tuple[int, ClassRow, Stuck]]] = defaultdict(list)
        for at, row in enumerate(report.rows):
            if (cell := row.cells.get(lab.id)) and cell.stuck:
                by_check[cell.stuck.check].append((at, row, cell.stuck))
        for check in lab.checks:
            if entries := by_check.get(check.id):
                ordered = sorted(entries, key=lambda entry: (-entry[2].minutes, -entry[2].attempts, entry[0]))
                yield StuckGroup(lab=lab.id, check=check.title, trainees=ordered)


def describe_stuck(stuck: Stuck, lang: str) -> str:
    """Say for how long, and in how many reports where they are several."""
    tries = f"\N{MULTIPLICATION SIGN}{stuck.attempts}" if stuck.attempts > 1 else ""
    return "\xa0".join(filter(None, (format_age(stuck.minutes, lang) if stuck.since else "", tries)))


def format_age(minutes: int, lang: str) -> str:
    """Format a duration as people say it."""
    translate = get_translator(lang)
    if minutes >= MINUTES_PER_DAY:
        return translate(N_("{days}\xa0d")).format(days=minutes // MINUTES_PER_DAY)
    if minutes >= MINUTES_PER_HOUR:
        hours, rest = divmod(minutes, MINUTES_PER_HOUR)
        return translate(N_("{hours}\xa0h\xa0{minutes:02}")).format(hours=hours, minutes=rest)
    return translate(N_("{minutes}\xa0min")).format(minutes=minutes)


def find_check_title(lab: ClassLab, check_id: str) -> str:
    """Return the title of a check; its id where the lab has no such check."""
    return next((check.title for check in lab.checks if check.id == check_id), check_id)
