"""Render a report that is graded again and again on one screen, with its total and the next step."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import get_plural_translator
from dckgrade.render.report.terminal import VERDICT_STYLES, ReportLayout, render_session
from dckgrade.render.text import messages
from dckgrade.render.text.console import lay_out_parts
from dckgrade.render.text.first_task import choose_first_task, find_no_sheet
from dckgrade.render.text.sentences import DEFAULT_HINTS
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict

MIN_EXPLANATION_LINES = 7
"""Lines that are kept for what to mend first; the table of the checks is shortened for it."""


class WatchedReport:
    """One report on one screen; whole where lines do not scroll away, as in a file."""

    def __init__(
        self,
        report: Report,
        closing: Sequence[RenderableType],
        hints: int = DEFAULT_HINTS,
        find_sheet: Callable[[Report], str] = find_no_sheet,
    ) -> None:
        self.report, self.closing, self.hints = report, closing, hints
        self.task = choose_first_task(report, find_sheet)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not console.is_terminal:
            yield from render_session([self.report], self.hints, watched=True)
            yield from self.closing
            return
        layout = ReportLayout(
            self.report, options.encoding, self.hints, engine=True, watched=True, task=self.task
        )
        yield from lay_out_parts(self.lay_out(layout, console, options), console, options)

    def lay_out(
        self, layout: ReportLayout, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Lay out the parts in the lines of the screen, of which the last is the cursor's."""
        above = [shorten(part) for part in layout.lay_out_header() if str(part)]
        below = [*layout.lay_out_end(), *self.closing]
        left = console.size.height - 1 - count_lines([*above, *below], console, options)
        checks = choose_checks(self.report.checks, left - MIN_EXPLANATION_LINES)
        table = build_short_table(layout, checks, len(self.report.checks))
        yield from above
        yield table
        if first := list_explained(self.report)[:1]:
            room = left - count_lines([table], console, options) - 1
            yield FirstLines([Text(), layout.explain_group(first)], room)
        yield Text()
        yield from below


class FirstLines:
    """The first lines of what is rendered, as many as there is room for."""

    def __init__(self, parts: Sequence[RenderableType], most: int) -> None:
        self.parts, self.most = parts, most

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = list(Segment.split_lines(console.render(Group(*self.parts), options.update(height=None))))
        for line in lines[: max(0, self.most)]:
            yield from line
            yield Segment.line()


def count_lines(parts: Sequence[RenderableType], console: Console, options: ConsoleOptions) -> int:
    """Count the lines that *parts* take."""
    return len(console.render_lines(Group(*parts), options.update(height=None), pad=False))


def shorten(part: RenderableType) -> RenderableType:
    """Keep a text to one line."""
    if isinstance(part, Text):
        part.no_wrap, part.overflow = True, "ellipsis"
    return part


def list_explained(report: Report) -> list[CheckResult]:
    """List what may be explained: what failed, else what is undecided."""
    return messages.list_failed_and_blocked(report) or messages.list_checks_with(report, Verdict.UNKNOWN)


def choose_checks(checks: Sequence[CheckResult], most: int) -> list[CheckResult]:
    """Choose the checks of the table: all, else those that have not passed, at most *most*."""
    if len(checks) <= most:
        return list(checks)
    return [check for check in checks if check.verdict is not Verdict.PASSED][: max(1, most - 1)]


def build_short_table(layout: ReportLayout, checks: Sequence[CheckResult], every: int) -> Table:
    """Build the table of *checks*, a line each, and the count of the others of *every* check."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right")
    for check in checks:
        style = VERDICT_STYLES[check.verdict]
        table.add_row(
            layout.make_verdict_symbol(check),
            layout.make_text(messages.translate_verdict(check.verdict, layout.report.lang), style),
            shorten(layout.make_text(check.title)),
            layout.make_text(messages.format_check_points(check)),
        )
    if every > len(checks):
        left_out = every - len(checks)
        ngettext = get_plural_translator(layout.report.lang)
        more = ngettext("and {count} more", "and {count} more", left_out).format(count=left_out)
        table.add_row("", layout.make_text("…"), layout.make_text(more), "")
    return table
