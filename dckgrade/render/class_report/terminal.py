"""A class report → a table on a terminal: who has how many points, and what most are stuck on."""

from collections.abc import Iterator
from itertools import islice

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.render.class_report.details import more
from dckgrade.render.class_report.messages import FLAGS
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import line
from dckgrade.report.class_report import ClassReport, Row

MISTAKES_SHOWN = 8
REFUSED_SHOWN = 10
ODD_SHOWN = 40
ROWS_SHOWN = 300
"""Nobody reads more of them on a terminal, and ten thousand take Rich longer than to judge them."""


def terminal(report: ClassReport) -> Iterator[RenderableType]:
    """Lay out the class, then the mistakes to explain next, then the files that were no reports."""
    translate = get_translator(report.lang)
    yield Text(
        translate(N_("{reports} reports of {trainees} trainees.")).format(
            reports=report.reports, trainees=sum(bool(row.cells) for row in report.rows)
        )
    )
    yield table(report)
    if len(report.rows) > ROWS_SHOWN:
        yield Text(more(len(report.rows), ROWS_SHOWN, report.lang))
    odds = list(islice(odd(report), ODD_SHOWN + 1))
    if odds:
        yield Text("\n" + translate(N_("Worth a look")), style="bold")
    for told in odds[:ODD_SHOWN]:
        yield hung("⚑", told)
    if len(odds) > ODD_SHOWN:
        yield Text("…")
    if report.mistakes:
        yield Text("\n" + translate(N_("What to explain next")), style="bold")
    for one in report.mistakes[:MISTAKES_SHOWN]:
        yield hung(f"{len(one.trainees):>4}", f"{one.lab} {one.code} {one.message}")
    yield from not_reached(report)
    if report.refused:
        yield Text(
            "\n" + translate(N_("Not taken in: {count}")).format(count=len(report.refused)), style="yellow"
        )
    for refused in report.refused[:REFUSED_SHOWN]:
        yield hung("✗", refused.reason)


def hung(sign: str, told: str) -> Table:
    """Hang words on a sign, so that what does not fit into a line stays beside it."""
    made = Table.grid(padding=(0, 1))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    made.add_row(Text(sign), Text(line(told), overflow="fold"))
    return made


def not_reached(report: ClassReport) -> Iterator[RenderableType]:
    """Say whose engines were not reached, and why."""
    lost = unreached(report)
    if lost:
        told = get_translator(report.lang)(N_("Not reached: {count}"))
        yield Text("\n" + told.format(count=len(lost)), style="yellow")
    for trainee, why in list(lost.items())[:REFUSED_SHOWN]:
        yield hung("✗", f"{trainee}: {why}")


def unreached(report: ClassReport) -> dict[str, str]:
    """Give the reason by trainee."""
    return {
        row.trainee: cell.unreached for row in report.rows for cell in row.cells.values() if cell.unreached
    }


def table(report: ClassReport) -> Table:
    """Write a row a trainee, a column a lab; narrow, so that seven labs fit into forty columns."""
    translate = get_translator(report.lang)
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column(translate(N_("Trainee")), overflow="fold")
    for lab in report.labs:
        made.add_column(f"{lab.id}\n/{lab.possible}", justify="right", no_wrap=True)
    made.add_column(translate(N_("Total")), justify="right", no_wrap=True)
    for row in report.rows[:ROWS_SHOWN]:
        made.add_row(Text(line(row.trainee)), *marks(report, row), str(row.score.earned))
    return made


def marks(report: ClassReport, row: Row) -> Iterator[Text]:
    """Give the points of each lab; `+n?` are undecided."""
    for lab in report.labs:
        cell = row.cells.get(lab.id)
        if cell is None:
            yield Text("·", style="dim")
        else:
            undecided = f"+{cell.score.undecided}?" if cell.score.undecided else ""
            style = "green" if cell.score.earned == lab.possible else ""
            yield Text(f"{cell.score.earned}{undecided}", style=style)


def odd(report: ClassReport) -> Iterator[str]:
    """Say, trainee by trainee, what is worth a look."""
    for row in report.rows:
        if told := "; ".join(oddities(row, report.lang)):
            yield messages.labelled(line(row.trainee), told, report.lang)


def oddities(row: Row, lang: str) -> Iterator[str]:
    """Say each thing once, with the labs in which it is so."""
    translate = get_translator(lang)
    if not row.cells:
        yield translate(N_("nothing handed in"))
    elif not row.expected:
        yield translate(N_("not on the roster"))
    for flag, told in FLAGS.items():
        if labs := [lab for lab, cell in row.cells.items() if flag in cell.flags]:
            yield f"{translate(told)} ({', '.join(labs)})"
