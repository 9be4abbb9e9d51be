"""Reports judged before and now → what a mended lab changes, check by check, before anything is written."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from dckgrade import __version__
from dckgrade.classroom.attempts import lab
from dckgrade.classroom.people import named
from dckgrade.classroom.submissions import Submission
from dckgrade.i18n import UserError
from dckgrade.judge.judge import judge
from dckgrade.report import codec
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import CheckResult, sum_points


class Change(Struct, frozen=True, kw_only=True):
    """One check of one trainee that would be judged otherwise; one that is new or gone has no other side."""

    check: str
    before: CheckResult | None
    now: CheckResult | None


class Changed(Struct, frozen=True, kw_only=True):
    """One report, what would change in it, and the report that it would become."""

    source: str
    trainee: str
    before: Report
    now: Report
    changes: list[Change]


class Unread(Struct, frozen=True, kw_only=True):
    """A file that is no report, and why."""

    source: str
    trouble: UserError


def changes(submissions: Iterable[Submission]) -> Iterator[Changed | Unread]:
    """Judge each report again, one at a time."""
    for one in submissions:
        try:
            if one.refused:
                yield Unread(source=one.source, trouble=one.refused)
            else:
                yield changed(one, codec.from_json(one.raw, one.source))
        except UserError as trouble:
            yield Unread(source=one.source, trouble=trouble)


def changed(submission: Submission, report: Report) -> Changed:
    """Compare what a report says with what it would say; raises `Trouble` for a lab that there is not."""
    now = again(report)
    before = {line.id: line for line in report.checks}
    after = {line.id: line for line in now.checks}
    return Changed(
        source=submission.source,
        trainee=named(submission.within, report.trainee)[0],
        before=report,
        now=now,
        changes=[
            Change(check=check, before=before.get(check), now=after.get(check))
            for check in dict.fromkeys([*before, *after])
            if told(before.get(check)) != told(after.get(check))
        ],
    )


def again(report: Report) -> Report:
    """Judge a report by today's lab, in its own language; a signature of what it was is left out."""
    loaded = lab(report.lab.id)
    lines = judge(loaded.lab, codec.recording(report), report.lang)
    return replace(
        report,
        dckgrade=__version__,
        lab=LabRef(id=loaded.lab.id, title=loaded.lab.title.into(report.lang), digest=loaded.digest),
        score=sum_points(lines),
        checks=lines,
        signature=UNSET,
    )


def told(line: CheckResult | None) -> Any:
    """Give what of a check counts: its verdict, its points, the mistake's name."""
    return line and (line.verdict, line.earned, line.points, line.diagnosis and line.diagnosis.code)
