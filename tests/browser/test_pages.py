"""The pages in a real browser: they run nothing, ask for nothing, and everybody can use them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from dckgrade.i18n import Lang
from tests.support.browser_page import OpenedPage, Scheme, open_page, unfold_all
from tests.support.pages import PAGES

every_page = pytest.mark.parametrize("kind", PAGES)
langs = pytest.mark.parametrize("lang", ["fr", "en"])
Written = Callable[[str, Lang], Path]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write a page to a file of its own, once."""
    folder = tmp_path_factory.mktemp("pages")

    def write(kind: str, lang: Lang) -> Path:
        path = folder / f"{kind.replace(' ', '-')}-{lang}.html"
        if not path.exists():
            path.write_bytes(PAGES[kind](lang))
        return path

    return write


def silent(opened: OpenedPage, file: Path) -> bool:
    """Say whether the page asked for itself alone, ran nothing and complained of nothing."""
    return (opened.requests, opened.logged, opened.dialogs) == ([file.as_uri()], [], [])


@every_page
@langs
def test_a_page_asks_for_nothing_and_runs_nothing(
    browser: Browser, written: Written, kind: str, lang: Lang
) -> None:
    file = written(kind, lang)
    with open_page(browser, file) as opened:
        unfold_all(opened.page)
        opened.page.emulate_media(media="print")
        assert opened.page.locator("html").get_attribute("lang") == lang
        assert silent(opened, file), (opened.requests, opened.logged, opened.dialogs)


@pytest.mark.parametrize(
    "alive",
    [
        "<script>alert(1)</script>",
        "<script>throw Error()</script>",
        "<img src=http://evil.example/x>",
        "<style>body {background: url(http://evil.example/y)}</style>",
    ],
)
def test_a_page_that_is_alive_would_be_noticed(browser: Browser, tmp_path: Path, alive: str) -> None:
    file = tmp_path / "alive.html"
    file.write_text(f"<!DOCTYPE html><body>{alive}")
    with open_page(browser, file) as opened:
        opened.page.wait_for_timeout(100)
        assert not silent(opened, file)


def violations(page: Page) -> list[str]:
    """List what axe finds against WCAG and its own best practices."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}" for violation in found for node in violation["nodes"][:3]
    ]


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_accessible_with_everything_unfolded(
    browser: Browser, written: Written, kind: str, scheme: Scheme
) -> None:
    with open_page(browser, written(kind, "fr"), scheme=scheme, lenient=True) as opened:
        if kind != "large class":  # its tables are all alike, and the first is open
            unfold_all(opened.page)
        assert violations(opened.page) == []


def test_what_is_not_accessible_would_be_noticed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "grey.html"
    file.write_text(
        "<!DOCTYPE html><title>x</title><p style='color: #ccc; background: #fff'>grey <img src=x>"
    )
    with open_page(browser, file, lenient=True) as opened:
        assert {violation.partition(":")[0] for violation in violations(opened.page)} >= {
            "color-contrast",
            "html-has-lang",
            "image-alt",
        }


@every_page
@pytest.mark.parametrize("width", [320, 673, 1280])
def test_no_page_is_wider_than_its_window(browser: Browser, written: Written, kind: str, width: int) -> None:
    with open_page(browser, written(kind, "fr"), width=width) as opened:
        unfold_all(opened.page)
        if width == 673:  # what A4 leaves between the margins
            opened.page.emulate_media(media="print")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@every_page
def test_a_page_is_dark_where_its_reader_wants_it_dark(browser: Browser, written: Written, kind: str) -> None:
    def ground(scheme: Scheme) -> str:
        with open_page(browser, written(kind, "en"), scheme=scheme) as opened:
            return str(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert ground("light") != ground("dark")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_cell_leads_to_the_trainee_s_own_report_by_keyboard_and_without_script(
    browser: Browser, written: Written, *, scripts: bool
) -> None:
    with open_page(browser, written("class", "en"), scripts=scripts) as opened:
        cell = opened.page.locator(".heat tbody tr", has_text="Grace Hopper").locator("td a").nth(1)
        link = cell.get_attribute("href") or ""
        there = opened.page.locator(link)
        assert not there.is_visible()
        cell.focus()
        opened.page.keyboard.press("Enter")
        there.wait_for(state="visible")
        code = there.get_by_role("link", name="ST-01").first
        explained = opened.page.locator(code.get_attribute("href") or "")
        assert not explained.is_visible()
        code.press("Enter")
        explained.wait_for(state="visible")
        assert "Hint" in explained.inner_text()
        assert "Grace Hopper" in explained.inner_text()


def test_everything_folded_opens_by_keyboard_and_shows_where_it_is(
    browser: Browser, written: Written
) -> None:
    with open_page(browser, written("class", "en")) as opened:
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        opened.page.keyboard.press("Enter")
        assert opened.page.evaluate("document.activeElement.parentElement.open") is True


def test_a_hostile_name_is_shown_as_it_was_written(browser: Browser, written: Written) -> None:
    with open_page(browser, written("class", "fr")) as opened:
        heat = opened.page.locator(".by-name .heat").inner_text()
        assert "<script>alert(1)" in heat
        assert "\\u202e" in heat
        assert "\u202e" not in opened.page.content()
        assert opened.page.locator("script, img, iframe, [onerror]").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_rows_are_chosen_and_sorted_by_keyboard_and_without_script(
    browser: Browser, written: Written, *, scripts: bool
) -> None:
    with open_page(browser, written("class", "en"), scripts=scripts) as opened:
        names = opened.page.locator(".heat tbody tr:visible th")
        everybody = names.all_inner_texts()
        assert everybody[:2] == ["Absent", "Ada Lovelace"]
        opened.page.get_by_role("radio", name="by name").press("ArrowDown")
        by_points = names.all_inner_texts()
        assert sorted(by_points) == sorted(everybody)
        assert by_points != everybody
        opened.page.get_by_role("radio", name="nothing handed in").check()
        assert names.all_inner_texts() == ["Absent"]
        opened.page.get_by_role("radio", name="something fails").check()
        assert 0 < names.count() < len(everybody)


def test_names_stay_in_sight_on_a_phone_and_on_paper_nothing_is_out_of_its_place(
    browser: Browser, written: Written
) -> None:
    position = "element => getComputedStyle(element).position"
    with open_page(browser, written("class", "en"), width=360) as opened:
        unfold_all(opened.page)
        cells = [opened.page.locator(f"{table} tbody th").first for table in (".heat", ".signed")]
        assert [cell.evaluate(position) for cell in cells] == ["sticky", "sticky"]
        opened.page.emulate_media(media="print")
        assert opened.page.locator(".heat .sum").first.evaluate(position) == "static"


def test_a_large_class_opens_at_once_and_shows_its_first_leaf(browser: Browser, written: Written) -> None:
    with open_page(browser, written("large class", "en")) as opened:
        assert opened.page.locator(".leaf .heat").count() == 5
        assert [table.is_visible() for table in opened.page.locator(".leaf .heat").all()] == [True] + [
            False
        ] * 4
        assert opened.page.locator(".each").count() == 0
