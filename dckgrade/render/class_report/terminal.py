"""A class report → a table on a terminal: who has how many points, and what most are stuck on."""

from collections.abc import Iterator
from itertools import islice

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.render.class_report.messages import FLAG_MESSAGES
from dckgrade.render.class_report.trainee_details import describe_remainder
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.class_report import ClassReport, ClassRow

MAX_MISTAKES = 8
MAX_REFUSED = 10
MAX_FLAGGED = 40
MAX_ROWS = 300
"""Nobody reads more of them on a terminal, and ten thousand take Rich longer than to judge them."""


def render_class_terminal(report: ClassReport) -> Iterator[RenderableType]:
    """Lay out the class, then the mistakes to explain next, then the files that were no reports."""
    translate = get_translator(report.lang)
    yield Text(
        translate(N_("{reports} reports of {trainees} trainees.")).format(
            reports=report.reports, trainees=sum(bool(row.cells) for row in report.rows)
        )
    )
    yield build_class_table(report)
    if len(report.rows) > MAX_ROWS:
        yield Text(describe_remainder(len(report.rows), MAX_ROWS, report.lang))
    odds = list(islice(describe_flagged_rows(report), MAX_FLAGGED + 1))
    if odds:
        yield Text("\n" + translate(N_("Worth a look")), style="bold")
    for told in odds[:MAX_FLAGGED]:
        yield build_bullet_row("⚑", told)
    if len(odds) > MAX_FLAGGED:
        yield Text("…")
    if report.mistakes:
        yield Text("\n" + translate(N_("What to explain next")), style="bold")
    for mistake in report.mistakes[:MAX_MISTAKES]:
        yield build_bullet_row(
            f"{len(mistake.trainees):>4}", f"{mistake.lab} {mistake.code} {mistake.message}"
        )
    yield from render_unreached(report)
    if report.refused:
        yield Text(
            "\n" + translate(N_("Not taken in: {count}")).format(count=len(report.refused)), style="yellow"
        )
    for refused in report.refused[:MAX_REFUSED]:
        yield build_bullet_row("✗", refused.reason)


def build_bullet_row(sign: str, told: str) -> Table:
    """Hang words on a sign, so that what does not fit into a line stays beside it."""
    made = Table.grid(padding=(0, 1))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    made.add_row(Text(sign), Text(sanitize_line(told), overflow="fold"))
    return made


def render_unreached(report: ClassReport) -> Iterator[RenderableType]:
    """Say whose engines were not reached, and why."""
    lost = find_unreached_reasons(report)
    if lost:
        told = get_translator(report.lang)(N_("Not reached: {count}"))
        yield Text("\n" + told.format(count=len(lost)), style="yellow")
    for trainee, why in list(lost.items())[:MAX_REFUSED]:
        yield build_bullet_row("✗", f"{trainee}: {why}")


def find_unreached_reasons(report: ClassReport) -> dict[str, str]:
    """Give the reason by trainee."""
    return {
        row.trainee: cell.unreached for row in report.rows for cell in row.cells.values() if cell.unreached
    }


def build_class_table(report: ClassReport) -> Table:
    """Write a row a trainee, a column a lab; narrow, so that seven labs fit into forty columns."""
    translate = get_translator(report.lang)
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column(translate(N_("Trainee")), overflow="fold")
    for lab in report.labs:
        made.add_column(f"{lab.id}\n/{lab.possible}", justify="right", no_wrap=True)
    made.add_column(translate(N_("Total")), justify="right", no_wrap=True)
    for row in report.rows[:MAX_ROWS]:
        made.add_row(
            Text(sanitize_line(row.trainee)), *build_points_texts(report, row), str(row.score.earned)
        )
    return made


def build_points_texts(report: ClassReport, row: ClassRow) -> Iterator[Text]:
    """Give the points of each lab; `+n?` are undecided."""
    for lab in report.labs:
        cell = row.cells.get(lab.id)
        if cell is None:
            yield Text("·", style="dim")
        else:
            undecided = f"+{cell.score.undecided}?" if cell.score.undecided else ""
            style = "green" if cell.score.earned == lab.possible else ""
            yield Text(f"{cell.score.earned}{undecided}", style=style)


def describe_flagged_rows(report: ClassReport) -> Iterator[str]:
    """Say, trainee by trainee, what is worth a look."""
    for row in report.rows:
        if told := "; ".join(describe_row_flags(row, report.lang)):
            yield messages.add_label(sanitize_line(row.trainee), told, report.lang)


def describe_row_flags(row: ClassRow, lang: str) -> Iterator[str]:
    """Say each thing once, with the labs in which it is so."""
    translate = get_translator(lang)
    if not row.cells:
        yield translate(N_("nothing handed in"))
    elif not row.expected:
        yield translate(N_("not on the roster"))
    for flag, told in FLAG_MESSAGES.items():
        if labs := [lab for lab, cell in row.cells.items() if flag in cell.flags]:
            yield f"{translate(told)} ({', '.join(labs)})"
