"""A class report → CSV for spreadsheets, and for Moodle's gradebook."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal

from dckgrade.i18n import N_, UserError, get_translator
from dckgrade.report.class_report import ClassReport, ClassRow
from dckgrade.report.codec import replace_surrogates
from dckgrade.report.result import Score

MoodleColumn = Literal["email", "username", "id-number"]
MOODLE_KEY_TITLES = {"email": "Email address", "username": "Username", "id-number": "ID number"}
"""What Moodle's import recognises by itself (Grades, Import, CSV file)."""
NO_GRADE = "-"
"""Moodle's own sign for it."""


def render_spreadsheet(report: ClassReport, *, excel: bool = False) -> bytes:
    """Write a row a trainee, a column a lab; *excel*: with `;` and a byte order mark, for Excel in French."""
    translate = get_translator(report.lang)
    head = [translate(N_("Trainee")), "email", "username", "id number"]
    head += [f"{lab.id} (/{lab.possible})" for lab in report.labs]
    head += [translate(N_("Total")), translate(N_("Out of")), translate(N_("Worth a look"))]
    rows = [
        [
            *list_identity_columns(row),
            *list_points(report, row, ""),
            row.score.earned,
            row.score.possible,
            format_row_flags(row),
        ]
        for row in report.rows
    ]
    return encode_csv([head, *rows], ";" if excel else ",", mark=excel)


def render_moodle(report: ClassReport, key: MoodleColumn) -> bytes:
    """
    Write what Moodle's gradebook imports: one column that says who, a grade and a feedback for each lab.

    Moodle gives a whole import up for one unknown user: who is not on the roster, or has no key, is left out.
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
        mark=False,
    )


def list_grades_and_feedback(report: ClassReport, row: ClassRow) -> Iterable[object]:
    """Give grade and feedback of each lab."""
    for lab, earned in zip(report.labs, list_points(report, row, NO_GRADE), strict=True):
        cell = row.cells.get(lab.id)
        yield earned
        undecided = [f"+{cell.score.undecided}?"] if cell and cell.score.undecided else []
        yield ", ".join([*dict.fromkeys(cell.mistakes.values()), *undecided]) if cell else ""


def get_moodle_identity(row: ClassRow, key: MoodleColumn) -> str:
    """Give what Moodle knows the trainee by."""
    return {"email": row.email, "username": row.username, "id-number": row.id_number}[key]


def list_identity_columns(row: ClassRow) -> list[str]:
    """Give all that the roster says."""
    return [row.trainee, row.email, row.username, row.id_number]


def list_points(report: ClassReport, row: ClassRow, missing: str) -> list[int | str]:
    """Give the points of each lab; *missing* where nothing was handed in, or nothing could be decided."""
    cells = [row.cells.get(lab.id) for lab in report.labs]
    return [cell.score.earned if cell and has_decided_points(cell.score) else missing for cell in cells]


def has_decided_points(score: Score) -> bool:
    """Say whether any point is: none at all is no 0."""
    return score.undecided < score.possible


def format_row_flags(row: ClassRow) -> str:
    """Name what is worth a look, lab by lab."""
    return "; ".join(f"{lab}: {', '.join(cell.flags)}" for lab, cell in row.cells.items() if cell.flags)


def encode_csv(rows: Iterable[Sequence[object]], mark_between: str, *, mark: bool) -> bytes:
    """Write CSV; what a spreadsheet would take for a formula is made plain text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark_between, lineterminator="\r\n")
    writer.writerows([[neutralize_formula(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig" if mark else "utf-8")


def neutralize_formula(cell: object) -> object:
    """Put a quote before what would be computed (OWASP, CSV injection); numbers and Moodle's dash stay."""
    if not isinstance(cell, str) or cell == NO_GRADE:
        return cell
    safe = str(replace_surrogates(cell)).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return f"'{safe}" if safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else safe
