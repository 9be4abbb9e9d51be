"""Reports → CSV: a row for each check, for spreadsheets and for the programs of others."""

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
"""Names are for programs, and the same in every language."""


def render_csv(reports: Sequence[Report]) -> bytes:
    """Write RFC 4180, in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [CSV_COLUMNS, *(build_csv_row(check, report) for report in reports for check in report.checks)]
    )
    return text.getvalue().encode()


def build_csv_row(check: CheckResult, report: Report) -> list[str | int]:
    """Write one check; what is undecided has earned nothing yet, which is not 0."""
    said = next(iter([*describe_failure(check, report), *describe_remarks(check, report)]), "")
    texts = (report.lab.id, report.trainee or "", check.id, check.title, check.verdict.value)
    return [
        *map(escape_csv_cell, texts),
        "" if check.verdict.is_undecided else check.earned,
        check.points,
        *map(escape_csv_cell, (check.diagnosis.code if check.diagnosis else "", said)),
        *map(escape_csv_cell, (report.engine.endpoint, report.started_at)),
    ]
