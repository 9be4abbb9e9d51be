"""Build the heat table of a class report, a row per trainee, a column per lab; several for a large class."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.class_report.charts import compute_tone
from dckgrade.render.class_report.messages import TRUST_MESSAGES, TRUST_SIGNS
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.class_report import ClassCell, ClassReport, ClassRow

MAX_DETAILED_TRAINEES = 300
"""With more trainees, the page leaves out each trainee's details; those of ten thousand would be 20 MB."""
TRAINEES_PER_TABLE = 100
MAX_NAME_CHARS = 80
UNDECIDED_TONE = 6
"""The shade of points that are neither earned nor lost."""


class HeatCell(Struct, frozen=True, kw_only=True):
    """One cell: the attempt that counts."""

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
    cells: list[HeatCell | None]
    total: str
    """Empty where nothing was handed in, which is not a 0."""
    kinds: list[str]
    """The classes by which rows are chosen: failing, flagged, missing, done."""


class HeatTable(Struct, frozen=True, kw_only=True):
    """Some of the rows: what a browser can lay out at once."""

    title: str
    rows: list[HeatRow]
    order: Literal["name", "points"] = "name"


def has_details(report: ClassReport) -> bool:
    """Return whether the page has each trainee's details."""
    return len(report.rows) <= MAX_DETAILED_TRAINEES


def split_heat_tables(report: ClassReport) -> Iterator[HeatTable]:
    """Split the rows into tables; a class that has details is one table."""
    size = MAX_DETAILED_TRAINEES if has_details(report) else TRAINEES_PER_TABLE
    for start in range(0, len(report.rows), size):
        rows = [build_heat_row(report, at) for at in range(start, min(start + size, len(report.rows)))]
        title = f"{rows[0].trainee} … {rows[-1].trainee} ({len(rows)})"
        yield HeatTable(title=title, rows=rows)
    if has_details(report) and report.rows:
        yield sort_by_points(report)


def sort_by_points(report: ClassReport) -> HeatTable:
    """Build the table whose first row has the fewest points; who handed nothing in stands before."""
    order = sorted(
        range(len(report.rows)),
        key=lambda at: (bool(report.rows[at].cells), report.rows[at].score.earned, at),
    )
    title = get_translator(report.lang)(N_("by points"))
    return HeatTable(title=title, rows=[build_heat_row(report, at) for at in order], order="points")


def build_heat_row(report: ClassReport, at: int) -> HeatRow:
    """Build the row of the trainee at index *at*."""
    row = report.rows[at]
    return HeatRow(
        trainee=format_trainee_name(row),
        link=make_anchor(at) if row.cells and has_details(report) else "",
        cells=[build_heat_cell(report, at, lab_at) for lab_at in range(len(report.labs))],
        total=str(row.score.earned) if row.cells else "",
        kinds=list(list_row_kinds(report, row)),
    )


def list_row_kinds(report: ClassReport, row: ClassRow) -> Iterator[str]:
    """List what a row is chosen by."""
    cells = row.cells.values()
    if not row.cells:
        yield "missing"
    if any(cell.stuck for cell in cells):
        yield "failing"
    if is_flagged(row):
        yield "flagged"
    if len(row.cells) == len(report.labs) and row.score.earned == row.score.possible:
        yield "done"


def is_stranger(row: ClassRow) -> bool:
    """Return whether somebody handed in who is not on the roster."""
    return bool(row.cells) and not row.expected


def is_flagged(row: ClassRow) -> bool:
    """Return whether anything about the trainee is worth a look."""
    return is_stranger(row) or any(cell.flags for cell in row.cells.values())


def build_heat_cell(report: ClassReport, at: int, lab_at: int) -> HeatCell | None:
    """Build one cell; None where nothing was handed in."""
    lab = report.labs[lab_at]
    cell = report.rows[at].cells.get(lab.id)
    if cell is None:
        return None
    return HeatCell(
        tone=UNDECIDED_TONE if is_undecided(cell) else compute_tone(cell.score.earned, lab.possible),
        points=format_cell_points(cell),
        sign=TRUST_SIGNS[cell.trust],
        trust=get_translator(report.lang)(TRUST_MESSAGES[cell.trust]),
        flagged=bool(cell.flags),
        link=make_anchor(at, lab_at) if has_details(report) else "",
    )


def is_undecided(cell: ClassCell) -> bool:
    """Return whether nothing was earned and points are undecided, which is not a zero."""
    return cell.score.undecided > 0 and cell.score.earned == 0


def format_cell_points(cell: ClassCell) -> str:
    """Format the points; `+n?` are undecided."""
    return f"{cell.score.earned}+{cell.score.undecided}?" if cell.score.undecided else str(cell.score.earned)


def format_trainee_name(row: ClassRow) -> str:
    """Make a trainee's name safe to show, short enough for a table, the surname first where it is known."""
    given = " ".join(row.trainee.replace(row.surname, "", 1).split()) if row.surname else ""
    return sanitize_line(f"{row.surname}, {given}" if given else row.trainee, MAX_NAME_CHARS)


def make_anchor(at: int, lab_at: int | None = None) -> str:
    """Return the id of a trainee's details, or of one lab in them; names are hostile text and make no id."""
    return f"t{at}" if lab_at is None else f"t{at}-{lab_at}"
