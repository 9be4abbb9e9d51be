"""Render a report that is graded again and again on one screen, with its total and the next step."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dckgrade.i18n import get_plural_translator
from dckgrade.render.report.terminal import ReportLayout, render_session
from dckgrade.render.text import messages
from dckgrade.render.text.first_task import choose_first_task, find_no_sheet
from dckgrade.render.text.layout import EMPTY_LINE, Block, Grid, Line, Page, Stack, TextBlock, draw_lines
from dckgrade.render.text.sentences import DEFAULT_HINTS
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

MIN_EXPLANATION_LINES = 7
"""Lines that are kept for what to mend first; the table of the checks is shortened for it."""


class WatchedReport(Block):
    """One report on one screen; whole where lines do not scroll away, as in a file."""

    def __init__(
        self,
        report: Report,
        closing: Sequence[Block],
        hints: int = DEFAULT_HINTS,
        find_sheet: Callable[[Report], str] = find_no_sheet,
    ) -> None:
        self.report, self.closing, self.hints = report, closing, hints
        self.task = choose_first_task(report, find_sheet)

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines of the whole report."""
        whole = [*render_session([self.report], self.hints, watched=True), *self.closing]
        return Stack(whole).iter_lines(page)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        page = Page(options.max_width, options.encoding)
        short = Stack(list(self.lay_out(page, console.size.height)))
        yield from draw_lines((short if console.is_terminal else self).iter_lines(page), console)

    def lay_out(self, page: Page, height: int) -> Iterator[Block]:
        """Lay out the parts in the lines of the screen, of which the last is the cursor's."""
        layout = ReportLayout(self.report, self.hints, engine=True, watched=True, task=self.task)
        above = [shorten(part) for part in layout.lay_out_header() if part.text]
        below = [*layout.lay_out_end(), *self.closing]
        left = height - 1 - count_lines([*above, *below], page)
        checks = choose_checks(self.report.checks, left - MIN_EXPLANATION_LINES)
        table = build_short_table(layout, checks, len(self.report.checks))
        yield from above
        yield table
        if first := list_explained(self.report)[:1]:
            room = left - count_lines([table], page) - 1
            yield Stack([EMPTY_LINE, layout.explain_group(first)], max_lines=max(0, room))
        yield EMPTY_LINE
        yield from below


def count_lines(blocks: Sequence[Block], page: Page) -> int:
    """Count the lines that *blocks* take."""
    return sum(1 for _ in Stack(blocks).iter_lines(page))


def shorten(block: TextBlock) -> TextBlock:
    """Return the text, kept to one line."""
    return TextBlock(block.text, block.lang, block.style, cut=True)


def list_explained(report: Report) -> list[CheckResult]:
    """List what may be explained: what failed, else what is undecided."""
    return messages.list_failed_and_blocked(report) or messages.list_checks_with(report, Verdict.UNKNOWN)


def choose_checks(checks: Sequence[CheckResult], most: int) -> list[CheckResult]:
    """Choose the checks of the table: all, else those that have not passed, at most *most*."""
    if len(checks) <= most:
        return list(checks)
    return [check for check in checks if check.verdict is not Verdict.PASSED][: max(1, most - 1)]


def build_short_table(layout: ReportLayout, checks: Sequence[CheckResult], every: int) -> Grid:
    """Build the table of *checks*, a line each, and the count of the others of *every* check."""
    rows = [
        (sign, word, shorten(title), points) for sign, word, title, points in map(layout.make_row, checks)
    ]
    if every > len(checks):
        left_out = every - len(checks)
        ngettext = get_plural_translator(layout.report.lang)
        more = ngettext("and {count} more", "and {count} more", left_out).format(count=left_out)
        nothing = layout.make_text("")
        rows.append((nothing, layout.make_text("…"), shorten(layout.make_text(more)), nothing))
    return Grid(rows, flexible=2, right=[3])
