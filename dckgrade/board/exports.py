"""Export a class as `collect` does: the same gathering, and the same renderers."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from dckgrade.board.schema import REPORTS, TRAINEES
from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.i18n import Lang
from dckgrade.render.class_report.csv import render_moodle
from dckgrade.render.formats import DocumentKind, get_format
from dckgrade.report import codec
from dckgrade.report.class_report import ClassReport

MAX_LATEST = 20
"""Of a trainee's reports of one lab that go into an export, beside the best one."""


class ExportFormat(NamedTuple):
    """A format of the class."""

    media_type: str
    render: Callable[[ClassReport], bytes]


def make_class_renderer(name: str) -> Callable[[ClassReport], bytes]:
    """Make what renders a class in the format called *name*."""
    return partial(get_format(name).encode, DocumentKind.CLASS_REPORT)


EXPORTS = {
    "class.html": ExportFormat("text/html; charset=utf-8", make_class_renderer("html")),
    "class.json": ExportFormat("application/json", make_class_renderer("json")),
    "class.csv": ExportFormat("text/csv; charset=utf-8", make_class_renderer("csv")),
    "moodle.csv": ExportFormat("text/csv; charset=utf-8", lambda report: render_moodle(report, "email")),
}


def gather_class(
    connection: Connection, class_id: int, lang: Lang, roster: Roster, *, cloned: bool
) -> ClassReport:
    """Gather what a class has sent, judged again: of each lab the latest reports, and the best."""
    gathered = GatheredClass(GatherOptions(lang=lang, cloned=cloned), roster)
    query = select(REPORTS.c.id, REPORTS.c.trainee_id, REPORTS.c.lab, REPORTS.c.earned).join(TRAINEES)
    query = query.where(TRAINEES.c.class_id == class_id, REPORTS.c.earned.is_not(None))
    reports: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(REPORTS.c.id)):
        reports[row.trainee_id, row.lab].append(row)
    for rows in reports.values():
        best = max(rows, key=lambda row: row.earned)
        for report_id in sorted({best.id, *(row.id for row in rows[-MAX_LATEST:])}):
            add_report(connection, gathered, report_id)
    return gathered.make_class_report()


def add_report(connection: Connection, gathered: GatheredClass, report_id: int) -> None:
    """Add one report, whose signature was verified when it came."""
    query = select(REPORTS.c.raw, TRAINEES.c.name).join(TRAINEES).where(REPORTS.c.id == report_id)
    row = connection.execute(query).one()
    report = codec.from_json(row.raw, str(report_id))
    gathered.add_report(report, row.name, f"board/{report_id}.json", "corroborated", "valid")
