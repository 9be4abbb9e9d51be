"""Proofs on several engines beside each other: each case's end, the figures, and no word that acts."""

import json
import re

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from dckgrade.render.proof.engines import (
    CaseEnd,
    EngineProof,
    EngineTable,
    build_engine_table,
    describe_lab_on_engine,
    read_engine_proofs,
)
from dckgrade.render.proof.engines_html import render_engine_page
from dckgrade.render.proof.engines_markdown import render_engine_markdown
from dckgrade.render.proof.json import render_proof_json
from dckgrade.report.proof import Proof, ProofCell, ProofFault
from tests.support.html_page import HtmlPage
from tests.support.proofs import make_faulty_proof
from tests.support.reports import HOSTILE

corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())

CELLS = {
    "right": ProofCell.KILLED,
    "hidden": ProofCell.UNSEEN,
    "wrong": ProofCell.SURVIVED,
}


def make_proof(engine: str, cells: dict[str, ProofCell], lab: str = "tiny", **changes: object) -> Proof:
    """Make a proof whose second check always passes; a recorded case is in it too."""
    cases = [*cells, "handmade"]
    return replace(
        make_faulty_proof(),
        lab=lab,
        engine=engine,
        engine_version="26.1.5",
        cases=cases,
        applied=list(cells),
        checks=["box-running", "box-named"],
        cells={
            "box-running": {**cells, "handmade": ProofCell.SURVIVED},
            "box-named": dict.fromkeys(cases, ProofCell.PASSED),
        },
        faults=[],
        **changes,
    )


def read_again(*proofs: Proof) -> list[EngineProof]:
    """Read the proofs as another part of the run does."""
    return [proof for written in proofs for proof in read_engine_proofs(render_proof_json([written], "en"))]


def list_ends(table: EngineTable, lab: int = 0) -> dict[str, list[CaseEnd | None]]:
    return {row.case: row.ends for row in table.labs[lab].rows}


def test_a_case_ends_as_the_worst_of_its_checks_and_a_recorded_one_is_no_part_of_it() -> None:
    proof = make_proof("sid", CELLS)
    applied = [*proof.applied, "refused"]

    table = build_engine_table(read_again(replace(proof, applied=applied)))

    assert table.engines == [("sid", "26.1.5")]
    assert list_ends(table) == {
        "right": [CaseEnd.EXPECTED],
        "hidden": [CaseEnd.UNSEEN],
        "wrong": [CaseEnd.WRONG],
        "refused": [CaseEnd.NOT_APPLIED],
    }
    assert describe_lab_on_engine(table.labs[0], 0, "en") == "1/4 (unseen: 1, wrong: 1, not applied: 1)"


@pytest.mark.parametrize(
    "cell", [ProofCell.SURVIVED, ProofCell.TRIPPED, ProofCell.MISNAMED, ProofCell.OTHERWISE]
)
def test_what_is_wrong_is_never_called_unseen(cell: ProofCell) -> None:
    proof = make_proof("sid", {"both": cell})
    cells = {**proof.cells, "box-named": {"both": ProofCell.UNSEEN}}

    table = build_engine_table(read_again(replace(proof, cells=cells)))

    assert list_ends(table) == {"both": [CaseEnd.WRONG]}


def test_parts_that_were_proven_apart_stand_beside_each_other_and_holes_stay_empty() -> None:
    first = make_proof("trixie", {"right": ProofCell.KILLED})
    second = make_proof("sid", {"other": ProofCell.KILLED})
    third = make_proof("sid", {"right": ProofCell.KILLED}, lab="small")

    table = build_engine_table(read_again(first, second, third))

    assert [name for name, _ in table.engines] == ["trixie", "sid"]
    assert list_ends(table) == {"right": [CaseEnd.EXPECTED, None], "other": [None, CaseEnd.EXPECTED]}
    assert list_ends(table, 1) == {"right": [None, CaseEnd.EXPECTED]}
    assert [describe_lab_on_engine(table.labs[1], at, "en") for at in (0, 1)] == ["", "1/1"]


def test_of_two_proofs_of_a_lab_on_an_engine_the_later_counts() -> None:
    old, new = (make_proof("sid", {"right": cell}) for cell in (ProofCell.SURVIVED, ProofCell.KILLED))

    assert list_ends(build_engine_table(read_again(old, new))) == {"right": [CaseEnd.EXPECTED]}


def test_what_is_not_as_expected_is_said_once_for_each_check() -> None:
    words = "{check} does not see the mistake {case}: {detail}."
    faults = [
        ProofFault(what=words, check="box-running", case="wrong", detail="failed → passed"),
        ProofFault(what="the recording says otherwise", check="box-running", case="wrong"),
        ProofFault(what=words, check="box-running", case="handmade", detail="no engine's"),
        ProofFault(what="No case triggers {code}.", code="TY-01"),
    ]
    proof = replace(make_proof("sid", CELLS), faults=faults)

    (lab,) = build_engine_table(read_again(proof)).labs

    assert lab.remarks == ["sid: box-running does not see the mistake wrong: failed → passed."]


def test_the_page_and_the_markdown_hold_every_figure_and_every_mark() -> None:
    table = build_engine_table(
        read_again(make_proof("trixie", CELLS), make_proof("sid", {"right": ProofCell.KILLED}))
    )

    page, markdown = render_engine_page(table, "en"), render_engine_markdown(table, "en")

    for made in (page, markdown):
        assert "1/3 (unseen: 1, wrong: 1)" in made
        assert "1/1" in made
        assert all(mark in made for mark in ("✓", "¿", "✗"))
    assert "| right | ✓ | ✓ |" in markdown
    assert "| wrong | ✗ |  |" in markdown
    assert "<script" not in page


def test_an_engine_that_cannot_be_put_into_a_case_is_no_failure_and_says_why() -> None:
    proof = make_proof("sid", {"right": ProofCell.KILLED}, excepted={"stuck": "it never hangs"})

    table = build_engine_table(read_again(proof))

    assert list_ends(table) == {"right": [CaseEnd.EXPECTED], "stuck": [CaseEnd.EXCEPTED]}
    assert describe_lab_on_engine(table.labs[0], 0, "en") == "1/1"
    assert table.labs[0].remarks == ["sid: stuck: it never hangs"]


@corpus
def test_hostile_names_act_nowhere(text: str) -> None:
    def structure(made: str) -> list[str]:
        tokens = MarkdownIt("commonmark").enable("table").parse(made)
        return [
            part.type
            for token in tokens
            for part in (token, *(token.children or []))
            if part.type not in {"text", "text_special"}
        ]

    def make_table(content: str) -> EngineTable:
        fault = ProofFault(what="{detail}", check="box-running", case=content, detail=content)
        proof = make_proof(content, {content: ProofCell.SURVIVED}, lab=content)
        return build_engine_table(
            read_again(
                replace(
                    proof,
                    engine_version=content,
                    faults=[fault],
                    title=make_faulty_proof(content[:600]).title,
                )
            )
        )

    assert structure(render_engine_markdown(make_table(text), "en")) == structure(
        render_engine_markdown(make_table("x"), "en")
    )
    page, plain = (HtmlPage(render_engine_page(make_table(content), "en")) for content in (text, "x"))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert page.unbalanced == page.others == []


def test_a_document_of_an_older_version_is_refused_and_not_misread() -> None:
    old = json.loads(render_proof_json([make_proof("sid", CELLS)], "en"))
    del old["labs"][0]["applied"]

    with pytest.raises(Exception, match=re.escape("applied")):
        read_engine_proofs(json.dumps(old).encode())
