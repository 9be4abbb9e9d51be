"""Render a class report as text: a table of points, and the mistakes that most trainees make."""

from collections.abc import Iterator, Sequence
from itertools import islice

from dckgrade.i18n import N_, get_plural_translator, get_translator
from dckgrade.render.class_report.heatmap import format_trainee_name
from dckgrade.render.class_report.messages import FLAG_MESSAGES
from dckgrade.render.class_report.stuck import describe_stuck, list_stuck_groups
from dckgrade.render.class_report.trainee_details import describe_remainder
from dckgrade.render.text import messages
from dckgrade.render.text.layout import EMPTY_LINE, Block, Bullet, Grid, Line, Page, TextBlock
from dckgrade.report.class_report import ClassLab, ClassReport, ClassRow

MAX_MISTAKES = 8
MAX_REFUSED = 10
MAX_STUCK_GROUPS, MAX_STUCK_NAMES = 12, 8
MAX_FLAGGED = 40
MIN_NAME_CHARS = 8
"""What is left for a trainee's name beside the points, at least."""
MAX_ROWS = 300
"""Nobody reads more rows on a terminal."""


def render_class_terminal(report: ClassReport) -> Iterator[Block]:
    """Lay out the class, then the mistakes to explain next, then the files that were no reports."""
    translate, lang = get_translator(report.lang), report.lang
    yield TextBlock(describe_class(report), lang)
    yield ClassTable(report)
    if len(report.rows) > MAX_ROWS:
        yield TextBlock(describe_remainder(len(report.rows), MAX_ROWS, lang), lang)
    flagged = list(islice(describe_flagged_rows(report), MAX_FLAGGED + 1))
    if flagged:
        yield from lay_out_heading(translate(N_("Worth a look")), lang)
    for line in flagged[:MAX_FLAGGED]:
        yield build_bullet("⚑", line, lang)
    if len(flagged) > MAX_FLAGGED:
        yield TextBlock("…", lang)
    yield from render_stuck(report)
    if report.mistakes:
        yield from lay_out_heading(translate(N_("What to explain next")), lang)
    for mistake in report.mistakes[:MAX_MISTAKES]:
        text = f"{mistake.lab} {mistake.code} {mistake.message}"
        yield build_bullet(f"{len(mistake.trainees):>4}", text, lang)
    yield from render_unreached(report)
    if report.refused:
        ignored = translate(N_("Ignored: {count}")).format(count=len(report.refused))
        yield from lay_out_heading(ignored, lang, "yellow")
    for refused in report.refused[:MAX_REFUSED]:
        yield build_bullet("✗", refused.reason, lang)


def describe_class(report: ClassReport) -> str:
    """Tell how many reports there are, and of how many trainees."""
    translate, ngettext = get_translator(report.lang), get_plural_translator(report.lang)
    trainees = sum(bool(row.cells) for row in report.rows)
    return translate(N_("{reports} of {trainees}.")).format(
        reports=ngettext("{count} report", "{count} reports", report.reports).format(count=report.reports),
        trainees=ngettext("{count} trainee", "{count} trainees", trainees).format(count=trainees),
    )


def lay_out_heading(text: str, lang: str, style: str = "bold") -> Iterator[Block]:
    """Lay out a heading, below an empty line."""
    yield EMPTY_LINE
    yield TextBlock(text, lang, style)


def render_stuck(report: ClassReport) -> Iterator[Block]:
    """List the checks at which trainees are stuck, and who they are."""
    groups = list(islice(list_stuck_groups(report), MAX_STUCK_GROUPS))
    if groups:
        yield from lay_out_heading(get_translator(report.lang)(N_("Who is stuck where")), report.lang)
    for group in groups:
        named = [
            f"{format_trainee_name(row)} ({how_long})" if how_long else format_trainee_name(row)
            for _, row, stuck in group.trainees[:MAX_STUCK_NAMES]
            for how_long in [describe_stuck(stuck, report.lang)]
        ]
        more = describe_remainder(len(group.trainees), MAX_STUCK_NAMES, report.lang)
        where = f"{group.lab} {group.check}"
        who = messages.add_label(where, " · ".join(filter(None, (*named, more))), report.lang)
        yield build_bullet(f"{len(group.trainees):>4}", who, report.lang)


def build_bullet(sign: str, text: str, lang: str) -> Block:
    """Put text beside a sign; lines that wrap stay indented."""
    return Bullet(TextBlock(sign, lang), [TextBlock(text, lang)])


def render_unreached(report: ClassReport) -> Iterator[Block]:
    """List the trainees whose engines were not reached, and why."""
    lost = find_unreached_reasons(report)
    if lost:
        text = get_translator(report.lang)(N_("Not reached: {count}"))
        yield from lay_out_heading(text.format(count=len(lost)), report.lang, "yellow")
    for trainee, why in list(lost.items())[:MAX_REFUSED]:
        yield build_bullet("✗", messages.add_label(trainee, why, report.lang), report.lang)


def find_unreached_reasons(report: ClassReport) -> dict[str, str]:
    """Return the reason by trainee."""
    return {
        row.trainee: cell.unreached for row in report.rows for cell in row.cells.values() if cell.unreached
    }


class ClassTable(Block):
    """A row per trainee and a column per lab; labs that do not fit beside each other follow below."""

    def __init__(self, report: ClassReport) -> None:
        self.report = report

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines of one table below the other."""
        groups = list(split_labs(self.report, page.width))
        for labs in groups:
            yield from build_class_table(self.report, labs, with_total=labs is groups[-1]).iter_lines(page)


def split_labs(report: ClassReport, width: int) -> Iterator[Sequence[ClassLab]]:
    """Split the labs into as many as fit into *width* columns beside the trainees' names and the total."""
    widest = max([*map(measure_lab_column, report.labs), 0]) + 1
    beside = len(get_translator(report.lang)(N_("Total"))) + 1
    fitting = max(1, (width - MIN_NAME_CHARS - beside) // widest)
    if widest * len(report.labs) + beside + MIN_NAME_CHARS <= width or not report.labs:
        yield report.labs
        return
    for start in range(0, len(report.labs), fitting):
        yield report.labs[start : start + fitting]


def measure_lab_column(lab: ClassLab) -> int:
    """Return how wide a lab's column is, undecided points aside."""
    return max(len(lab.id), len(f"/{lab.possible}"))


def build_class_table(report: ClassReport, labs: Sequence[ClassLab], *, with_total: bool) -> Grid:
    """Build a row per trainee and a column for each of *labs*."""
    translate, lang = get_translator(report.lang), report.lang
    total = [translate(N_("Total"))] if with_total else []
    titles = [translate(N_("Trainee")), *(lab.id for lab in labs), *total]
    possible = ["", *(f"/{lab.possible}" for lab in labs), *("" for _ in total)]
    rows = [[TextBlock(title, lang, "bold") for title in row] for row in (titles, possible)]
    for row in report.rows[:MAX_ROWS]:
        score = [str(row.score.earned) if row.cells else "·"] if with_total else []
        texts = (format_trainee_name(row), *score)
        name, *earned = (TextBlock(text, lang) for text in texts)
        rows.append([name, *build_points_texts(labs, row, lang), *earned])
    return Grid(rows, flexible=0, right=range(1, len(titles)))


def build_points_texts(labs: Sequence[ClassLab], row: ClassRow, lang: str) -> Iterator[TextBlock]:
    """Make a text of the points of each lab; `+n?` are undecided."""
    for lab in labs:
        cell = row.cells.get(lab.id)
        if cell is None:
            yield TextBlock("·", lang, "dim")
        else:
            undecided = f"+{cell.score.undecided}?" if cell.score.undecided else ""
            style = "green" if cell.score.earned == lab.possible else ""
            yield TextBlock(f"{cell.score.earned}{undecided}", lang, style)


def describe_flagged_rows(report: ClassReport) -> Iterator[str]:
    """List the flags, a line per trainee."""
    for row in report.rows:
        if flags := " · ".join(describe_row_flags(row, report.lang)):
            yield messages.add_label(format_trainee_name(row), flags, report.lang)


def describe_row_flags(row: ClassRow, lang: str) -> Iterator[str]:
    """List each flag once, with the labs that have it."""
    translate = get_translator(lang)
    if not row.cells:
        yield translate(N_("nothing handed in"))
    elif not row.expected:
        yield translate(N_("not on the roster"))
    for flag, message in FLAG_MESSAGES.items():
        if labs := [lab for lab, cell in row.cells.items() if flag in cell.flags]:
            yield f"{translate(message)} ({', '.join(labs)})"
