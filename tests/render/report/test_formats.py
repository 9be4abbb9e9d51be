"""A report in each format: read again by others' readers, hostile text included."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace
from tap.parser import Parser  # type: ignore[import-untyped]

from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.render.report.csv import CSV_COLUMNS, render_csv
from dckgrade.render.report.github import render_github
from dckgrade.render.report.gradescope import render_gradescope
from dckgrade.render.report.html import render_session_page
from dckgrade.render.report.junit import render_junit
from dckgrade.render.report.markdown import render_markdown
from dckgrade.render.report.tap import render_tap
from dckgrade.render.text.escape import escape_csv_cell
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.report import LabRef, Report
from tests.support import format_readers
from tests.support.html_page import HtmlPage
from tests.support.rendering import list_sanitizing_formats, remove_layout, render_to_bytes
from tests.support.reports import HOSTILE, Lang, make_eventful_report, plant_text, read_sample_report

VERDICTS = ["passed", "failed", "blocked", "unknown", "unknown", "skipped"]
corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
Golden = Callable[[str, bytes], None]


def other(report: Report) -> Report:
    """Make of it the report of another lab in the same run."""
    return replace(report, lab=LabRef(id="tp8", title="Another lab", digest="sha256:01"))


shown = pytest.mark.parametrize("name", list_sanitizing_formats(DocumentKind.REPORT))
held_by_golden_files = pytest.mark.parametrize(
    "name", [name for name in list_sanitizing_formats(DocumentKind.REPORT) if name != "html"]
)
"""Not the page: its style would be in each of them, and the browser's tests look at it."""


def render(name: str, reports: list[Report], hints: int) -> bytes:
    return render_to_bytes(name, DocumentKind.REPORT, reports, hints=hints)


def get_ending(name: str) -> str:
    return formats.get_format(name).suffix.removeprefix(".") or name


@held_by_golden_files
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_report_of_everything_is_written_as_it_was_looked_at(name: str, lang: Lang, golden: Golden) -> None:
    golden(f"eventful.{lang}.{get_ending(name)}", render(name, [make_eventful_report(lang)], 3))


@held_by_golden_files
def test_a_real_report_is_written_as_it_was_looked_at(name: str, golden: Golden) -> None:
    golden(f"two-mistakes.{get_ending(name)}", render(name, [read_sample_report("two-mistakes")], 1))


@held_by_golden_files
def test_a_session_is_written_as_it_was_looked_at(name: str, golden: Golden) -> None:
    golden(
        f"session.{get_ending(name)}",
        render(name, [make_eventful_report(), other(make_eventful_report())], 0),
    )


@shown
@corpus
def test_no_control_character_reaches_any_format_that_people_read(name: str, text: str) -> None:
    made = render(name, [plant_text(make_eventful_report("fr"), text)], 3).decode()
    assert remove_layout(made).isprintable()


def suites(document: bytes) -> list[TestSuite]:
    return list(JUnitXml.fromstring(document))


def cases(document: bytes) -> list[TestCase]:
    return [case for suite in suites(document) for case in suite]


def test_junit_reads_like_the_lab() -> None:
    (suite,) = suites(render_junit([make_eventful_report()]))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 2, 2, 1)
    assert suite.name == "tp9: A lab"
    assert {pair.name: pair.value for pair in suite.properties()}["possible"] == "12"  # type: ignore[no-untyped-call]
    kinds = [[type(result) for result in case.result] for case in suite]
    assert kinds == [[], [Failure], [Failure], [Error], [Error], [Skipped]]
    passes, fails, *_ = suite
    assert (fails.classname, fails.name) == ("tp9", "Title of fails")
    assert fails.result[0].message == "The mistake. [ST-01]"
    assert "Hint: Look there." in fails.result[0].text
    root = render_junit([make_eventful_report()]).decode()
    assert '<property name="points" value="2" />' in root
    assert '<property name="verdict" value="blocked" />' in root
    assert "The mistake." in passes.system_out


def test_junit_has_a_suite_for_each_lab() -> None:
    assert [
        suite.name for suite in suites(render_junit([make_eventful_report(), other(make_eventful_report())]))
    ] == [
        "tp9: A lab",
        "tp8: Another lab",
    ]


@corpus
def test_hostile_text_makes_no_test_and_no_result_in_junit(text: str) -> None:
    mine, plain = (
        cases(render_junit([plant_text(make_eventful_report(), words)], 3)) for words in (text, "x")
    )
    assert [[type(result) for result in case.result] for case in mine] == [
        [type(result) for result in case.result] for case in plain
    ]


def test_tap_says_what_passed_and_carries_points_and_mistakes() -> None:
    read = format_readers.read_test_points(render_tap([make_eventful_report()]))
    assert [point.below.get("verdict") for point in read] == [*VERDICTS[:-1], None]
    assert [point.passed for point in read] == [True, False, False, False, False, True]
    assert read[-1].skipped == "You did not choose this check."
    assert read[1].below["code"] == "ST-01"
    assert (read[0].below["points"], read[0].below["earned"]) == (2, 2)


def test_tap_of_several_labs_is_one_series() -> None:
    read = format_readers.read_test_points(
        render_tap([make_eventful_report(), other(make_eventful_report())])
    )
    assert len(read) == 12
    assert (read[0].title, read[6].title) == ("tp9: Title of passes", "tp8: Title of passes")


def test_a_program_that_reads_tap_13_understands_it_too() -> None:
    document = (
        render_tap([read_sample_report("two-mistakes")])
        .decode()
        .replace("TAP version 14", "TAP version 13", 1)
    )
    read = [line for line in Parser().parse_text(document) if line.category == "test"]
    assert [test.ok for test in read].count(True) == 3
    assert [test.yaml_block["verdict"] for test in read].count("failed") == 2


@corpus
def test_hostile_text_makes_no_test_point_and_no_directive_in_tap(text: str) -> None:
    read = format_readers.read_test_points(render_tap([plant_text(make_eventful_report(), text)], 3))
    assert [point.passed for point in read] == [True, False, False, False, False, True]
    assert [point.skipped is None for point in read] == [True] * 5 + [False]


@corpus
def test_titles_come_through_tap_and_csv_whole(text: str) -> None:
    report = plant_text(make_eventful_report(), text)
    assert {point.title for point in format_readers.read_test_points(render_tap([report]))} == {
        sanitize_line(text)
    }
    _, *read = format_readers.read_csv_rows(render_csv([report]))
    assert {row[3] for row in read} == {escape_csv_cell(text)}


def test_a_title_that_looks_like_a_directive_stays_a_title() -> None:
    report = plant_text(make_eventful_report(), r"done \# SKIP # TODO later")
    assert format_readers.read_test_points(render_tap([report]))[1].title == r"done \# SKIP # TODO later"


def tokens(document: bytes) -> Iterator[Token]:
    """Read Markdown as CommonMark with GitHub's tables does."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(document.decode()):
        yield token
        yield from token.children or []


def test_markdown_is_a_table_of_the_checks_and_what_to_mend() -> None:
    kinds = [token.type for token in tokens(render_markdown([make_eventful_report()]))]
    assert (kinds.count("table_open"), kinds.count("tr_open")) == (1, 1 + 6)
    assert kinds.count("heading_open") == 4
    shown = "".join(
        token.content for token in tokens(render_markdown([make_eventful_report()])) if token.type == "text"
    )
    assert "The mistake. [ST-01]" in shown


@corpus
def test_hostile_text_is_no_markup_in_markdown(text: str) -> None:
    alive = {
        "html_inline",
        "html_block",
        "link_open",
        "image",
        "fence",
        "code_block",
        "hr",
        "blockquote_open",
    }
    read = list(tokens(render_markdown([plant_text(make_eventful_report(), text)], 3)))
    assert alive & {token.type for token in read} == set()
    assert [token.type for token in read].count("tr_open") == 7


def test_github_is_told_of_causes_first_and_of_the_whole_last() -> None:
    read = format_readers.read_annotations(render_github([make_eventful_report()]))
    assert [annotation.kind for annotation in read] == [
        "error",
        "warning",
        "warning",
        "warning",
        "notice",
        "notice",
    ]
    assert read[0].title == "Title of fails"
    assert read[0].text.startswith("The mistake. [ST-01]\n")
    assert read[-1].title == "tp9 — A lab: 2\N{EN DASH}8/12"


@corpus
def test_hostile_text_is_no_command_to_github(text: str) -> None:
    read = format_readers.read_annotations(render_github([plant_text(make_eventful_report(), text)], 3))
    assert [annotation.kind for annotation in read] == [
        "error",
        "warning",
        "warning",
        "warning",
        "notice",
        "notice",
    ]
    assert {annotation.title for annotation in read[:-1]} == {sanitize_line(text)}


def test_csv_has_a_row_for_each_check_of_each_lab() -> None:
    head, *read = format_readers.read_csv_rows(
        render_csv([make_eventful_report(), other(make_eventful_report())])
    )
    assert head == list(CSV_COLUMNS)
    assert [row[head.index("verdict")] for row in read] == VERDICTS * 2
    assert [row[head.index("earned")] for row in read[:6]] == ["2", "0", "0", "", "", ""]
    assert [row[0] for row in read] == ["tp9"] * 6 + ["tp8"] * 6
    assert read[1][head.index("message")] == "The mistake. [ST-01]"


@corpus
def test_hostile_text_is_no_cell_and_no_formula_in_csv(text: str) -> None:
    read = format_readers.read_csv_rows(render_csv([plant_text(make_eventful_report(), text)]))
    assert [len(row) for row in read] == [len(CSV_COLUMNS)] * 7
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


TEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"}, "max_score": {"type": "number"}, "name": {"type": "string"},
        "number": {"type": "string"}, "output": {"type": "string"}, "output_format": {"enum": ["text"]},
        "status": {"enum": ["passed", "failed"]}, "extra_data": {"type": "object"},
    },
}  # fmt: skip
RESULTS = {
    "type": "object",
    "required": ["tests"],
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"}, "execution_time": {"type": "number"}, "output": {"type": "string"},
        "output_format": {"enum": ["text"]}, "visibility": {"enum": ["visible"]},
        "tests": {"type": "array", "items": TEST}, "extra_data": {"type": "object"},
    },
}  # fmt: skip
"""As https://gradescope-autograders.readthedocs.io/en/latest/specs/ describes it."""


def results(document: bytes) -> Any:
    read = json.loads(document)
    jsonschema.validate(read, RESULTS)
    return read


def test_gradescope_gets_points_and_leaves_the_undecided_open() -> None:
    read = results(render_gradescope([make_eventful_report(), other(make_eventful_report())]))
    assert (read["score"], len(read["tests"])) == (4, 12)
    assert [test.get("score") for test in read["tests"][:6]] == [2, 0, 0, None, None, None]
    assert read["tests"][6]["name"] == "tp8: Title of passes"
    assert [lab["undecided"] for lab in read["extra_data"]["labs"]] == [6, 6]


@corpus
def test_hostile_text_breaks_nothing_in_gradescope(text: str) -> None:
    assert len(results(render_gradescope([plant_text(make_eventful_report(), text)], 3))["tests"]) == 6


def test_the_page_of_a_session_has_a_part_for_each_lab_and_links_to_it() -> None:
    page = render_session_page([make_eventful_report(), other(make_eventful_report())])
    read = HtmlPage(page)
    ids = [value for _, attributes in read.elements for name, value in attributes if name == "id"]
    links = [value for _, attributes in read.elements for name, value in attributes if name == "href"]
    assert not read.unbalanced
    assert links == ["#lab-1", "#lab-2"]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link} <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert "Total: 4\N{EN DASH}16/24" in read.text


@corpus
def test_hostile_text_brings_no_element_into_the_page_of_a_session(text: str) -> None:
    mine = HtmlPage(
        render_session_page([plant_text(make_eventful_report(), text), make_eventful_report()], 3)
    )
    own = [
        HtmlPage(render_session_page([plant_text(make_eventful_report(), words), make_eventful_report()], 3))
        for words in ("x", "x\ny", "`a` b")
    ]
    assert set(mine.elements) <= {element for page in own for element in page.elements}
    assert not mine.unbalanced
