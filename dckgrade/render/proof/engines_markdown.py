"""Render the table of labs on engines as Markdown."""

from dckgrade.i18n import N_, get_translator
from dckgrade.render.proof.engines import (
    CASE_MARKS,
    CASE_MEANINGS,
    EngineTable,
    LabTable,
    describe_lab_on_engine,
    list_case_ends,
)
from dckgrade.render.text.escape import escape_markdown


def render_engine_markdown(table: EngineTable, lang: str) -> str:
    """Write the table of figures, then a table of cases for each lab."""
    translate = get_translator(lang)
    heading = [
        f"{escape_markdown(name)} {escape_markdown(version)}".strip() for name, version in table.engines
    ]
    figures = [
        [escape_markdown(lab.lab), *(describe_lab_on_engine(lab, at, lang) for at in range(len(heading)))]
        for lab in table.labs
    ]
    legend = [f"{CASE_MARKS[end]} {translate(CASE_MEANINGS[end])}  " for end in list_case_ends(table)]
    lines = [
        f"# {translate(N_('Labs on engines'))}",
        "",
        *format_table(["", *heading], figures),
        "",
        *legend,
        *(line for lab in table.labs for line in format_lab_lines(lab, heading, lang)),
    ]
    return "\n".join(lines) + "\n"


def format_lab_lines(lab: LabTable, heading: list[str], lang: str) -> list[str]:
    """List the lines of one lab's section."""
    rows = [
        [escape_markdown(row.case), *(CASE_MARKS[end] if end else "" for end in row.ends)] for row in lab.rows
    ]
    return [
        "",
        f"## {escape_markdown(lab.lab)} — {escape_markdown(lab.title.in_language(lang))}",
        "",
        *format_table(["", *heading], rows),
        *([""] if lab.remarks else []),
        *(f"- {escape_markdown(remark)}" for remark in lab.remarks),
    ]


def format_table(heading: list[str], rows: list[list[str]]) -> list[str]:
    """List the lines of a table whose cells are escaped already; all but its first column are centred."""
    ruler = "|---|" + ":-:|" * (len(heading) - 1)
    return [f"| {' | '.join(heading)} |", ruler, *(f"| {' | '.join(row)} |" for row in rows)]
