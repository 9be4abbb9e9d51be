"""A class report → its heat table: a row a trainee, a column a lab, in leaves when the class is large."""

from collections.abc import Iterator

from msgspec import Struct

from dckgrade.i18n import get_translator
from dckgrade.render.class_report.charts import tone
from dckgrade.render.class_report.messages import TRUST, TRUST_SIGNS
from dckgrade.render.text.sanitize import line
from dckgrade.report.class_report import Cell, ClassReport, Row

DETAILED = 300
"""Up to so many trainees, each has details of their own in the page; ten thousand would be 20 MB."""
LEAF = 100
NAME_KEPT = 80
UNDECIDED = 6
"""The shade of what is neither earned nor lost."""


class Spot(Struct, frozen=True, kw_only=True):
    """One cell: an attempt that counts."""

    tone: int
    points: str
    sign: str
    trust: str
    flagged: bool
    link: str
    """The id of its details in the page; empty where the page has none."""


class HeatRow(Struct, frozen=True, kw_only=True):
    """One trainee."""

    trainee: str
    link: str
    spots: list[Spot | None]
    total: int


class Leaf(Struct, frozen=True, kw_only=True):
    """Some of the rows: what a browser lays out at once."""

    title: str
    rows: list[HeatRow]


def detailed(report: ClassReport) -> bool:
    """Say whether the page has each trainee's details."""
    return len(report.rows) <= DETAILED


def leaves(report: ClassReport) -> Iterator[Leaf]:
    """Cut the rows into leaves; a class that has details is one leaf."""
    size = DETAILED if detailed(report) else LEAF
    for start in range(0, len(report.rows), size):
        rows = [heat_row(report, at) for at in range(start, min(start + size, len(report.rows)))]
        title = f"{rows[0].trainee} … {rows[-1].trainee} ({len(rows)})"
        yield Leaf(title=title, rows=rows)


def heat_row(report: ClassReport, at: int) -> HeatRow:
    """Lay out the trainee number *at*."""
    row = report.rows[at]
    return HeatRow(
        trainee=name(row),
        link=anchor(at) if row.cells and detailed(report) else "",
        spots=[spot(report, at, lab_at) for lab_at in range(len(report.labs))],
        total=row.score.earned,
    )


def spot(report: ClassReport, at: int, lab_at: int) -> Spot | None:
    """Lay out one cell; None where nothing was handed in."""
    lab = report.labs[lab_at]
    cell = report.rows[at].cells.get(lab.id)
    if cell is None:
        return None
    return Spot(
        tone=UNDECIDED if undecided(cell) else tone(cell.score.earned, lab.possible),
        points=points(cell),
        sign=TRUST_SIGNS[cell.trust],
        trust=get_translator(report.lang)(TRUST[cell.trust]),
        flagged=bool(cell.flags),
        link=anchor(at, lab_at) if detailed(report) else "",
    )


def undecided(cell: Cell) -> bool:
    """Say whether nothing is known yet: no points that could be seen are not the trainee's zero."""
    return cell.score.undecided > 0 and cell.score.earned == 0


def points(cell: Cell) -> str:
    """Write the points; `+n?` are undecided."""
    return f"{cell.score.earned}+{cell.score.undecided}?" if cell.score.undecided else str(cell.score.earned)


def name(row: Row) -> str:
    """Make a trainee's name safe to show, and short enough for a table."""
    return line(row.trainee, NAME_KEPT)


def anchor(at: int, lab_at: int | None = None) -> str:
    """Give the id of a trainee's details, or of one lab's part of them; a name is anybody's, and no id."""
    return f"t{at}" if lab_at is None else f"t{at}-{lab_at}"
