"""Render the table of labs on engines as one HTML page: no script, nothing loaded."""

from msgspec import Struct

from dckgrade.i18n import N_, get_translator
from dckgrade.render.html_template import render_template_page
from dckgrade.render.proof.engines import (
    CASE_MARKS,
    CASE_MEANINGS,
    CaseEnd,
    EngineTable,
    LabTable,
    describe_lab_on_engine,
    list_case_ends,
)
from dckgrade.render.text.sanitize import sanitize_line

CASE_TONES = {
    CaseEnd.EXPECTED: "passed",
    CaseEnd.UNSEEN: "unknown",
    CaseEnd.WRONG: "failed",
    CaseEnd.NOT_APPLIED: "blocked",
    CaseEnd.EXCEPTED: "skipped",
}


class CaseMark(Struct, frozen=True):
    """One cell: its tone, its mark, and what the mark means; all empty where nothing was tried."""

    tone: str = ""
    mark: str = ""
    meaning: str = ""


class LabSection(Struct, frozen=True, kw_only=True):
    """One lab as the page shows it."""

    lab: str
    title: str
    figures: list[tuple[str, str]]
    """For each engine the tone and the figures."""
    rows: list[tuple[str, list[CaseMark]]]
    remarks: list[str]


def render_engine_page(table: EngineTable, lang: str) -> str:
    """Render the table of figures, then a table of cases for each lab."""
    translate = get_translator(lang)
    return render_template_page(
        "render/proof/engines.html.j2",
        lang,
        heading=translate(N_("Labs on engines")),
        lab_heading=translate(N_("Lab")),
        case_heading=translate(N_("Case")),
        remarks_heading=translate(N_("What is not as expected")),
        engines=[(sanitize_line(name), sanitize_line(version)) for name, version in table.engines],
        legend=[
            (CASE_TONES[end], CASE_MARKS[end], translate(CASE_MEANINGS[end])) for end in list_case_ends(table)
        ],
        labs=[build_lab_section(lab, len(table.engines), lang) for lab in table.labs],
    )


def build_lab_section(lab: LabTable, engines: int, lang: str) -> LabSection:
    """Build the part of the page that is about one lab."""
    return LabSection(
        lab=sanitize_line(lab.lab),
        title=sanitize_line(lab.title.in_language(lang)),
        figures=[(choose_tone(lab, at), describe_lab_on_engine(lab, at, lang)) for at in range(engines)],
        rows=[(sanitize_line(row.case), [make_mark(end, lang) for end in row.ends]) for row in lab.rows],
        remarks=[sanitize_line(remark) for remark in lab.remarks],
    )


def choose_tone(lab: LabTable, engine: int) -> str:
    """Choose the tone of a lab's figures on an engine: of the worst that came of a case."""
    worst = [end for end in (CaseEnd.WRONG, CaseEnd.NOT_APPLIED, CaseEnd.UNSEEN) if lab.count(engine, end)]
    return CASE_TONES[worst[0] if worst else CaseEnd.EXPECTED] if lab.count_tried(engine) else ""


def make_mark(end: CaseEnd | None, lang: str) -> CaseMark:
    """Make the cell of a case on an engine."""
    if end is None:
        return CaseMark()
    return CaseMark(CASE_TONES[end], CASE_MARKS[end], get_translator(lang)(CASE_MEANINGS[end]))
