"""The class board in a real browser: it changes by itself, and everybody can use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dckgrade.board.database import get_sqlite_address
from dckgrade.board.sessions import COOKIE
from dckgrade.classroom import board_client
from dckgrade.classroom.membership import Membership
from dckgrade.i18n import Lang
from tests.browser.test_pages import violations
from tests.support.running_board import RunningBoard, run_board

PHONE = 360
# A deadline, not a speed: the machine may be busy.
expect.set_options(timeout=30_000)


class Classroom:
    """A board with three trainees, in one of the languages."""

    def __init__(self, running: RunningBoard) -> None:
        self.running = running
        self.ada, self.grace, self.alan = map(running.join, ("Ada", "Grace", "Alan"))
        self.send(self.ada, "no-password")
        self.send(self.grace, "solution")
        board_client.set_hand(self.ada, "which port?")
        running.wait_until(lambda: "(1)" in running.ask("/classes/1").text, "no hand is shown")

    def send(self, trainee: Membership, case: str) -> None:
        self.running.send(trainee, self.running.make_report(trainee, case))


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    folder = tmp_path_factory.mktemp("board")
    with run_board(get_sqlite_address(folder / "b"), folder, lang="fr") as running:
        yield Classroom(running)


@contextmanager
def open_board(
    browser: Browser, running: RunningBoard, path: str = "/classes/1", *, lenient: bool = False, **more: Any
) -> Iterator[tuple[Page, list[str]]]:
    """Open a page as the trainer; gives what it logs too."""
    context = browser.new_context(bypass_csp=lenient, **more)
    context.add_cookies([{"name": COOKIE, "value": running.sessions.cookie, "url": running.url}])
    context.set_default_timeout(30_000)
    page, logged = context.new_page(), list[str]()
    page.on("console", lambda message: logged.append(message.text))
    page.on("pageerror", lambda error: logged.append(error.message))
    try:
        page.goto(running.url + path, wait_until="load")
        yield page, logged
    finally:
        context.close()


def test_an_open_page_changes_by_itself_and_its_policy_stops_nothing_of_its_own(
    browser: Browser, tmp_path: Path
) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path) as running:
        with open_board(browser, running) as (page, logged):
            # What a reload would lose.
            page.get_by_label("Name contains").fill("a")
            ada = running.join("Ada")
            expect(page.get_by_role("link", name="Ada")).to_be_visible()
            running.send(ada, running.make_report(ada, "no-password"))
            expect(page.get_by_text("Ada stuck for")).to_be_visible()
            board_client.set_hand(ada, "<b>lost</b>")
            expect(page.get_by_text("<b>lost</b>")).to_be_visible()
            running.send(ada, running.make_report(ada, "solution"))
            expect(page.get_by_text("Nobody is stuck")).to_be_visible()
            expect(page.get_by_text("<b>lost</b>")).not_to_be_visible()
            assert page.get_by_label("Name contains").input_value() == "a"
            assert logged == []
        assert running.ask("/healthz").text == "ok"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/classes/1", "/classes/1?for_projector=1", "trainee", "/enter"])
def test_a_page_of_the_board_is_accessible(
    browser: Browser, classroom: Classroom, path: str, scheme: str
) -> None:
    address = f"/classes/1/trainees/{classroom.ada.trainee_id}" if path == "trainee" else path
    with open_board(browser, classroom.running, address, lenient=True, color_scheme=scheme) as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        assert violations(page) == []


@pytest.mark.parametrize("path", ["/classes/1", "/classes/1?for_projector=1", "/enter"])
def test_a_page_of_the_board_fits_a_phone(browser: Browser, classroom: Classroom, path: str) -> None:
    with open_board(browser, classroom.running, path, viewport={"width": PHONE, "height": 800}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_everything_is_reached_by_the_keyboard_and_seen_where_it_is(
    browser: Browser, classroom: Classroom
) -> None:
    with open_board(browser, classroom.running) as (page, _):
        reached = []
        for _step in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "[document.activeElement.textContent.trim(),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            reached.append(focused)
        names = [name for name, _ in reached]
        assert {"Ada", "Nouveau code", "Afficher", "Baisser · Ada", "class.csv"} <= set(names)
        assert all(
            outline != "none" for name, outline in reached if name in {"Ada", "Nouveau code", "class.csv"}
        )


def test_without_script_the_page_says_the_same_renews_itself_and_forms_work(
    browser: Browser, classroom: Classroom
) -> None:
    with open_board(browser, classroom.running, java_script_enabled=False) as (page, logged):
        expect(page.get_by_text("which port?")).to_be_visible()
        assert page.locator("meta[http-equiv=refresh]").count() == 1
        page.get_by_role("button", name="Nouveau code").click()
        expect(page).to_have_url(f"{classroom.running.url}/classes/1")
        assert logged == []


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_link_of_the_command_leads_to_the_class(browser: Browser, tmp_path: Path, lang: Lang) -> None:
    with run_board(get_sqlite_address(tmp_path / "b"), tmp_path, lang=lang) as running:
        context = browser.new_context()
        try:
            page = context.new_page()
            page.goto(f"{running.url}/enter?token={running.board.token}")
            assert page.url == f"{running.url}/classes/1"
            assert page.locator("html").get_attribute("lang") == lang
            page.goto(f"{running.url}/enter?token=wrong")
            expect(page.locator("input[name=token]")).to_be_visible()
        finally:
            context.close()
