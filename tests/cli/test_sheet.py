"""`dckgrade sheet`: what a lab asks, in both languages, in each format, and harmless whoever wrote it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dckgrade.cli.output import find_sheet_of_report
from dckgrade.i18n import Lang
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import Lab, Sheet
from dckgrade.probes.docker.container import Container
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.render.report.html import render_report_page
from dckgrade.render.sheet.html import render_sheet_page
from dckgrade.render.sheet.markdown import render_sheet_markdown
from dckgrade.report.report import LabRef
from tests.support.cli_runner import dckgrade
from tests.support.html_page import HtmlPage
from tests.support.rendering import remove_layout, render_to_bytes
from tests.support.reports import HOSTILE, make_eventful_report
from tests.support.sample_lab import SAMPLE, lab, list_problems

BUILT_IN = {name: load_lab(path) for name, path in list_labs_in_folders(find_builtin_folder()).items()}
every_lab = pytest.mark.parametrize("name", BUILT_IN)
langs = pytest.mark.parametrize("lang", ["fr", "en"])
corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
LIVE_MARKDOWN = """\
## Part <script>alert(1)</script>

1. ![picture](http://evil.example/x.png) and [a page](https://docs.docker.com/engine/) ;
2. [no page](javascript:alert(1)), [nor this](//evil.example), <https://user:word@evil.example/>

```
docker run : « as typed » <b>
```
"""


def with_sheet(markdown: str) -> Lab:
    """Give the sample lab a sheet."""
    return replace(lab(), sheet=Sheet(fr=markdown, en=markdown))


@every_lab
@langs
def test_every_lab_says_what_it_asks_and_names_the_containers_that_it_grades(name: str, lang: Lang) -> None:
    asked = BUILT_IN[name].lab
    assert asked.sheet
    sheet = asked.sheet.in_language(lang)
    named = {probe.name for probe in asked.list_probes() if isinstance(probe, Container)}
    assert [container for container in sorted(named) if f"`{container}`" not in sheet] == []
    assert len(sheet) > 200


@every_lab
def test_both_languages_ask_for_the_same_number_of_things(name: str) -> None:
    sheet = BUILT_IN[name].lab.sheet
    assert sheet
    numbered = [
        [line.partition(".")[0] for line in text.splitlines() if line[:1].isdigit()]
        for text in (sheet.fr, sheet.en)
    ]
    assert numbered[0] == numbered[1] != []


@every_lab
def test_a_sheet_asks_and_gives_no_command_away(name: str) -> None:
    sheet = BUILT_IN[name].lab.sheet
    assert sheet
    for text in (sheet.fr, sheet.en):
        assert "docker run" not in text
        assert "docker network" not in text


@langs
def test_the_terminal_shows_title_sheet_and_how_to_go_on(lang: Lang) -> None:
    shown = dckgrade("sheet", "tp5", "--lang", lang).stdout.decode()
    assert shown.startswith("tp5 — Docker stats\n")
    assert "webservers" in shown
    assert shown.rstrip().endswith("`dckgrade tp5`.")
    assert max(map(len, shown.splitlines())) <= 100


def test_markdown_is_what_the_lab_holds() -> None:
    sheet = BUILT_IN["tp5"].lab.sheet
    assert sheet
    shown = dckgrade("sheet", "tp5", "--lang", "en", "-f", "md").stdout.decode()
    assert shown == f"# Docker stats\n\n{sheet.en.strip()}\n"


def test_files_have_the_format_of_their_names(tmp_path: Path) -> None:
    page, text = tmp_path / "x.html", tmp_path / "x.md"
    done = dckgrade("sheet", "tp5", "--lang", "en", "-o", str(page), "-o", str(text))
    assert done.returncode == 0
    assert text.read_text(encoding="utf-8").startswith("# Docker stats\n")
    assert "<ol>" in page.read_text(encoding="utf-8")
    refused = dckgrade("sheet", "tp5", "-o", str(tmp_path / "x.json"), "--lang", "en")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b".html, .md" in refused.stderr


def test_a_lab_without_a_sheet_loads_and_says_that_it_has_none(tmp_path: Path) -> None:
    (tmp_path / "sample.yaml").write_text(SAMPLE, encoding="utf-8")
    done = dckgrade("--labs", str(tmp_path), "sheet", "sample", "--lang", "en")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "“sample” has no sheet" in done.stderr.decode()


def test_a_misspelt_lab_is_guessed() -> None:
    done = dckgrade("sheet", "tp55", "--lang", "en")
    assert done.returncode == 2
    assert b"Did you mean tp5?" in done.stderr


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("sheet: {fr: Faites}\n", "needs `en`"),
        ("sheet: {en: Do}\n", "needs `fr`"),
        ("sheet: {fr: Faites, en: ''}\n", "is not of the form"),
        ("sheet: {fr: Faites, en: '   '}\n", "is not of the form"),
        ("sheet: {fr: Faites, en: Do, de: Mach}\n", "unknown key `de`"),
        ("sheet: Do\n", "should be a mapping"),
        (f"sheet: {{fr: Faites, en: {'x' * 12_001}}}\n", "too long"),
    ],
)
def test_a_sheet_needs_both_languages(written: str, problem: str) -> None:
    assert [line for line in list_problems(SAMPLE + written) if problem in line]


def test_a_sheet_before_the_checks_hides_no_title(tmp_path: Path) -> None:
    long = "".join(f"    line {at} of many that come before the checks\n" for at in range(200))
    sheet = f"sheet:\n  fr: |\n{long}  en: |\n{long}"
    (tmp_path / "sample.yaml").write_text(SAMPLE.replace("checks:\n", f"{sheet}checks:\n", 1))
    assert "sample  One" in dckgrade("--labs", str(tmp_path), "--lang", "en").stdout.decode()
    helped = dckgrade("--labs", str(tmp_path), "-h", environ={"DCKGRADE_LANG": "en"}).stdout.decode()
    assert any(line.split() == ["sample", "One"] for line in helped.splitlines())


def test_nothing_in_a_sheet_is_alive() -> None:
    page = HtmlPage(render_sheet_page(with_sheet(LIVE_MARKDOWN), "fr"))
    elements = [tag for tag, _ in page.elements]
    links = [dict(attributes)["href"] for tag, attributes in page.elements if tag == "a"]
    assert not {"script", "img", "b"} & set(elements)
    assert links[0] == "http://evil.example/x.png"  # a picture is the link that it hides
    assert links[1:] == ["https://docs.docker.com/engine/"]
    assert "docker run : « as typed » <b>" in "".join(page.texts)
    assert (page.unbalanced, page.open) == ([], [])


@corpus
def test_hostile_text_brings_no_element_and_no_control_character(text: str) -> None:
    plain = {tag for tag, _ in HtmlPage(render_sheet_page(with_sheet("x"), "fr")).elements}
    marked = {"a", "em", "strong", "ol", "ul", "li", "blockquote", "pre", "hr", "br", "h2", "h3", "table"}
    hostile = with_sheet(f"x {text}")
    page = HtmlPage(render_sheet_page(hostile, "fr"))
    assert {tag for tag, _ in page.elements} <= plain | marked | {"code"}
    for name in ("text", "html"):
        made = render_to_bytes(name, DocumentKind.SHEET, hostile, lang="fr").decode()
        assert remove_layout(made).isprintable()


@langs
def test_the_page_of_a_report_holds_the_sheet_of_that_very_lab(lang: Lang) -> None:
    loaded = BUILT_IN["tp5"]
    ref = LabRef(id="tp5", title="Docker stats", digest=loaded.digest)
    report = replace(make_eventful_report(lang), lab=ref)
    page = render_report_page(report, find_sheet=find_sheet_of_report)
    asked = {"fr": "Ce que demande le TP", "en": "What the lab asks"}[lang]
    assert asked in page
    assert "<code>dbserver</code>" in page.partition(asked)[2]
    older = replace(report, lab=replace(ref, digest="sha256:00"))
    assert asked not in render_report_page(older, find_sheet=find_sheet_of_report)
    assert asked not in render_report_page(replace(report, lab=replace(ref, id="nowhere")))


def test_headings_of_a_sheet_go_below_those_around_it() -> None:
    page = HtmlPage(render_sheet_page(with_sheet("# a\n\n## b\n\n### c\n"), "en"))
    tags = [tag for tag, _ in page.elements]
    assert [tag for tag in tags if tag[0] == "h" and tag[1:].isdigit()] == ["h1", "h2", "h2", "h3"]


def test_no_sheet_is_no_markdown_and_formats_are_offered() -> None:
    assert render_sheet_markdown(lab(), "fr") == ""
    assert formats.list_stdout_names(DocumentKind.SHEET) == ["text", "md"]
    assert set(formats.list_suffixes(DocumentKind.SHEET)) == {".html", ".md"}


@pytest.mark.parametrize(
    ("columns", "most"),
    [("40", 40), ("0", 80), ("-3", 80), ("²", 80), ("wide", 80), ("9" * 5000, 80), ("1", 20)],
)
def test_lines_on_a_pipe_are_as_wide_as_columns_says_where_it_is_a_width(columns: str, most: int) -> None:
    done = dckgrade("sheet", "ch3", "--lang", "en", environ={"COLUMNS": columns})
    assert done.returncode == 0
    assert max(map(len, done.stdout.decode().splitlines())) <= most
