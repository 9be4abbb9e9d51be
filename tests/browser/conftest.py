"""A real headless Chromium for the pages: Debian's own, driven by Playwright, cut off from every network."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.conftest import need

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def find_chromium() -> str | None:
    """Find the browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a browser with an empty profile of its own; where there is none, say why instead of passing."""
    program = find_chromium()
    if program is None:
        need("no chromium on PATH", what="browser")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            need(f"{program} does not start: {error.message.splitlines()[0]}", what="browser")
            raise
        yield started
        started.close()
