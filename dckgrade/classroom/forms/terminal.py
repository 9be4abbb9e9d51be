"""A class report → a table on a terminal: who has how many points, and what most are stuck on."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dckgrade.classroom.class_report import ClassReport, Row
from dckgrade.classroom.forms.words import FLAGS
from dckgrade.render.shown import line
from dckgrade.words import N_, into

MISTAKES_SHOWN = 8
REFUSED_SHOWN = 10


def terminal(report: ClassReport) -> Iterator[RenderableType]:
    """Lay out the class, then the mistakes to explain next, then the files that were no reports."""
    translate = into(report.lang)
    yield Text(
        translate(N_("{reports} reports of {trainees} trainees.")).format(
            reports=report.reports, trainees=sum(bool(row.cells) for row in report.rows)
        )
    )
    yield table(report)
    if report.mistakes:
        yield Text("\n" + translate(N_("What to explain next")), style="bold")
    for one in report.mistakes[:MISTAKES_SHOWN]:
        yield Text(line(f"{len(one.trainees):>4}  {one.lab} {one.code} {one.message}"))
    if lost := unreached(report):
        yield Text("\n" + translate(N_("Not reached: {count}")).format(count=len(lost)), style="yellow")
    for trainee, why in list(lost.items())[:REFUSED_SHOWN]:
        yield Text(line(f"  {trainee}: {why}"))
    if report.refused:
        yield Text(
            "\n" + translate(N_("Not taken in: {count}")).format(count=len(report.refused)), style="yellow"
        )
    for refused in report.refused[:REFUSED_SHOWN]:
        yield Text(line(f"  {refused.reason}"))


def unreached(report: ClassReport) -> dict[str, str]:
    """Say whose engines were not reached, and why."""
    return {
        row.trainee: cell.unreached for row in report.rows for cell in row.cells.values() if cell.unreached
    }


def table(report: ClassReport) -> Table:
    """Write a row a trainee, a column a lab."""
    translate = into(report.lang)
    made = Table(box=None, pad_edge=False)
    made.add_column(translate(N_("Trainee")))
    for lab in report.labs:
        made.add_column(f"{lab.id} /{lab.possible}", justify="right")
    made.add_column(translate(N_("Total")), justify="right")
    made.add_column(translate(N_("Worth a look")))
    for row in report.rows:
        made.add_row(
            Text(line(row.trainee)), *marks(report, row), str(row.score.earned), Text(odd(report, row))
        )
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


def odd(report: ClassReport, row: Row) -> str:
    """Say what is worth a look."""
    translate = into(report.lang)
    told = [f"{lab}: {translate(FLAGS[flag])}" for lab, cell in row.cells.items() for flag in cell.flags]
    if not row.expected:
        told.append(translate(N_("not on the roster")))
    elif not row.cells:
        told.append(translate(N_("nothing handed in")))
    return line("; ".join(told))
