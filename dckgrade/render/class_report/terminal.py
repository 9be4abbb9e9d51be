"""Render a class report on a terminal: a table of points, and the mistakes that most trainees make."""

from collections.abc import Iterator, Sequence
from itertools import islice

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_plural_translator, get_translator
from dckgrade.render.class_report.heatmap import format_trainee_name
from dckgrade.render.class_report.messages import FLAG_MESSAGES
from dckgrade.render.class_report.stuck import describe_stuck, list_stuck_groups
from dckgrade.render.class_report.trainee_details import describe_remainder
from dckgrade.render.text import messages
from dckgrade.render.text.layout import TextBlock
from dckgrade.report.class_report import ClassLab, ClassReport, ClassRow

MAX_MISTAKES = 8
MAX_REFUSED = 10
MAX_STUCK_GROUPS, MAX_STUCK_NAMES = 12, 8
MAX_FLAGGED = 40
MIN_NAME_CHARS = 8
"""What is left for a trainee's name beside the points, at least."""
MAX_ROWS = 300
"""Nobody reads more rows on a terminal, and Rich takes longer over ten thousand than judging them does."""


def render_class_terminal(report: ClassReport) -> Iterator[RenderableType]:
    """Lay out the class, then the mistakes to explain next, then the files that were no reports."""
    translate, ngettext = get_translator(report.lang), get_plural_translator(report.lang)
    trainees = sum(bool(row.cells) for row in report.rows)
    yield Text(
        translate(N_("{reports} of {trainees}.")).format(
            reports=ngettext("{count} report", "{count} reports", report.reports).format(
                count=report.reports
            ),
            trainees=ngettext("{count} trainee", "{count} trainees", trainees).format(count=trainees),
        )
    )
    yield ClassTable(report)
    if len(report.rows) > MAX_ROWS:
        yield Text(describe_remainder(len(report.rows), MAX_ROWS, report.lang))
    flagged = list(islice(describe_flagged_rows(report), MAX_FLAGGED + 1))
    if flagged:
        yield Text("\n" + translate(N_("Worth a look")), style="bold")
    for line in flagged[:MAX_FLAGGED]:
        yield build_bullet_row("⚑", line, report.lang)
    if len(flagged) > MAX_FLAGGED:
        yield Text("…")
    yield from render_stuck(report)
    if report.mistakes:
        yield Text("\n" + translate(N_("What to explain next")), style="bold")
    for mistake in report.mistakes[:MAX_MISTAKES]:
        yield build_bullet_row(
            f"{len(mistake.trainees):>4}", f"{mistake.lab} {mistake.code} {mistake.message}", report.lang
        )
    yield from render_unreached(report)
    if report.refused:
        yield Text("\n" + translate(N_("Ignored: {count}")).format(count=len(report.refused)), style="yellow")
    for refused in report.refused[:MAX_REFUSED]:
        yield build_bullet_row("✗", refused.reason, report.lang)


def render_stuck(report: ClassReport) -> Iterator[RenderableType]:
    """List the checks at which trainees are stuck, and who they are."""
    groups = list(islice(list_stuck_groups(report), MAX_STUCK_GROUPS))
    if groups:
        yield Text("\n" + get_translator(report.lang)(N_("Who is stuck where")), style="bold")
    for group in groups:
        named = [
            f"{format_trainee_name(row)} ({how_long})" if how_long else format_trainee_name(row)
            for _, row, stuck in group.trainees[:MAX_STUCK_NAMES]
            for how_long in [describe_stuck(stuck, report.lang)]
        ]
        more = describe_remainder(len(group.trainees), MAX_STUCK_NAMES, report.lang)
        where = f"{group.lab} {group.check}"
        who = messages.add_label(where, " · ".join(filter(None, (*named, more))), report.lang)
        yield build_bullet_row(f"{len(group.trainees):>4}", who, report.lang)


def build_bullet_row(sign: str, text: str, lang: str) -> Table:
    """Put text beside a sign; lines that wrap stay indented."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(sign), TextBlock(text, lang))
    return table


def render_unreached(report: ClassReport) -> Iterator[RenderableType]:
    """List the trainees whose engines were not reached, and why."""
    lost = find_unreached_reasons(report)
    if lost:
        text = get_translator(report.lang)(N_("Not reached: {count}"))
        yield Text("\n" + text.format(count=len(lost)), style="yellow")
    for trainee, why in list(lost.items())[:MAX_REFUSED]:
        yield build_bullet_row("✗", messages.add_label(trainee, why, report.lang), report.lang)


def find_unreached_reasons(report: ClassReport) -> dict[str, str]:
    """Return the reason by trainee."""
    return {
        row.trainee: cell.unreached for row in report.rows for cell in row.cells.values() if cell.unreached
    }


class ClassTable:
    """A row per trainee and a column per lab; labs that do not fit beside each other follow below."""

    def __init__(self, report: ClassReport) -> None:
        self.report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        blocks = list(split_labs(self.report, options.max_width))
        for labs in blocks:
            yield build_class_table(self.report, labs, with_total=labs is blocks[-1])


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


def build_class_table(report: ClassReport, labs: Sequence[ClassLab], *, with_total: bool) -> Table:
    """Build a row per trainee and a column for each of *labs*."""
    translate = get_translator(report.lang)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(translate(N_("Trainee")), overflow="fold")
    for lab in labs:
        table.add_column(f"{lab.id}\n/{lab.possible}", justify="right", no_wrap=True)
    if with_total:
        table.add_column(translate(N_("Total")), justify="right", no_wrap=True)
    for row in report.rows[:MAX_ROWS]:
        total = [str(row.score.earned) if row.cells else "·"] if with_total else []
        table.add_row(Text(format_trainee_name(row)), *build_points_texts(labs, row), *total)
    return table


def build_points_texts(labs: Sequence[ClassLab], row: ClassRow) -> Iterator[Text]:
    """Make a text of the points of each lab; `+n?` are undecided."""
    for lab in labs:
        cell = row.cells.get(lab.id)
        if cell is None:
            yield Text("·", style="dim")
        else:
            undecided = f"+{cell.score.undecided}?" if cell.score.undecided else ""
            style = "green" if cell.score.earned == lab.possible else ""
            yield Text(f"{cell.score.earned}{undecided}", style=style)


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
