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
        [CSV_COLUMNS, *(build_csv_row(one, report) for report in reports for one in report.checks)]
    )
    return text.getvalue().encode()


def build_csv_row(one: CheckResult, report: Report) -> list[str | int]:
    """Write one check; what is undecided has earned nothing yet, which is not 0."""
    said = next(iter([*describe_failure(one, report), *describe_remarks(one, report)]), "")
    texts = (report.lab.id, report.trainee or "", one.id, one.title, one.verdict.value)
    return [
        *map(escape_csv_cell, texts),
        "" if one.verdict.is_undecided else one.earned,
        one.points,
        *map(escape_csv_cell, (one.diagnosis.code if one.diagnosis else "", said)),
        *map(escape_csv_cell, (report.engine.endpoint, report.started_at)),
    ]
