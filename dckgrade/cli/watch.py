"""`dckgrade tp5 --watch`: grades again as the engine and the files change, until all passes."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dckgrade.cli import exit_codes, language, output
from dckgrade.i18n import N_, get_translator

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.engine.run_options import RunOptions
    from dckgrade.grading.run import LabSelection
    from dckgrade.render.text.layout import Block
    from dckgrade.report.report import Report

MAX_WAIT_STARTING_S, MAX_WAIT_IDLE_S = 1.5, 5.0
"""Seconds until the next look when no event comes, while something starts and otherwise: what happens inside
a container makes no event."""
MAX_NEXT_STEPS = 2
"""Of several labs, how many first failures are shown: the whole fits a terminal of 24 lines."""


class DrawFunction(Protocol):
    """Draws over what was drawn last."""

    def __call__(self, *drawn: "RenderableType") -> None:
        """Draw."""
        ...


def watch_engine(
    selections: "Sequence[LabSelection]",
    run_options: "RunOptions",
    host: str | None,
    context: str | None,
    hints: int,
    keep: "Callable[[Sequence[Report]], None]",
    send: "Callable[[Sequence[Report]], None]",
) -> "list[Report]":
    """
    Grade until all passes; Ctrl-C ends it with the last reports in the terminal.

    *keep* is given the last reports, however it ends; *send* those that are drawn, and returns at once.
    """
    from msgspec.structs import replace

    from dckgrade.engine import endpoint
    from dckgrade.engine.changes import ChangeWatcher
    from dckgrade.engine.connection import connect_engine
    from dckgrade.grading import run

    where = endpoint.resolve_endpoint(host, context, os.environ, Path.home())
    each = replace(run_options, at_once=True)
    last: list[Report] = []
    with connect_engine(where) as daemon, draw_in_place() as draw:
        changes = ChangeWatcher(daemon, run_options.workdir)
        try:
            while True:
                before, last = last, run.grade_labs(selections, daemon, each)
                # Kept before it is drawn: whoever sees it may press Ctrl-C at once.
                if not before or extract_drawn_state(last) != extract_drawn_state(before):
                    draw(*lay_out_reports(last, before, hints))
                    send(last)
                if exit_codes.choose_exit_code(last) is exit_codes.ExitCode.PASSED:
                    return last
                changes.wait_for_change(
                    MAX_WAIT_STARTING_S if any(report.starting for report in last) else MAX_WAIT_IDLE_S
                )
        except KeyboardInterrupt:
            if len(last) == 1:
                draw(*render_whole(last, hints))
            raise
        finally:
            keep(last)


def extract_drawn_state(reports: "Sequence[Report]") -> list[object]:
    """Return what a redraw would show differently."""
    checks = [check for report in reports for check in report.checks]
    return [(check.verdict, check.diagnosis, check.misses, check.remarks, check.reason) for check in checks]


def lay_out_reports(reports: "Sequence[Report]", last: "Sequence[Report]", hints: int) -> "Iterator[Block]":
    """Lay out the reports, and below them the checks that have just passed and how to go on."""
    done = exit_codes.choose_exit_code(reports) is exit_codes.ExitCode.PASSED
    closing = list(lay_out_closing(reports, last, done=done))
    if done:
        yield from render_whole(reports, hints)
        yield from closing
    elif len(reports) == 1:
        from dckgrade.render.report.watched import WatchedReport

        yield WatchedReport(reports[0], closing, hints, output.find_sheet_of_report)
    else:
        # Several labs are taller than any terminal: each is a line and what to do next.
        yield from lay_out_short(reports)
        yield from closing


def render_whole(reports: "Sequence[Report]", hints: int) -> "Iterator[Block]":
    """Render the reports as they are shown when they are graded once."""
    from dckgrade.render.report.terminal import render_session

    return render_session(reports, hints, output.find_sheet_of_report)


def lay_out_closing(
    reports: "Sequence[Report]", last: "Sequence[Report]", *, done: bool
) -> "Iterator[Block]":
    """Say what has just passed; then, where all is *done*, how to hand it in, else how to end."""
    from dckgrade.cli.closing import describe_hand_in
    from dckgrade.render.text.layout import TextBlock

    lang = language.get_language()
    translate = get_translator(lang)
    for title in list_newly_passed(reports, last):
        yield TextBlock(translate(N_("Just passed: {title}")).format(title=title), lang, "bold green")
    if done:
        yield TextBlock(translate(N_("All done, well done!")), lang, "bold green")
        if how := describe_hand_in(reports, (), lang):
            yield TextBlock(how, lang)
    else:
        yield TextBlock(translate(N_("Watching the engine; Ctrl-C ends it.")), lang, "dim")


def lay_out_short(reports: "Sequence[Report]") -> "Iterator[Block]":
    """Lay out several labs on one screen, each by a line and its next thing to do."""
    from dckgrade.render.report.terminal import render_overview
    from dckgrade.render.text import messages
    from dckgrade.render.text.layout import TextBlock
    from dckgrade.render.text.sanitize import sanitize_line

    lang = language.get_language()
    label = messages.translate_labels(lang)["engine"]
    yield TextBlock(messages.add_label(label, messages.describe_engine(reports[0]), lang), lang)
    yield render_overview(reports)
    causes = ((report, cause) for report in reports for cause in messages.list_failed_and_blocked(report)[:1])
    for report, cause in islice(causes, MAX_NEXT_STEPS):
        label = sanitize_line(report.lab.id)
        yield TextBlock(messages.add_label(label, sanitize_line(cause.title), report.lang), report.lang)


def list_newly_passed(reports: "Sequence[Report]", last: "Sequence[Report]") -> list[str]:
    """Name the checks that pass now and did not before."""
    from dckgrade.report.result import Verdict

    if not last:
        return []
    before = {
        (report.lab.id, check.id)
        for report in last
        for check in report.checks
        if check.verdict is Verdict.PASSED
    }
    return [
        check.title
        for report in reports
        for check in report.checks
        if check.verdict is Verdict.PASSED and (report.lab.id, check.id) not in before
    ]


@contextmanager
def draw_in_place() -> "Iterator[DrawFunction]":
    """Draw in place on a terminal, where the last report stays; elsewhere print each below the last."""
    from rich.console import Console, Group
    from rich.live import Live

    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        yield output.print_on_terminal
        return
    # Cut while it is watched, or what scrolled away could not be drawn over; whole when it ends.
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def draw(*drawn: "RenderableType") -> None:
            live.update(Group(*drawn), refresh=True)

        try:
            yield draw
        finally:
            live.vertical_overflow = "visible"
            sys.stdout.flush()
