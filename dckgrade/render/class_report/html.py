"""Render a class report as one HTML page without script: points, mistakes to explain, suspicious checks."""

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from dckgrade.i18n import N_, get_plural_translator, get_translator
from dckgrade.render.class_report import messages
from dckgrade.render.class_report.charts import (
    Histogram,
    VerdictShare,
    build_histogram,
    describe_counts,
    split_by_verdict,
)
from dckgrade.render.class_report.heatmap import (
    MAX_NAME_CHARS,
    format_trainee_name,
    has_details,
    is_flagged,
    is_stranger,
    make_anchor,
    split_heat_tables,
)
from dckgrade.render.class_report.stuck import describe_stuck, list_stuck_groups
from dckgrade.render.class_report.trainee_details import (
    build_trainee_details,
    describe_flags,
    describe_remainder,
)
from dckgrade.render.html_template import (
    MistakeView,
    build_mistake_view,
    iter_template_page,
    split_code_spans,
)
from dckgrade.render.text import messages as report_messages
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.sentences import MAX_HINTS
from dckgrade.report.class_report import ClassCheck, ClassLab, ClassReport, SharedMistake
from dckgrade.report.result import NamedMistake, Verdict

MAX_UNFOLDED_MISTAKES = 8
"""The others are folded away."""
MAX_NAMES = 40
MAX_VARIANTS, MAX_VARIANT_NAMES = 20, 6
MAX_PATH_CHARS = 300
MAX_LISTED_ENTRIES = 200
"""Of flagged trainees, missing ones and refused files; the rest is counted."""


class MistakeCard(Struct, frozen=True, kw_only=True):
    """One mistake, explained as `dckgrade explain` explains it, and the trainees who make it."""

    anchor: str
    lab: str
    mistake: MistakeView
    count: str
    share: float
    """Percent of the trainees who handed the lab in."""
    names: list[tuple[str, str]]
    """Each with the id of the trainee's details, where the page has them."""
    remainder: str
    variants: list[tuple[list[str], str]]
    """What is said of it with some of the trainees, in spans of plain text and code, and who they are."""


class StuckRow(Struct, frozen=True, kw_only=True):
    """One check, and who is stuck there."""

    lab: str
    check: str
    trainees: list[tuple[str, str, str]]
    """Each with the id of the lab in the trainee's details, and for how long."""
    remainder: str


class CheckSummary(Struct, frozen=True, kw_only=True):
    """One check over the whole class."""

    title: str
    id: str
    points: int
    shares: list[VerdictShare]
    description: str
    passing: str
    remark: str


class LabSummary(Struct, frozen=True, kw_only=True):
    """One lab over the whole class; the matrix has a row per trainee and a sign per check."""

    lab: str
    title: str
    description: str
    histogram: Histogram
    checks: list[CheckSummary]
    matrix: list[tuple[str, str, list[tuple[str, str, str]]]]


class FlaggedEntry(Struct, frozen=True, kw_only=True):
    """The flags of one trainee's lab."""

    trainee: str
    lab: str
    link: str
    flags: list[str]


def iter_class_page(report: ClassReport) -> Iterator[str]:
    """Render *report*, in pieces, as one page: of a large class several tables, without trainees' details."""
    labels, lang = messages.translate_class_labels(report.lang), report.lang
    mistakes = {(mistake.lab, mistake.code): f"m{at}" for at, mistake in enumerate(report.mistakes)}
    return iter_template_page(
        "render/class_report/class.html.j2",
        lang,
        sheets=["render/class_report/class.css"],
        labels=labels,
        title=format_class_title(report),
        tally=build_class_tally(report),
        histogram=build_histogram(
            [row.score.earned for row in report.rows if row.cells],
            sum(lab.possible for lab in report.labs),
            lang,
        ),
        mistakes=list(build_mistake_cards(report)),
        unfolded_count=MAX_UNFOLDED_MISTAKES,
        stuck=list(build_stuck_rows(report)),
        filters=messages.translate_filters(lang),
        heads=[(sanitize_line(lab.id), f"/{lab.possible}", format_average(lab, lang)) for lab in report.labs],
        heat_tables=split_heat_tables(report),
        undecided=any(cell.score.undecided for row in report.rows for cell in row.cells.values()),
        signs=[
            (messages.TRUST_SIGNS[trust], get_translator(lang)(messages.TRUST_MESSAGES[trust]))
            for trust in messages.TRUST_MESSAGES
        ],
        labs=[build_lab_summary(report, at) for at in range(len(report.labs))],
        verdicts=[
            (
                verdict.value,
                report_messages.VERDICT_SYMBOLS[verdict],
                report_messages.translate_verdict(verdict, lang),
            )
            for verdict in Verdict
        ],
        **build_lists(report),
        detailed=has_details(report),
        trainees=list(build_trainee_details(report, mistakes)) if has_details(report) else [],
        footer=[
            (labels["reports"], str(report.reports)),
            (labels["version"], f"dckgrade {sanitize_line(report.dckgrade)}"),
        ],
    )


def build_lists(report: ClassReport) -> dict[str, object]:
    """Cut what is listed at the end to what can be read, each with how many more there are."""
    missing = [row for row in report.rows if not row.cells]
    flagged = list_flagged(report)
    shown = list(islice(flagged, MAX_LISTED_ENTRIES))
    flagged_count = len(shown) + sum(1 for _ in flagged)
    return {
        "flagged": shown,
        "more_flagged": describe_remainder(flagged_count, MAX_LISTED_ENTRIES, report.lang),
        "missing": [format_trainee_name(row) for row in missing[:MAX_LISTED_ENTRIES]],
        "more_missing": describe_remainder(len(missing), MAX_LISTED_ENTRIES, report.lang),
        "refused": list(list_refused_files(report)),
        "more_refused": describe_remainder(len(report.refused), MAX_LISTED_ENTRIES, report.lang),
    }


def list_refused_files(report: ClassReport) -> Iterator[tuple[str, list[str]]]:
    """List the files that were no reports, each with the reason in spans of plain text and code."""
    for refusal in report.refused[:MAX_LISTED_ENTRIES]:
        reason = sanitize_line(refusal.reason, MAX_PATH_CHARS)
        yield (
            sanitize_line(refusal.source, MAX_PATH_CHARS),
            split_code_spans(report_messages.sanitize_prose(reason, report.lang)),
        )


def format_class_title(report: ClassReport) -> str:
    """Name the one lab, or say how many labs and trainees there are."""
    if len(report.labs) == 1:
        return report_messages.sanitize_prose(report.labs[0].title, report.lang)
    ngettext, labs, trainees = get_plural_translator(report.lang), len(report.labs), len(report.rows)
    counted = (
        ngettext("{count} lab", "{count} labs", labs).format(count=labs),
        ngettext("{count} trainee", "{count} trainees", trainees).format(count=trainees),
    )
    return ", ".join(counted)


def build_class_tally(report: ClassReport) -> list[tuple[str, str]]:
    """Count the trainees who are expected, handed in, missing and flagged, and the files refused."""
    labels = messages.translate_class_labels(report.lang)
    missing = sum(not row.cells for row in report.rows)
    counts = [
        ("", labels["expected"], len(report.rows)),
        ("passed", labels["handed_in"], len(report.rows) - missing),
        ("failed", labels["missing"], missing),
        ("blocked", labels["odd"], sum(map(is_flagged, report.rows))),
        ("unknown", labels["refused"], len(report.refused)),
    ]
    return [
        (shade, report_messages.add_label(label[0].upper() + label[1:], str(count), report.lang))
        for shade, label, count in counts
        if count or not shade
    ]


def build_mistake_cards(report: ClassReport) -> Iterator[MistakeCard]:
    """Build a card for each mistake, the most shared first."""
    handed_in = {lab.id: lab.handed_in for lab in report.labs}
    share_text = get_translator(report.lang)(N_("{count} of {handed_in}"))
    links = (
        {row.trainee: make_anchor(at) for at, row in enumerate(report.rows)} if has_details(report) else {}
    )
    shown = {row.trainee: format_trainee_name(row) for row in report.rows}
    for at, mistake in enumerate(report.mistakes):
        yield MistakeCard(
            anchor=f"m{at}",
            lab=sanitize_line(mistake.lab),
            mistake=build_mistake_view(to_named_mistake(mistake), mistake.lab, report.lang, MAX_HINTS),
            count=share_text.format(count=len(mistake.trainees), handed_in=handed_in[mistake.lab]),
            share=round(100 * len(mistake.trainees) / handed_in[mistake.lab], 1),
            names=[
                (shown.get(who) or sanitize_line(who, MAX_NAME_CHARS), links.get(who, ""))
                for who in mistake.trainees[:MAX_NAMES]
            ],
            remainder=describe_remainder(len(mistake.trainees), MAX_NAMES, report.lang),
            variants=[
                (
                    split_code_spans(report_messages.sanitize_prose(variant.message, report.lang)),
                    "; ".join(
                        shown.get(who) or sanitize_line(who) for who in variant.trainees[:MAX_VARIANT_NAMES]
                    ),
                )
                for variant in mistake.variants[:MAX_VARIANTS]
            ],
        )


def build_stuck_rows(report: ClassReport) -> Iterator[StuckRow]:
    """Build a row for each check at which somebody is stuck."""
    lab_at = {lab.id: at for at, lab in enumerate(report.labs)}
    for group in list_stuck_groups(report):
        yield StuckRow(
            lab=sanitize_line(group.lab),
            check=report_messages.sanitize_prose(group.check, report.lang),
            trainees=[
                (
                    format_trainee_name(row),
                    make_anchor(at, lab_at[group.lab]) if has_details(report) else "",
                    describe_stuck(stuck, report.lang),
                )
                for at, row, stuck in group.trainees[:MAX_NAMES]
            ],
            remainder=describe_remainder(len(group.trainees), MAX_NAMES, report.lang),
        )


def to_named_mistake(mistake: SharedMistake) -> NamedMistake:
    """Convert to the mistake as reports hold it."""
    return NamedMistake(
        code=mistake.code,
        name="",
        message=mistake.message,
        hint=mistake.hint,
        why=mistake.why,
        look=mistake.look,
        source=mistake.source,
    )


def format_average(lab: ClassLab, lang: str) -> str:
    """Format the average of a lab; empty without any."""
    text = f"{lab.average:g}" if lab.average is not None else ""
    return text.replace(".", ",") if lang == "fr" else text


def build_lab_summary(report: ClassReport, at: int) -> LabSummary:
    """Build the summary of one lab over the class."""
    lab, lang = report.labs[at], report.lang
    cells = [row.cells[lab.id] for row in report.rows if lab.id in row.cells]
    text = get_translator(lang)(N_("Handed in: {count}. Average: {average} of {possible}."))
    return LabSummary(
        lab=sanitize_line(lab.id),
        title=report_messages.sanitize_prose(lab.title, lang),
        description=text.format(
            count=lab.handed_in, average=format_average(lab, lang), possible=lab.possible
        ),
        histogram=build_histogram([cell.score.earned for cell in cells], lab.possible, lang),
        checks=[build_check_summary(check, lang) for check in lab.checks],
        matrix=list(list_matrix_rows(report, at)) if has_details(report) else [],
    )


def build_check_summary(check: ClassCheck, lang: str) -> CheckSummary:
    """Build the summary of one check over the class; passing is counted among decided verdicts."""
    decided = sum(count for verdict, count in check.counts.items() if not verdict.is_undecided)
    passing = check.counts.get(Verdict.PASSED, 0)
    return CheckSummary(
        title=report_messages.sanitize_prose(check.title, lang),
        id=sanitize_line(check.id),
        points=check.points,
        shares=split_by_verdict(check.counts),
        description=describe_counts(check.counts, lang),
        passing=f"{passing}/{decided}",
        remark=get_translator(lang)(messages.SUSPICION_MESSAGES[check.suspicious])
        if check.suspicious
        else "",
    )


def list_matrix_rows(
    report: ClassReport, lab_at: int
) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """List a row per trainee: the name, the id of the details, and verdict, sign and word of each check."""
    lab = report.labs[lab_at]
    signs = {
        verdict: (
            verdict.value,
            report_messages.VERDICT_SYMBOLS[verdict],
            report_messages.translate_verdict(verdict, report.lang),
        )
        for verdict in Verdict
    }
    for at, row in enumerate(report.rows):
        if cell := row.cells.get(lab.id):
            verdicts: Sequence[Verdict] = [cell.verdicts[check.id] for check in lab.checks]
            yield format_trainee_name(row), make_anchor(at, lab_at), [signs[verdict] for verdict in verdicts]


def list_flagged(report: ClassReport) -> Iterator[FlaggedEntry]:
    """List the trainees' labs that have flags, and the trainees who are not on the roster."""
    for at, row in enumerate(report.rows):
        if is_stranger(row):
            stranger = get_translator(report.lang)(N_("not on the roster"))
            yield FlaggedEntry(
                trainee=format_trainee_name(row),
                lab="",
                link=make_anchor(at) if has_details(report) else "",
                flags=[stranger],
            )
        for lab_at, lab in enumerate(report.labs):
            cell = row.cells.get(lab.id)
            if cell and cell.flags:
                link = make_anchor(at, lab_at) if has_details(report) else ""
                flags = list(describe_flags(cell, report.lang))
                yield FlaggedEntry(
                    trainee=format_trainee_name(row), lab=sanitize_line(lab.id), link=link, flags=flags
                )
