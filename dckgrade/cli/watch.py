"""`dckgrade tp5 --watch`: grades again as the engine and the files change, until all passes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dckgrade.cli import exits, language, output
from dckgrade.words import N_, into

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dckgrade.grading import Choice
    from dckgrade.lab.load import Loaded
    from dckgrade.report import Report

STARTING_S, IDLE_S = 1.5, 5.0
"""How long until the next look without any event, while something starts and otherwise: what goes on inside
a container makes no event."""


class Shown(Protocol):
    """A place where a report is drawn over the last one."""

    def __call__(self, *drawn: "RenderableType") -> None:
        """Draw."""
        ...


def watch(loaded: "Loaded", choice: "Choice", host: str | None, context: str | None, hints: int) -> "Report":
    """Grade until all passes; Ctrl-C ends it with the last report in the terminal."""
    from msgspec.structs import replace

    from dckgrade import grading
    from dckgrade.world import endpoint
    from dckgrade.world.changes import Changes
    from dckgrade.world.connection import connect

    where = endpoint.resolve(host, context, os.environ, Path.home())
    each = replace(choice, at_once=True)
    with connect(where) as daemon, drawing() as draw:
        changes = Changes(daemon, choice.workdir)
        last: Report | None = None
        while True:
            report = grading.grade(loaded, daemon, each)
            if last is None or told(report) != told(last):
                draw(*page(report, last, hints))
            if exits.of([report]) is exits.Exit.PASSED:
                return report
            last = report
            changes.wait(STARTING_S if report.starting else IDLE_S)


def told(report: "Report") -> list[object]:
    """Give what a redraw would show otherwise."""
    return [(line.verdict, line.diagnosis, line.misses, line.remarks, line.reason) for line in report.checks]


def page(report: "Report", last: "Report | None", hints: int) -> "Iterator[RenderableType]":
    """Lay out the report, and above it what has just turned green."""
    from rich.text import Text

    from dckgrade.render.shown import line
    from dckgrade.render.terminal import terminal

    translate = into(language.spoken())
    yield terminal(report, hints)
    for title in turned_green(report, last):
        yield Text(line(translate(N_("Just passed: {title}")).format(title=title)), style="bold green")
    if exits.of([report]) is exits.Exit.PASSED:
        yield Text(line(translate(N_("All done, well done!"))), style="bold green")
    else:
        yield Text(line(translate(N_("Watching the engine; Ctrl-C ends it."))), style="dim")


def turned_green(report: "Report", last: "Report | None") -> list[str]:
    """Name the checks that pass now and did not before."""
    from dckgrade.verdict import Verdict

    before = {one.id for one in last.checks if one.verdict is Verdict.PASSED} if last else None
    if before is None:
        return []
    return [one.title for one in report.checks if one.verdict is Verdict.PASSED and one.id not in before]


@contextmanager
def drawing() -> "Iterator[Shown]":
    """Draw in place on a terminal, which is left as it was but for the last report; else each in turn."""
    from rich.console import Console, Group
    from rich.live import Live

    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        yield output.on_terminal
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
