"""Render reports as one HTML page to mail, print and open offline: no script, nothing loaded."""

from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup
from msgspec import Struct

from dckgrade.render.html_template import render_markdown, render_template_page, split_code_spans
from dckgrade.render.report.check_cards import CheckCard, build_check_card
from dckgrade.render.text import messages
from dckgrade.render.text.causes import group_by_cause
from dckgrade.render.text.first_task import find_first_task, find_no_sheet, is_untouched
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import DEFAULT_HINTS
from dckgrade.report.report import Report, sum_scores
from dckgrade.report.result import CheckResult, Verdict

MAX_RING_CHARS = 5
"""Longer scores are set smaller to fit into the ring."""


class Arc(Struct, frozen=True, kw_only=True):
    """A check's part of the ring, in points; a gap separates it from the next."""

    verdict: str
    length: float
    start: float


class LabView(Struct, frozen=True, kw_only=True):
    """One lab as the page shows it."""

    id: str
    title: str
    trainee: str
    ring: "ScoreRing"
    tally: list[tuple[str, str, str]]
    incomplete: str
    steps: list[list[str]]
    sections: list[tuple[str, list[CheckCard]]]
    sheet: Markup
    """What the lab asks; empty where that is not known."""
    footer: list[tuple[str, str]]


class ScoreRing(Struct, frozen=True, kw_only=True):
    """The ring, the points inside, and the same in words."""

    points: str
    is_long: bool
    description: str
    arcs: list[Arc]
    ring_length: int


def render_report_page(
    report: Report, hints: int = DEFAULT_HINTS, find_sheet: Callable[[Report], str] = find_no_sheet
) -> str:
    """Render *report* as one page; hints above level *hints* are folded away, or left out at level 0."""
    return render_session_page([report], hints, find_sheet)


def render_session_page(
    reports: Sequence[Report],
    hints: int = DEFAULT_HINTS,
    find_sheet: Callable[[Report], str] = find_no_sheet,
) -> str:
    """
    Render the reports of one run as one page, a section for each lab.

    *find_sheet* gives the Markdown of what a report's lab asks, or nothing.
    """
    level = 1 if len(reports) == 1 else 2
    labs = [build_lab_view(report, hints, find_sheet(report), level) for report in reports]
    lang = reports[0].lang
    labels = messages.translate_labels(lang)
    total_ring = build_score_ring(reports)
    single = f"{sanitize_line(reports[0].lab.id)} — {sanitize_line(reports[0].lab.title)}"
    return render_template_page(
        "render/report/report.html.j2",
        lang,
        labels=labels,
        heading=single if len(labs) == 1 else labels["labs"],
        labs=labs,
        total_ring=total_ring,
    )


def build_lab_view(report: Report, hints: int, sheet: str, level: int) -> LabView:
    """Make everything about one lab, whose heading is of *level*, safe to show."""
    task = find_first_task(sheet) if is_untouched(report) else ""
    return LabView(
        id=sanitize_line(report.lab.id),
        title=messages.sanitize_prose(report.lab.title, report.lang),
        trainee=sanitize_line(report.trainee or ""),
        ring=build_score_ring([report]),
        tally=[
            (verdict.value, messages.VERDICT_SYMBOLS[verdict], text)
            for verdict, text in messages.describe_verdict_counts(report)
        ],
        incomplete=messages.describe_incompleteness(report),
        steps=[split_code_spans(step) for step in messages.list_next_steps(report, task=task)],
        sections=build_sections(report, hints),
        sheet=render_markdown(sheet, report.lang, level=level + 1),
        footer=build_footer(report),
    )


def build_score_ring(reports: Sequence[Report]) -> ScoreRing:
    """Build the ring of the labs' total score."""
    score = sum_scores(reports)
    points = messages.format_score(score)
    return ScoreRing(
        points=points,
        is_long=len(points) > MAX_RING_CHARS,
        description=messages.describe_score(score, reports[0].lang),
        arcs=list(cut_into_arcs([check for report in reports for check in report.checks], score.possible)),
        ring_length=max(1, score.possible),
    )


def cut_into_arcs(checks: Sequence[CheckResult], possible: int) -> Iterator[Arc]:
    """Split the ring into an arc for each check that has points, in the lab's order."""
    start, gap = 0, 0.012 * possible
    for check in checks:
        if check.points:
            yield Arc(
                verdict=check.verdict.value, length=max(check.points - gap, check.points / 2), start=-start
            )
        start += check.points


def build_sections(report: Report, hints: int) -> list[tuple[str, list[CheckCard]]]:
    """
    Sort the checks into sections: heading and cards. Failures come first.

    Of the checks about which the same is said the first is open; those that are blocked are not.
    """
    labels = messages.translate_labels(report.lang)
    remarked = [check for check in report.checks if check.remarks]
    passed = [check for check in messages.list_checks_with(report, Verdict.PASSED) if not check.remarks]
    listed = [
        (labels["to_mend"], True, messages.list_failed_and_blocked(report)),
        (labels["undecided"], True, messages.list_checks_with(report, Verdict.UNKNOWN)),
        (labels["remarks"], True, remarked),
        (labels["passed"], False, passed),
        (labels["skipped"], False, messages.list_checks_with(report, Verdict.SKIPPED)),
    ]
    first_of_cause = {group[0].id for group in group_by_cause(report.checks, report)}
    return [
        (
            name,
            [
                build_check_card(
                    check,
                    report,
                    hints,
                    is_open=opened and check.id in first_of_cause and check.verdict is not Verdict.BLOCKED,
                )
                for check in checks
            ],
        )
        for name, opened, checks in listed
        if checks
    ]


def build_footer(report: Report) -> list[tuple[str, str]]:
    """List engine, date, duration, lab and version."""
    labels = messages.translate_labels(report.lang)
    seconds = f"{report.duration_ms / 1000:.1f}\xa0s"
    return [
        (labels["engine"], messages.describe_engine(report)),
        (labels["date"], sanitize_line(report.started_at.replace("T", " ").replace("Z", " UTC"))),
        (labels["duration"], seconds.replace(".", ",") if report.lang == "fr" else seconds),
        (labels["lab"], f"{sanitize_line(report.lab.id)}, {sanitize_line(report.lab.digest)}"),
        (labels["version"], f"dckgrade {sanitize_line(report.dckgrade)}"),
    ]
