"""A page of ours → what a browser makes of it: what it asked for, ran, said and laid out."""

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
    said: list[str] = field(default_factory=list)
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
    seen = OpenedPage(page)
    page.on("request", lambda one: seen.requests.append(one.url))
    page.on("console", lambda one: seen.said.append(one.text))
    page.on("pageerror", lambda one: seen.said.append(one.message))
    page.on("dialog", seen.dismiss)
    try:
        page.goto(f"{file.as_uri()}{at}", wait_until="load")
        yield seen
    finally:
        context.close()


def unfold_all(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
