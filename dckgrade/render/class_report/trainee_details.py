"""Build the details of each trainee of a class report: checks, attempts and flags of each lab."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from dckgrade.i18n import N_, get_plural_translator, get_translator
from dckgrade.render.class_report.heatmap import (
    MAX_NAME_CHARS,
    format_cell_points,
    format_trainee_name,
    make_anchor,
)
from dckgrade.render.class_report.messages import FLAG_MESSAGES, TRUST_MESSAGES, TRUST_SIGNS
from dckgrade.render.class_report.stuck import describe_stuck, find_check_title
from dckgrade.render.text import messages
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.class_report import ClassCell, ClassLab, ClassReport, ClassRow, Stuck
from dckgrade.report.result import Verdict

MAX_OTHERS_NAMED = 6
ExplanationLinks = Mapping[tuple[str, str], str]
"""By lab and code: the id of the explanation in the page."""


class CheckRow(Struct, frozen=True, kw_only=True):
    """One check of one trainee."""

    verdict: str
    symbol: str
    verdict_word: str
    title: str
    points: str
    code: str
    link: str


class LabAttempt(Struct, frozen=True, kw_only=True):
    """One lab of one trainee: the attempt that counts, and the others."""

    anchor: str
    lab: str
    title: str
    points: str
    trust: str
    source: str
    stuck: str
    """Where the trainee is stuck and since when; empty where nothing fails."""
    flags: list[str]
    checks: list[CheckRow]
    history: list[str]


class TraineeDetails(Struct, frozen=True, kw_only=True):
    """One trainee."""

    anchor: str
    trainee: str
    total: str
    identity: str
    labs: list[LabAttempt]


def build_trainee_details(report: ClassReport, mistakes: ExplanationLinks) -> Iterator[TraineeDetails]:
    """Build the details of the trainees who handed something in."""
    for at, row in enumerate(report.rows):
        if row.cells:
            yield TraineeDetails(
                anchor=make_anchor(at),
                trainee=format_trainee_name(row),
                total=f"{row.score.earned}/{row.score.possible}",
                identity=sanitize_line(describe_identity(row, report.lang)),
                labs=[
                    build_lab_attempt(report, row.cells[lab.id], lab, make_anchor(at, lab_at), mistakes)
                    for lab_at, lab in enumerate(report.labs)
                    if lab.id in row.cells
                ],
            )


def describe_identity(row: ClassRow, lang: str) -> str:
    """Name what the roster knows of a trainee, or that it does not."""
    stranger = "" if row.expected else get_translator(lang)(N_("not on the roster"))
    return ", ".join(part for part in (row.email, row.username, row.id_number, stranger) if part)


def build_lab_attempt(
    report: ClassReport, cell: ClassCell, lab: ClassLab, at: str, mistakes: ExplanationLinks
) -> LabAttempt:
    """Build the view of one trainee's lab."""
    translate = get_translator(report.lang)
    return LabAttempt(
        anchor=at,
        lab=sanitize_line(lab.id),
        title=messages.sanitize_prose(lab.title, report.lang),
        points=f"{format_cell_points(cell)}/{lab.possible}",
        trust=f"{TRUST_SIGNS[cell.trust]} {translate(TRUST_MESSAGES[cell.trust])}",
        source=f"{sanitize_line(cell.source)}, {format_time(cell.started_at)}",
        stuck=describe_stuck_lab(cell.stuck, lab, report.lang) if cell.stuck else "",
        flags=list(describe_flags(cell, report.lang)),
        checks=list(build_check_rows(cell, lab, report.lang, mistakes)),
        history=[
            f"{messages.format_score(attempt.score)}, {format_time(attempt.started_at)}"
            f", {sanitize_line(attempt.source)}"
            for attempt in cell.history
        ],
    )


def describe_stuck_lab(stuck: Stuck, lab: ClassLab, lang: str) -> str:
    """Say at which check a trainee is stuck, since when and for how long."""
    translate = get_translator(lang)
    title = messages.sanitize_prose(find_check_title(lab, stuck.check), lang)
    if not stuck.since:
        return translate(N_("Stuck at “{title}”.")).format(title=title)
    sentence = translate(N_("Stuck at “{title}” since {time} ({how_long})."))
    return sentence.format(title=title, time=format_time(stuck.since), how_long=describe_stuck(stuck, lang))


def describe_flags(cell: ClassCell, lang: str) -> Iterator[str]:
    """Describe the flags; a copy with the other trainees."""
    translate = get_translator(lang)
    for flag in cell.flags:
        message = translate(FLAG_MESSAGES[flag])
        others = ", ".join(
            sanitize_line(other, MAX_NAME_CHARS) for other in cell.shared_with[:MAX_OTHERS_NAMED]
        )
        others = f"{others} {describe_remainder(len(cell.shared_with), MAX_OTHERS_NAMED, lang)}".strip()
        yield messages.add_label(message, others, lang) if flag == "copy" and others else message


def describe_remainder(count: int, shown: int, lang: str) -> str:
    """Return how many are not listed; empty when all are."""
    left_out = count - shown
    ngettext = get_plural_translator(lang)
    return (
        ngettext("and {count} more", "and {count} more", left_out).format(count=left_out)
        if left_out > 0
        else ""
    )


def build_check_rows(
    cell: ClassCell, lab: ClassLab, lang: str, mistakes: ExplanationLinks
) -> Iterator[CheckRow]:
    """Build the row of each check."""
    for check in lab.checks:
        verdict = cell.verdicts[check.id]
        earned = "?" if verdict.is_undecided else check.points if verdict is Verdict.PASSED else 0
        code = cell.mistakes.get(check.id, "")
        yield CheckRow(
            verdict=verdict.value,
            symbol=messages.VERDICT_SYMBOLS[verdict],
            verdict_word=messages.translate_verdict(verdict, lang),
            title=messages.sanitize_prose(check.title, lang),
            points=f"{earned}/{check.points}",
            code=sanitize_line(code),
            link=mistakes.get((lab.id, code), ""),
        )


def format_time(iso: str) -> str:
    """Format a time in RFC 3339 for people."""
    return sanitize_line(iso.replace("T", " ").replace("Z", " UTC"), 40)
