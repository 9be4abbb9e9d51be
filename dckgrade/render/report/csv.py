"""Reports → CSV: a row for each check, for spreadsheets and for the programs of others."""

import csv
import io
from collections.abc import Sequence

from dckgrade.render.text.escape import cell
from dckgrade.render.text.sentences import told, worth_knowing
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult

HEAD = (
    *("lab", "trainee", "check", "title", "verdict", "earned", "points", "code", "message"),
    *("engine", "started_at"),
)
"""Names are for programs, and the same in every language."""


def csv_table(reports: Sequence[Report]) -> bytes:
    """Write RFC 4180, in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *(row(one, report) for report in reports for one in report.checks)])
    return text.getvalue().encode()


def row(one: CheckResult, report: Report) -> list[str | int]:
    """Write one check; what is undecided has earned nothing yet, which is not 0."""
    said = next(iter([*told(one, report), *worth_knowing(one, report)]), "")
    texts = (report.lab.id, report.trainee or "", one.id, one.title, one.verdict.value)
    return [
        *map(cell, texts),
        "" if one.verdict.undecided else one.earned,
        one.points,
        *map(cell, (one.diagnosis.code if one.diagnosis else "", said)),
        *map(cell, (report.engine.endpoint, report.started_at)),
    ]
