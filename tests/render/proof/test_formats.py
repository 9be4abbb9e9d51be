"""A proof in each format: correct, and inert whatever a folder is called."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from dckgrade.lab.discovery import find_lab_path
from dckgrade.prove import assemble, run
from dckgrade.render import formats
from dckgrade.render.formats import DocumentKind
from dckgrade.render.proof.github import render_proof_github
from dckgrade.render.proof.html import render_proof_page
from dckgrade.render.proof.json import render_proof_json
from dckgrade.render.proof.junit import render_proof_junit
from dckgrade.render.proof.markdown import render_proof_markdown
from dckgrade.render.text.sanitize import sanitize_block
from dckgrade.report.proof import Proof, ProofCell
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.html_page import HtmlPage
from tests.support.proofs import make_faulty_proof
from tests.support.rendering import list_sanitizing_formats, remove_layout, render_to_bytes
from tests.support.reports import HOSTILE

corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


@pytest.fixture(scope="module")
def tp5() -> Proof:
    return run.prove_from_recordings(load_built_in_lab("tp5"), FIXTURES)


def test_a_missed_fault_is_at_its_line_in_an_annotation_that_github_understands() -> None:
    lines = render_proof_github([make_faulty_proof()], "en").splitlines()

    assert lines[0] == (
        "::error file=checks/tiny.yaml,line=5,col=9::box-running does not see the mistake x: x."
    )
    assert lines[1].startswith("::error file=checks/tiny.yaml,line=12,col=15::No case triggers TY-01.")
    assert lines[-1] == (
        "::notice::tiny is NOT proven: checks: 1, cases: 9, mutants: 3, faults: 3."
        if "checks: " in lines[-1]
        else "::notice::tiny is NOT proven: 1 checks, 9 cases, 3 mutants, 3 faults."
    )


def test_the_place_of_a_surviving_check_is_the_line_of_its_id(tp5: Proof) -> None:
    text = Path(find_lab_path("tp5")).read_text(encoding="utf-8").splitlines()

    for check in tp5.checks:
        line, column = tp5.places[check]
        assert text[line - 1][column - 1 :] == check
    line, column = tp5.places["ST-12"]
    assert text[line - 1][column - 1 :] == "ST-12"


def test_a_lab_below_the_current_folder_is_named_as_ci_names_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert assemble.make_relative_to_cwd(tmp_path / "checks" / "tiny.yaml") == "checks/tiny.yaml"
    assert assemble.make_relative_to_cwd(Path("/elsewhere/tiny.yaml")) == "/elsewhere/tiny.yaml"


@corpus
def test_hostile_text_starts_no_command_of_githubs_own(text: str) -> None:
    lines = render_proof_github([make_faulty_proof(text)], "en").split("\n")

    assert len(lines) == 5, "three faults, one notice, the end"
    assert all(line.startswith(("::error file=", "::notice::")) for line in lines[:4])
    assert "\r" not in "".join(lines)
    unescaped = lines[2].split("::", 2)[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert unescaped == sanitize_block(f"{text} could not be applied: {text}")


@corpus
def test_junit_is_read_again_by_another_parser(text: str) -> None:
    root = ET.fromstring(render_proof_junit([make_faulty_proof(text)], "en"))  # noqa: S314 - our own document

    (suite,) = root
    tests = list(suite)
    failing = [test for test in tests if test.find("failure") is not None]
    assert root.tag == "testsuites"
    assert suite.attrib["name"] == "tiny"
    assert int(suite.attrib["tests"]) == len(tests) == 11, "nine cells, a code, a case that was not applied"
    assert int(suite.attrib["failures"]) == len(failing) == 3
    assert suite.attrib["time"] == "1.500"
    assert [test.attrib["name"] for test in tests[:8]] == [f"case-{at}" for at in range(8)]
    assert {test.attrib["classname"] for test in tests[:9]} == {"tiny.box-running"}


@corpus
def test_markdown_shows_hostile_text_and_obeys_none_of_it(text: str) -> None:
    def kinds(made: str) -> list[str]:
        tokens = MarkdownIt("commonmark").enable("table").parse(made)
        return [
            part.type
            for token in tokens
            for part in (token, *(token.children or []))
            if part.type != "text_special"
        ]

    def structure(made: str) -> list[str]:
        return [kind for kind in kinds(made) if kind != "text"]

    assert structure(render_proof_markdown([make_faulty_proof(text)], "en")) == structure(
        render_proof_markdown([make_faulty_proof()], "en")
    )
    assert not re.search(
        r"(?<!\\)<|https?://|(?<!\\)@", render_proof_markdown([make_faulty_proof(text)], "en")
    )


@corpus
def test_hostile_text_brings_no_element_to_the_page(text: str) -> None:
    hostile, plain = (HtmlPage(render_proof_page([make_faulty_proof(name)], "en")) for name in (text, "x"))

    assert hostile.elements == plain.elements
    assert not hostile.unbalanced
    assert not hostile.open
    assert not hostile.others
    assert hostile.text.isprintable()


def test_the_page_runs_nothing_loads_nothing_and_allows_its_own_style_alone(tp5: Proof) -> None:
    text = render_proof_page([tp5, make_faulty_proof()], "fr")
    read = HtmlPage(text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'" in read.policy
    assert not {tag for tag, _ in read.elements} & {"script", "link", "img", "iframe", "object", "a", "form"}
    assert not any(
        name in {"style", "href", "src"} or name.startswith("on")
        for _, attributes in read.elements
        for name, _ in attributes
    )
    assert not read.unbalanced
    assert not read.open


def test_the_page_draws_a_cell_for_every_check_and_case(tp5: Proof) -> None:
    read = HtmlPage(render_proof_page([tp5], "en"))
    cells = [element for element in read.elements if element[0] == "rect"]

    assert len(cells) == len(tp5.checks) * len(tp5.cases)
    assert "dbserver-running / no-password: killed" in read.text


@corpus
def test_the_document_is_json_that_says_everything(text: str) -> None:
    made: dict[str, Any] = json.loads(render_proof_json([make_faulty_proof(text)], "en"))
    (lab,) = made["labs"]

    assert (made["schema"], made["proven"], made["lang"]) == ("dckgrade-proof/1", False, "en")
    assert lab["cells"]["box-running"]["case-0"] == "killed"
    assert lab["faults"][1] == {
        "message": "No case triggers TY-01.",
        "line": 12,
        "column": 15,
        "check": None,
        "case": None,
        "code": "TY-01",
        "detail": "",
    }


def test_a_document_without_labs_proves_nothing() -> None:
    assert json.loads(render_proof_json([], "en"))["proven"] is False


@pytest.mark.parametrize("name", list_sanitizing_formats(DocumentKind.PROOF))
@corpus
def test_no_control_character_reaches_any_format_that_people_read(name: str, text: str) -> None:
    made = render_to_bytes(name, DocumentKind.PROOF, [make_faulty_proof(text)], lang="fr").decode()
    assert remove_layout(made).isprintable()


def test_every_kind_of_cell_has_a_mark_of_its_own(tp5: Proof) -> None:
    from dckgrade.render.proof.messages import CELL_MARKS, CELL_MEANINGS

    assert set(CELL_MARKS) == set(CELL_MEANINGS) == set(ProofCell)
    assert len(set(CELL_MARKS.values())) == len(ProofCell)
    assert tp5.faults == []


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", [row.name for row in formats.list_formats(DocumentKind.PROOF)])
def test_every_format_exists_in_both_languages(tp5: Proof, name: str, lang: str) -> None:
    assert render_to_bytes(name, DocumentKind.PROOF, [tp5, make_faulty_proof()], lang=lang).decode()
