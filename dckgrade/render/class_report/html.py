"""A class report → one HTML page: who is where, what to explain next, which checks are odd; no script."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.class_report import messages
from dckgrade.render.class_report.charts import Histogram, Part, counted, histogram, parts
from dckgrade.render.class_report.details import details, flags, more
from dckgrade.render.class_report.heatmap import NAME_KEPT, anchor, detailed, leaves, name
from dckgrade.render.html_template import Said, said, spans
from dckgrade.render.html_template import page as rendered
from dckgrade.render.text import messages as report_messages
from dckgrade.render.text.sanitize import line
from dckgrade.render.text.sentences import MOST_HINTS
from dckgrade.report.class_report import CheckTold, ClassReport, LabTold, MistakeShared
from dckgrade.report.result import NamedMistake, Verdict

MISTAKES_FIRST = 8
"""What fits on a board; the others are one click away."""
NAMES_SHOWN = 40
PATH_KEPT = 300
LISTED = 200
"""Trainees worth a look, missing ones, files not taken in: more of them are counted."""


class Shared(Struct, frozen=True, kw_only=True):
    """One mistake, explained as `dckgrade explain` explains it, and who makes it."""

    anchor: str
    lab: str
    said: Said
    count: str
    share: float
    """Percent of those who handed the lab in."""
    names: list[tuple[str, str]]
    """Each with the id of the details, where the page has them."""
    more: str


class CheckDone(Struct, frozen=True, kw_only=True):
    """One check over the class."""

    title: str
    id: str
    points: int
    parts: list[Part]
    told: str
    passing: str
    remark: str


class LabPart(Struct, frozen=True, kw_only=True):
    """One lab over the class; the matrix has a row a trainee, a sign a check."""

    lab: str
    title: str
    told: str
    histogram: Histogram
    checks: list[CheckDone]
    matrix: list[tuple[str, str, list[tuple[str, str, str]]]]


class Odd(Struct, frozen=True, kw_only=True):
    """Something about one trainee's lab that is worth a look."""

    trainee: str
    lab: str
    link: str
    flags: list[str]


def page(report: ClassReport) -> bytes:
    """Render *report* as one page; that of a large class is leafed, and has no trainee's details."""
    say, lang = messages.labels(report.lang), report.lang
    mistakes = {(one.lab, one.code): f"m{at}" for at, one in enumerate(report.mistakes)}
    missing = [name(row) for row in report.rows if not row.cells]
    odds = list(odd(report))
    shown = rendered(
        "render/class_report/class.html.j2",
        lang,
        sheets=["render/class_report/class.css"],
        say=say,
        title=title(report),
        tally=tally(report, len(missing), len({one.trainee for one in odds})),
        histogram=histogram(
            [row.score.earned for row in report.rows if row.cells],
            sum(lab.possible for lab in report.labs),
            lang,
        ),
        mistakes=list(shared(report)),
        first=MISTAKES_FIRST,
        heads=[(line(lab.id), f"/{lab.possible}", average(lab, lang)) for lab in report.labs],
        leaves=list(leaves(report)),
        signs=[
            (messages.TRUST_SIGNS[one], get_translator(lang)(messages.TRUST[one])) for one in messages.TRUST
        ],
        labs=[lab_part(report, at) for at in range(len(report.labs))],
        verdicts=[
            (one.value, report_messages.SYMBOLS[one], report_messages.word(one, lang)) for one in Verdict
        ],
        odds=odds[:LISTED],
        more_odds=more(len(odds), LISTED, lang),
        missing=missing[:LISTED],
        more_missing=more(len(missing), LISTED, lang),
        refused=[
            (line(one.source, PATH_KEPT), spans(report_messages.prose(line(one.reason, PATH_KEPT), lang)))
            for one in report.refused[:LISTED]
        ],
        more_refused=more(len(report.refused), LISTED, lang),
        detailed=detailed(report),
        trainees=list(details(report, mistakes)) if detailed(report) else [],
        footer=[(say["reports"], str(report.reports)), (say["version"], f"dckgrade {line(report.dckgrade)}")],
    )
    return shown.encode()


def title(report: ClassReport) -> str:
    """Name what the class did: the lab, or how many of them."""
    if len(report.labs) == 1:
        return report_messages.prose(report.labs[0].title, report.lang)
    told = get_translator(report.lang)(N_("{labs} labs, {trainees} trainees"))
    return told.format(labs=len(report.labs), trainees=len(report.rows))


def tally(report: ClassReport, missing: int, odds: int) -> list[tuple[str, str]]:
    """Say in figures how the class stands."""
    say = messages.labels(report.lang)
    told = [
        ("", say["expected"], len(report.rows)),
        ("passed", say["handed_in"], len(report.rows) - missing),
        ("failed", say["missing"], missing),
        ("blocked", say["odd"], odds),
        ("unknown", say["refused"], len(report.refused)),
    ]
    return [
        (shade, report_messages.labelled(label[0].upper() + label[1:], str(count), report.lang))
        for shade, label, count in told
        if count or not shade
    ]


def shared(report: ClassReport) -> Iterator[Shared]:
    """Lay out the mistakes, the most shared first."""
    handed_in = {lab.id: lab.handed_in for lab in report.labs}
    told = get_translator(report.lang)(N_("{count} of {handed_in}"))
    links = {row.trainee: anchor(at) for at, row in enumerate(report.rows)} if detailed(report) else {}
    for at, one in enumerate(report.mistakes):
        yield Shared(
            anchor=f"m{at}",
            lab=line(one.lab),
            said=said(named(one), report.lang, MOST_HINTS),
            count=told.format(count=len(one.trainees), handed_in=handed_in[one.lab]),
            share=round(100 * len(one.trainees) / handed_in[one.lab], 1),
            names=[(line(who, NAME_KEPT), links.get(who, "")) for who in one.trainees[:NAMES_SHOWN]],
            more=more(len(one.trainees), NAMES_SHOWN, report.lang),
        )


def named(one: MistakeShared) -> NamedMistake:
    """Give back the mistake as reports hold it."""
    return NamedMistake(
        code=one.code,
        name="",
        message=one.message,
        hint=one.hint,
        why=one.why,
        look=one.look,
        source=one.source,
    )


def average(lab: LabTold, lang: str) -> str:
    """Write the average of a lab."""
    told = f"{lab.average:g}" if lab.average is not None else ""
    return told.replace(".", ",") if lang == "fr" else told


def lab_part(report: ClassReport, at: int) -> LabPart:
    """Lay out one lab over the class."""
    lab, lang = report.labs[at], report.lang
    cells = [row.cells[lab.id] for row in report.rows if lab.id in row.cells]
    told = get_translator(lang)(N_("Handed in: {count}. Average: {average} of {possible}."))
    return LabPart(
        lab=line(lab.id),
        title=report_messages.prose(lab.title, lang),
        told=told.format(count=lab.handed_in, average=average(lab, lang), possible=lab.possible),
        histogram=histogram([cell.score.earned for cell in cells], lab.possible, lang),
        checks=[check_done(check, lang) for check in lab.checks],
        matrix=list(matrix(report, at)) if detailed(report) else [],
    )


def check_done(check: CheckTold, lang: str) -> CheckDone:
    """Lay out one check over the class; how many pass is told of those who were decided."""
    decided = sum(count for verdict, count in check.counts.items() if not verdict.undecided)
    passing = check.counts.get(Verdict.PASSED, 0)
    return CheckDone(
        title=report_messages.prose(check.title, lang),
        id=line(check.id),
        points=check.points,
        parts=parts(check.counts),
        told=counted(check.counts, lang),
        passing=f"{passing}/{decided}",
        remark=get_translator(lang)(messages.SUSPICIOUS[check.suspicious]) if check.suspicious else "",
    )


def matrix(report: ClassReport, lab_at: int) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Give a row a trainee: the name, the id of the details, and verdict, sign and word of each check."""
    lab = report.labs[lab_at]
    signs = {
        one: (one.value, report_messages.SYMBOLS[one], report_messages.word(one, report.lang))
        for one in Verdict
    }
    for at, row in enumerate(report.rows):
        if cell := row.cells.get(lab.id):
            verdicts: Sequence[Verdict] = [cell.verdicts[check.id] for check in lab.checks]
            yield name(row), anchor(at, lab_at), [signs[one] for one in verdicts]


def odd(report: ClassReport) -> Iterator[Odd]:
    """List what is worth a look."""
    for at, row in enumerate(report.rows):
        if row.cells and not row.expected:
            stranger = get_translator(report.lang)(N_("not on the roster"))
            yield Odd(
                trainee=name(row), lab="", link=anchor(at) if detailed(report) else "", flags=[stranger]
            )
        for lab_at, lab in enumerate(report.labs):
            cell = row.cells.get(lab.id)
            if cell and cell.flags:
                link = anchor(at, lab_at) if detailed(report) else ""
                told = list(flags(cell, report.lang))
                yield Odd(trainee=name(row), lab=line(lab.id), link=link, flags=told)
