"""Render a class report as CSV, for spreadsheets and for Moodle's gradebook."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal

from dckgrade.i18n import N_, UserError, get_translator
from dckgrade.render.text.escape import escape_csv_cell
from dckgrade.report.class_report import ClassReport, ClassRow
from dckgrade.report.result import Score

MoodleColumn = Literal["email", "username", "id-number"]
MOODLE_KEY_TITLES = {"email": "Email address", "username": "Username", "id-number": "ID number"}
"""Column titles that Moodle's import recognises by itself (Grades, Import, CSV file)."""
NO_GRADE = "-"
"""Moodle's own sign for a missing grade."""


def render_spreadsheet(report: ClassReport, *, excel: bool = False) -> bytes:
    """Write a row per trainee, a column per lab; *excel*: with `;` and a byte order mark (French Excel)."""
    translate = get_translator(report.lang)
    head = [translate(N_("Trainee")), "email", "username", "id number"]
    head += [f"{lab.id} (/{lab.possible})" for lab in report.labs]
    head += [translate(N_("Total")), translate(N_("Out of")), translate(N_("Worth a look"))]
    rows = [
        [
            *list_identity_columns(row),
            *list_points(report, row, ""),
            row.score.earned if row.cells else "",
            row.score.possible,
            format_row_flags(row),
        ]
        for row in report.rows
    ]
    return encode_csv([head, *rows], ";" if excel else ",", byte_order_mark=excel)


def render_moodle(report: ClassReport, key: MoodleColumn) -> bytes:
    """
    Write what Moodle's gradebook imports: the trainee's identity, a grade and a feedback per lab.

    Moodle refuses all for one unknown user, so trainees not on the roster or without key are left out.
    """
    rows = [row for row in report.rows if row.expected and get_moodle_identity(row, key)]
    if not rows:
        raise UserError(
            N_("Nobody in this class has the column {key}."),
            N_("Give --roster a CSV file with it, such as Moodle's own export of the participants."),
            key=key,
        )
    head = [MOODLE_KEY_TITLES[key]]
    for lab in report.labs:
        head += [lab.id, f"{lab.id} feedback"]
    return encode_csv(
        [head, *([get_moodle_identity(row, key), *list_grades_and_feedback(report, row)] for row in rows)],
        ",",
        byte_order_mark=False,
    )


def list_grades_and_feedback(report: ClassReport, row: ClassRow) -> Iterable[object]:
    """List grade and feedback of each lab, in turn."""
    for lab, earned in zip(report.labs, list_points(report, row, NO_GRADE), strict=True):
        cell = row.cells.get(lab.id)
        yield earned
        undecided = [f"({cell.score.undecided}?)"] if cell and cell.score.undecided else []
        yield ", ".join([*dict.fromkeys(cell.mistakes.values()), *undecided]) if cell else ""


def get_moodle_identity(row: ClassRow, key: MoodleColumn) -> str:
    """Return what Moodle knows the trainee by."""
    return {"email": row.email, "username": row.username, "id-number": row.id_number}[key]


def list_identity_columns(row: ClassRow) -> list[str]:
    """List name, email, username and id number."""
    return [row.trainee, row.email, row.username, row.id_number]


def list_points(report: ClassReport, row: ClassRow, missing: str) -> list[int | str]:
    """List the points of each lab; *missing* where nothing was handed in, or nothing could be decided."""
    cells = [row.cells.get(lab.id) for lab in report.labs]
    return [cell.score.earned if cell and has_decided_points(cell.score) else missing for cell in cells]


def has_decided_points(score: Score) -> bool:
    """Return whether any point is decided; if none is, the score is not a 0."""
    return score.undecided < score.possible


def format_row_flags(row: ClassRow) -> str:
    """Name the flags of each lab that has any."""
    return "; ".join(f"{lab}: {', '.join(cell.flags)}" for lab, cell in row.cells.items() if cell.flags)


def encode_csv(rows: Iterable[Sequence[object]], delimiter: str, *, byte_order_mark: bool) -> bytes:
    """Encode rows as CSV; numbers and Moodle's dash stay, every text is made safe."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(
        [escape_csv_cell(cell) if isinstance(cell, str) and cell != NO_GRADE else cell for cell in row]
        for row in rows
    )
    return text.getvalue().encode("utf-8-sig" if byte_order_mark else "utf-8")
