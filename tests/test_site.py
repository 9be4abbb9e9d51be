"""The sources of the site: links lead to pages, both languages have the same, each mistake has its own."""

import posixpath
import re

import pytest
import yaml

from dckgrade.i18n import Lang
from dckgrade.lab.catalogue import collect_mistakes
from documentation.build import make_settings
from documentation.pages import CODE_SPAN, escape_html, load_built_in_labs, mend_bars
from documentation.sources import (
    ASSETS,
    ROOT,
    build_navigation,
    collect_pages,
    list_addresses,
    set_french_spaces,
)

LANGS: tuple[Lang, ...] = ("en", "fr")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def pages() -> dict[Lang, dict[str, str]]:
    """Gather the pages of both languages, without any address of the project."""
    return {lang: dict(collect_pages(lang, {})) for lang in LANGS}


def test_both_languages_have_the_same_pages(pages: dict[Lang, dict[str, str]]) -> None:
    assert pages["fr"].keys() == pages["en"].keys()
    assert {"index.md", "commands.md", "first-lab.md", "kinds.md", "labs/tp5.md"} <= pages["en"].keys()


@pytest.mark.parametrize("lang", LANGS)
def test_every_mistake_has_its_page_and_every_page_leads_to_pages(
    pages: dict[Lang, dict[str, str]], lang: Lang
) -> None:
    made = pages[lang]
    assert [
        code for code in collect_mistakes(load_built_in_labs()) if f"mistakes/{code}.md" not in made
    ] == []

    pictures = {place for place in list_addresses(lang).values() if place.startswith("pictures/")}
    dead = {
        (name, link)
        for name, text in made.items()
        for link in LINK.findall(FENCE.sub("", text))
        if not re.match("[a-z]+:", link)
        and posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) not in made.keys() | pictures
    }
    assert dead == set()


@pytest.mark.parametrize("lang", LANGS)
def test_no_words_of_a_lab_become_an_element(pages: dict[Lang, dict[str, str]], lang: Lang) -> None:
    made = {name: text for name, text in pages[lang].items() if name.startswith("mistakes/")}
    prose = {name: "".join(CODE_SPAN.split(text)[::2]) for name, text in made.items()}

    assert [name for name, text in prose.items() if "<" in text] == []
    assert any("&lt;" in text for text in made.values())


def list_files(navigation: object) -> set[str]:
    """List the pages of a menu."""
    if isinstance(navigation, str):
        return {navigation}
    entries = navigation.values() if isinstance(navigation, dict) else navigation
    assert not isinstance(entries, str)
    return {name for entry in entries for name in list_files(entry)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", LANGS)
def test_the_menu_has_every_page_but_single_mistakes(pages: dict[Lang, dict[str, str]], lang: Lang) -> None:
    wanted = {name for name in pages[lang] if not re.match(r"mistakes/[A-Z]", name)}

    assert list_files(build_navigation(lang)) == wanted


def test_the_site_s_addresses_are_the_project_s_alone() -> None:
    sources, site = ROOT / "build", ROOT / "build"
    without = yaml.safe_dump(make_settings("fr", sources, site, {}))
    assert re.findall("https?:", without) == []

    urls = {"Documentation": "https://docs.example/dckgrade", "Repository": "https://forge.example/dckgrade"}
    assert make_settings("fr", sources, site, urls)["site_url"] == "https://docs.example/dckgrade/fr/"
    assert "https://forge.example/dckgrade/blob/v" in dict(collect_pages("en", urls))["index.md"]


def test_what_the_site_adds_asks_nobody_for_anything() -> None:
    added = [
        *(ROOT / "docs" / "theme").rglob("*.html"),
        *(ROOT / "docs" / "assets" / name for name in ASSETS),
    ]

    assert len(added) > 3
    for path in [*added, ROOT / "mkdocs.yml"]:
        assert re.findall(r"https?://|//[a-z]+\.[a-z]", path.read_text(encoding="utf-8")) == [], path


def test_texts_are_mended_for_the_site_s_markdown() -> None:
    assert mend_bars(r"| `a\|b` | c\|d |") == r"| `a|b` | c\|d |"
    assert escape_html("run <image> as `<name>`, see <https://x.example/>") == (
        "run &lt;image> as `<name>`, see <https://x.example/>"
    )
    assert set_french_spaces("quoi ; « ceci » : `a ; b`\n```\na : b\n```") == (
        "quoi\xa0; «\xa0ceci\xa0»\xa0: `a ; b`\n```\na : b\n```"
    )
