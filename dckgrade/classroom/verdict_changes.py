"""What a mended lab changes in a class's reports, check by check, before anything is written."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from dckgrade import __version__
from dckgrade.classroom.attempts import load_trainer_lab
from dckgrade.classroom.people import identify_trainee
from dckgrade.classroom.submissions import Submission
from dckgrade.i18n import UserError
from dckgrade.judge.judge import judge_recording
from dckgrade.report import codec
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import CheckResult, sum_points


class ResultChange(Struct, frozen=True, kw_only=True):
    """One check of one trainee that would be judged otherwise; one that is new or gone has no other side."""

    check: str
    before: CheckResult | None
    now: CheckResult | None


class ReportChange(Struct, frozen=True, kw_only=True):
    """One report, what would change in it, and the report that it would become."""

    source: str
    trainee: str
    before: Report
    now: Report
    changes: list[ResultChange]


class UnreadFile(Struct, frozen=True, kw_only=True):
    """A file that is no report, and why."""

    source: str
    trouble: UserError


def find_report_changes(submissions: Iterable[Submission]) -> Iterator[ReportChange | UnreadFile]:
    """Judge each report again, one at a time."""
    for submission in submissions:
        try:
            if submission.refusal:
                yield UnreadFile(source=submission.source, trouble=submission.refusal)
            else:
                yield compare_report(submission, codec.from_json(submission.raw, submission.source))
        except UserError as trouble:
            yield UnreadFile(source=submission.source, trouble=trouble)


def compare_report(submission: Submission, report: Report) -> ReportChange:
    """Compare what a report says with what it would say; raises `UserError` for a lab that there is not."""
    now = rejudge_report(report)
    before = {line.id: line for line in report.checks}
    after = {line.id: line for line in now.checks}
    return ReportChange(
        source=submission.source,
        trainee=identify_trainee(submission.path_within, report.trainee)[0],
        before=report,
        now=now,
        changes=[
            ResultChange(check=check, before=before.get(check), now=after.get(check))
            for check in dict.fromkeys([*before, *after])
            if extract_compared_fields(before.get(check)) != extract_compared_fields(after.get(check))
        ],
    )


def rejudge_report(report: Report) -> Report:
    """Judge a report by today's lab, in its own language; a signature of what it was is left out."""
    loaded = load_trainer_lab(report.lab.id)
    lines = judge_recording(loaded.lab, codec.extract_recording(report), report.lang)
    return replace(
        report,
        dckgrade=__version__,
        lab=LabRef(id=loaded.lab.id, title=loaded.lab.title.in_language(report.lang), digest=loaded.digest),
        score=sum_points(lines),
        checks=lines,
        signature=UNSET,
    )


def extract_compared_fields(line: CheckResult | None) -> Any:
    """Return what of a check counts: its verdict, its points, the mistake's name."""
    return line and (line.verdict, line.earned, line.points, line.diagnosis and line.diagnosis.code)
