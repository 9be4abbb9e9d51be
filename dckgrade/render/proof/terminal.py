"""A proof → a Rich table: a row a case, a column a check, and what keeps the lab from being proven."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.render.proof.messages import MARKS, WORDS, cell, summary, used
from dckgrade.render.text.sanitize import line
from dckgrade.report.proof import Cell, Proof

STYLES = {Cell.KILLED: "green", Cell.BLOCKED: "cyan", Cell.PASSED: "dim", Cell.UNDECIDED: "cyan"}

NAME_KEPT = 80


def terminal(proof: Proof, lang: str) -> RenderableType:
    """Show the matrix, its legend, the faults and the waivers."""
    translate = get_translator(lang)
    parts: list[RenderableType] = [matrix(proof, lang)]
    parts += [Text(f"{number}  {check}") for number, check in enumerate(proof.checks, 1)]
    parts += [Text(""), *(Text(f"{MARKS[kind]}  {translate(WORDS[kind])}") for kind in used(proof))]
    parts.append(Text(""))
    parts += [Text(f"✗ {line(fault.sentence(lang))}", "red") for fault in proof.faults]
    parts += [Text(translate(N_("Forgiven: {waived}")).format(waived=line(one))) for one in proof.waived]
    parts.append(Text(summary(proof, lang), "bold red" if proof.faults else "bold green"))
    return Group(*parts)


def matrix(proof: Proof, lang: str) -> Table:
    """Draw the table; checks are numbered, since their names are wide."""
    table = Table(
        title=Text(f"{proof.lab} — {line(proof.title.into(lang))}"), show_edge=False, pad_edge=False
    )
    table.add_column("")
    for number, _ in enumerate(proof.checks, 1):
        table.add_column(str(number), justify="center")
    for case in proof.cases:
        row = [cell(proof, check, case) for check in proof.checks]
        table.add_row(Text(line(case, NAME_KEPT)), *(marked(one) for one in row))
    return table


def marked(one: Cell | None) -> Text:
    """Show one cell by its mark; the colour only helps."""
    return Text(MARKS[one], STYLES.get(one, "bold red")) if one else Text(" ")
