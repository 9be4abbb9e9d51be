"""Say on stderr what a run waits for; nothing where no terminal is."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

from dckgrade.i18n import N_, Lang, get_translator
from dckgrade.report.observation import EngineInfo

if TYPE_CHECKING:
    from dckgrade.grading.run import ProgressCallback


@contextlib.contextmanager
def show_waiting_on_stderr(engine: EngineInfo, lang: Lang) -> "Iterator[ProgressCallback]":
    """Yield what a run tells its waiting to; Rich is loaded only once there is something to show."""
    with contextlib.ExitStack() as stack:
        shown: list[WaitingSpinner] = []

        def progress(titles: Sequence[str], left_s: float) -> None:
            if not shown:
                shown.append(stack.enter_context(WaitingSpinner(engine, lang)))
            shown[0].show_titles(titles, left_s)

        yield progress


class WaitingSpinner:
    """A spinner with what is waited for, and how long that may take at most."""

    def __init__(self, engine: EngineInfo, lang: Lang) -> None:
        from rich.console import Console

        self.translate = get_translator(lang)
        self.console = Console(stderr=True, highlight=False, emoji=False)
        self.status = self.console.status("")
        self.announced_titles: set[str] = set()
        # The report names the engine in its first line, but it comes only after the waiting.
        self.write_line(self.translate(N_("Engine: {endpoint}")).format(endpoint=engine.endpoint))

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.status.stop()

    def show_titles(self, titles: Sequence[str], left_s: float) -> None:
        """Show what is waited for; where stderr is a file, print it once."""
        from rich.text import Text

        from dckgrade.render.text.sanitize import sanitize_line

        text = self.translate(N_("Waiting up to {seconds} s for: {titles}")).format(
            seconds=round(left_s), titles=", ".join(titles)
        )
        if self.console.is_terminal:
            self.status.update(Text(sanitize_line(text)))
        elif not self.announced_titles.issuperset(titles):
            self.announced_titles.update(titles)
            self.write_line(text)

    def write_line(self, text: str) -> None:
        """Write one line."""
        from dckgrade.render.text.sanitize import sanitize_line

        sys.stderr.write(sanitize_line(text) + "\n")
