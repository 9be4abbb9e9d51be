"""Open a page in a browser and note what it requests, logs and asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Dialog, Page

Scheme = Literal["light", "dark"]


@dataclass
class OpenedPage:
    """A page in the browser, and all that it did besides being shown."""

    page: Page
    requests: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@contextmanager
def open_page(
    browser: Browser,
    file: Path,
    *,
    scheme: Scheme = "light",
    width: int = 1000,
    height: int = 900,
    lenient: bool = False,
    scripts: bool = True,
    at: str = "",
) -> Iterator[OpenedPage]:
    """Open *file*; *lenient*: without its own policy, so that a test may bring a script of its own."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": height},
        offline=True,
        bypass_csp=lenient,
        java_script_enabled=scripts,
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    opened = OpenedPage(page)
    page.on("request", lambda event: opened.requests.append(event.url))
    page.on("console", lambda event: opened.logged.append(event.text))
    page.on("pageerror", lambda event: opened.logged.append(event.message))
    page.on("dialog", opened.dismiss)
    try:
        page.goto(f"{file.as_uri()}{at}", wait_until="load")
        yield opened
    finally:
        context.close()


def unfold_all(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
