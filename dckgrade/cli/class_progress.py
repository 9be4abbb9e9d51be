"""What happens to the machines of a class → lines on stderr: who is done, and who is being graded."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dckgrade.i18n import N_, Lang, get_translator

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from dckgrade.classroom.fleet import Event
    from dckgrade.report.report import Report

REFRESHED_PER_S = 4


@contextmanager
def shown(count: int, lang: Lang) -> "Iterator[Callable[[Event], None]]":
    """Show a line for each machine that is done, and on a terminal, below, those that are being graded."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, emoji=False)
    board = Board(count, lang)
    if not console.is_terminal:
        yield lambda event: board.take(event, console)
        return
    with Live(
        console=console, get_renderable=board.lines, refresh_per_second=REFRESHED_PER_S, transient=True
    ):
        yield lambda event: board.take(event, console)


class Board:
    """The machines of a class as they are being graded."""

    def __init__(self, count: int, lang: Lang) -> None:
        self.count, self.done, self._ = count, 0, get_translator(lang)
        self.at: dict[str, tuple[str, float]] = {}
        """By trainee: what is being done, and since when."""
        self.reports: dict[str, list[Report]] = {}

    def take(self, event: "Event", console: "Console") -> None:
        """Take note of *event*; when a machine is done, say what came of it."""
        name = event.machine.trainee
        match event.what:
            case "begun":
                self.at[name] = (self._(N_("connecting")), time.monotonic())
            case "lab":
                self.at[name] = (event.lab, self.at[name][1])
            case "report" if event.report:
                self.reports.setdefault(name, []).append(event.report)
            case "done":
                self.at.pop(name, None)
                self.done += 1
                console.print(self.outcome(name, self.reports.pop(name, [])), soft_wrap=True)
            case _:
                pass

    def outcome(self, name: str, reports: "list[Report]") -> "Text":
        """Say what came of one machine: the points of each lab, or why there are none."""
        from rich.text import Text

        from dckgrade.classroom.attempts import unreached
        from dckgrade.render.text.sanitize import sanitize_line

        lost = next(filter(None, map(unreached, reports)), "")
        points = ", ".join(
            f"{one.lab.id} {one.score.earned}/{one.score.possible}"
            + (f" (+{one.score.undecided}?)" if one.score.undecided else "")
            for one in reports
            if not unreached(one)
        )
        told = "; ".join(filter(None, (points, lost)))
        return Text(
            sanitize_line(f"[{self.done}/{self.count}] {name}: {told}"), style="yellow" if lost else ""
        )

    def lines(self) -> "Text":
        """Say who is being graded, and for how long."""
        from rich.text import Text

        from dckgrade.render.text.sanitize import sanitize_line

        now = time.monotonic()
        told = [
            sanitize_line(f"{name}: {what}, {now - since:.0f} s")
            for name, (what, since) in list(self.at.items())
        ]
        return Text("\n".join(told), style="dim", no_wrap=True, overflow="ellipsis")
