"""Render reports as CSV: a row for each check, for spreadsheets and other programs."""

import csv
import io
from collections.abc import Sequence

from dckgrade.render.text.escape import escape_csv_cell
from dckgrade.render.text.sentences import describe_failure, describe_remarks
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult

CSV_COLUMNS = (
    *("lab", "trainee", "check", "title", "verdict", "earned", "points", "code", "message"),
    *("engine", "started_at"),
)
"""The same in every language."""


def render_csv(reports: Sequence[Report]) -> bytes:
    """Write CSV by RFC 4180, in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [CSV_COLUMNS, *(build_csv_row(check, report) for report in reports for check in report.checks)]
    )
    return text.getvalue().encode()


def build_csv_row(check: CheckResult, report: Report) -> list[str | int]:
    """List the cells of one check; `earned` is empty, not 0, while it is undecided."""
    message = next(iter([*describe_failure(check, report), *describe_remarks(check, report)]), "")
    texts = (report.lab.id, report.trainee or "", check.id, check.title, check.verdict.value)
    return [
        *map(escape_csv_cell, texts),
        "" if check.verdict.is_undecided else check.earned,
        check.points,
        *map(escape_csv_cell, (check.diagnosis.code if check.diagnosis else "", message)),
        *map(escape_csv_cell, (report.engine.endpoint, report.started_at)),
    ]
