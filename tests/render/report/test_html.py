"""The page of a report: nothing in it is active, and it says what it must."""

import base64
import hashlib
import re
from itertools import pairwise

import pytest

from dckgrade.render.report.html import render_report_page
from dckgrade.report.result import Verdict
from tests.support.html_page import HtmlPage
from tests.support.reports import (
    HOSTILE,
    Lang,
    make_check,
    make_eventful_report,
    make_report,
    plant_text,
    read_sample_report,
)

LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "input", "a", "image", "use"}
LIMIT = 60 * 1024
corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
langs = pytest.mark.parametrize("lang", ["fr", "en"])


def own(lang: Lang) -> set[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """Collect what the template itself writes: around one line and several, with code and without."""
    pages = [
        render_report_page(plant_text(make_eventful_report(lang), text)) for text in ("x", "x\ny", "`a` b")
    ]
    return {element for page in pages for element in HtmlPage(page).elements}


@corpus
def test_hostile_text_brings_no_element_and_no_attribute(text: str) -> None:
    page = HtmlPage(render_report_page(plant_text(make_eventful_report(), text)))

    assert set(page.elements) <= own("en")
    assert not page.unbalanced
    assert not page.open
    assert not page.others


@corpus
def test_hostile_text_leaves_no_control_character(text: str) -> None:
    page = render_report_page(plant_text(make_eventful_report("fr"), text))

    assert page.replace("\n", "").replace("\xa0", "").isprintable()
    assert len(page.encode()) < 4 * 1024 * 1024


def test_jinja_in_data_is_shown_and_not_obeyed() -> None:
    assert "{{ 7*7 }}" in render_report_page(plant_text(make_eventful_report(), "{{ 7*7 }}"))


@langs
def test_the_page_names_its_language(lang: Lang) -> None:
    assert HtmlPage(render_report_page(make_eventful_report(lang))).elements[0] == ("html", (("lang", lang),))


@langs
def test_the_policy_comes_first_and_allows_the_pages_own_style_alone(lang: Lang) -> None:
    text = render_report_page(make_eventful_report(lang))
    page = HtmlPage(text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert [tag for tag, _ in page.elements][:3] == ["html", "head", "meta"]
    assert page.elements[2][1][0] == ("http-equiv", "Content-Security-Policy")
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@langs
def test_the_page_loads_nothing_and_runs_nothing(lang: Lang) -> None:
    page = render_report_page(make_eventful_report(lang))
    read = HtmlPage(page)

    assert not LOADING & {tag for tag, _ in read.elements}
    assert not {name for _, attributes in read.elements for name, _ in attributes if name.startswith("on")}
    assert not {"style", "src", "href"} & {name for _, attributes in read.elements for name, _ in attributes}
    assert not re.search(r"url\(|@import|https?://", page)


@langs
def test_every_attribute_is_quoted_and_no_id_occurs_twice(lang: Lang) -> None:
    page = render_report_page(make_eventful_report(lang))
    ids = re.findall(r'\bid="([^"]*)"', page)

    assert not re.search(r"<[a-z][^<>]*\s[\w-]+=[^\"\s]", page.partition("<body>")[2])
    assert len(ids) == len(set(ids))


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [
        int(tag[1])
        for tag, _ in HtmlPage(render_report_page(make_eventful_report())).elements
        if re.fullmatch("h[1-6]", tag)
    ]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_failures_are_open_and_come_first_and_passes_are_folded() -> None:
    cards = [
        dict(attributes)
        for tag, attributes in HtmlPage(render_report_page(read_sample_report("two-mistakes"))).elements
        if tag == "details" and "card" in (dict(attributes)["class"] or "")
    ]

    assert [card["class"] for card in cards] == ["card failed"] * 2 + ["card blocked"] + ["card passed"] * 3
    assert ["open" in card for card in cards] == [True, True, False, False, False, False]


def test_the_mistake_the_evidence_and_the_hint_are_told() -> None:
    text = HtmlPage(render_report_page(read_sample_report("two-mistakes"))).text

    assert "PostgreSQL s'est arrêté aussitôt" in text
    assert "ST-01" in text
    assert "arrêté (exited) ; demandé : en marche (running)" in text
    assert "Piste Le journal du conteneur" in text
    assert "superuser password is not specified" in text


def test_what_is_undecided_skipped_absent_or_worth_knowing_is_told() -> None:
    text = HtmlPage(render_report_page(make_eventful_report())).text

    for part in (
        "The engine did not answer this question in time (slow).",
        "You did not choose this check.",
        "There is no such thing.",
        "Nothing was observed.",
        "Worth knowing",
        "Waits for “Title of fails”.",
        "The time was up before everything had been looked at.",
        "Ada",
    ):
        assert part in text


def test_the_footer_says_what_was_graded_when_and_by_what() -> None:
    text = HtmlPage(render_report_page(read_sample_report("all-passed"))).text

    for part in (
        "unix:///var/run/docker.sock",
        "2026-11-24 01:54:41 UTC",
        "sha256:f717bddc",
        "dckgrade 0.1.0",
        "1,0 s",
    ):
        assert part in text


def test_the_score_is_a_picture_with_words() -> None:
    page = HtmlPage(render_report_page(read_sample_report("two-mistakes")))
    (picture,) = [dict(attributes) for tag, attributes in page.elements if tag == "svg"]

    assert picture["role"] == "img"
    assert picture["aria-labelledby"] == "total"
    assert "Total : 5/10" in page.text
    assert "réussi : 3" in page.text


def test_undecided_points_make_the_score_a_range() -> None:
    page = render_report_page(
        make_report(
            make_check(points=15), make_check("dark", Verdict.UNKNOWN), make_check("worthless", points=0)
        )
    )

    assert '<text class="long" x="60" y="63">15\N{EN DASH}17/17</text>' in page
    assert page.count('<circle class="arc') == 2


def test_commands_are_set_as_code() -> None:
    assert "<code>dckgrade tp5</code>" in render_report_page(read_sample_report("two-mistakes"))


def test_a_report_of_no_check_is_rendered() -> None:
    assert "0/0" in render_report_page(make_report())


@pytest.mark.parametrize("name", ["two-mistakes", "all-passed"])
def test_a_page_is_small_enough_to_mail(name: str) -> None:
    assert len(render_report_page(read_sample_report(name)).encode()) < LIMIT  # type: ignore[arg-type]
