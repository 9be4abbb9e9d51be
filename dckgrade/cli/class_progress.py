"""Progress of `dckgrade class` on stderr: which machines are done, and which are being graded."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dckgrade.i18n import N_, Lang, get_translator

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from dckgrade.classroom.fleet import MachineEvent
    from dckgrade.report.report import Report

REFRESHES_PER_S = 4


@contextmanager
def show_class_progress(count: int, lang: Lang) -> "Iterator[Callable[[MachineEvent], None]]":
    """Show a line for each machine that is done, and on a terminal, below, those that are being graded."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, emoji=False)
    board = ClassProgressBoard(count, lang)
    if not console.is_terminal:
        yield lambda event: board.handle_event(event, console)
        return
    with Live(
        console=console,
        get_renderable=board.render_running,
        refresh_per_second=REFRESHES_PER_S,
        transient=True,
    ):
        yield lambda event: board.handle_event(event, console)


class ClassProgressBoard:
    """The machines of a class as they are being graded."""

    def __init__(self, count: int, lang: Lang) -> None:
        self.machine_count, self.done_count, self.translate = count, 0, get_translator(lang)
        self.running: dict[str, tuple[str, float]] = {}
        """By trainee: what is being done, and since when."""
        self.reports: dict[str, list[Report]] = {}

    def handle_event(self, event: "MachineEvent", console: "Console") -> None:
        """Take note of *event*; when a machine is done, say what came of it."""
        name = event.machine.trainee
        match event.kind:
            case "begun":
                self.running[name] = (self.translate(N_("connecting")), time.monotonic())
            case "lab":
                self.running[name] = (event.lab, self.running[name][1])
            case "report" if event.report:
                self.reports.setdefault(name, []).append(event.report)
            case "done":
                self.running.pop(name, None)
                self.done_count += 1
                console.print(self.describe_outcome(name, self.reports.pop(name, [])), soft_wrap=True)
            case _:
                pass

    def describe_outcome(self, name: str, reports: "list[Report]") -> "Text":
        """Describe the result of one machine: the points of each lab, or why there are none."""
        from rich.text import Text

        from dckgrade.classroom.attempts import get_unreached_reason
        from dckgrade.render.text.sanitize import sanitize_line

        lost = next(filter(None, map(get_unreached_reason, reports)), "")
        points = ", ".join(
            f"{report.lab.id} {report.score.earned}/{report.score.possible}"
            + (f" (+{report.score.undecided}?)" if report.score.undecided else "")
            for report in reports
            if not get_unreached_reason(report)
        )
        outcome = "; ".join(filter(None, (points, lost)))
        return Text(
            sanitize_line(f"[{self.done_count}/{self.machine_count}] {name}: {outcome}"),
            style="yellow" if lost else "",
        )

    def render_running(self) -> "Text":
        """Render who is being graded, and for how long."""
        from rich.text import Text

        from dckgrade.render.text.sanitize import sanitize_line

        now = time.monotonic()
        lines = [
            sanitize_line(f"{name}: {what}, {now - since:.0f} s")
            for name, (what, since) in list(self.running.items())
        ]
        return Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")
