"""Hostile texts wherever others have a say, of every document, in every format: what is left alive."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from dckgrade.classroom.people import Person, Roster
from dckgrade.i18n import UserError
from dckgrade.render import formats
from dckgrade.render.class_report.csv import render_moodle, render_spreadsheet
from dckgrade.render.class_report.gradescope import render_trainee_gradescope
from dckgrade.render.formats import DocumentKind
from dckgrade.report.class_report import ClassReport
from dckgrade.report.report import LabRef
from dckgrade.report.text import Text
from tests.support.built_in_labs import load_built_in_lab
from tests.support.class_reports import gather_class, make_trainee_report
from tests.support.proofs import make_faulty_proof
from tests.support.rendering import render_to_bytes
from tests.support.reports import make_eventful_report, plant_text

COMMANDS = (
    "add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|internal-set-repo-path|notice|remove-matcher"
    "|save-state|set-env|set-output|stop-commands|warning"
)
LINE_COMMAND = re.compile(rf"\s*::({COMMANDS})( .*)?::", re.IGNORECASE)
"""As GitHub's runner reads a line: blanks, `::`, a command that it knows, a space or `::`."""
ANYWHERE_COMMAND = re.compile(r"##\w*\[")
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
MAX_PLANTED_CHARS = 5_000
"""What is longer stands in seventy fields at once: its harm is shown as well by its beginning."""
OUR_LAYOUT = {"\n", "\xa0", "\u202f"}


class Output(NamedTuple):
    """One way for text to reach somebody."""

    name: str
    render: Callable[[str], bytes]
    """With that text planted wherever others have a say."""


def list_outputs() -> Iterator[Output]:
    """List every format of every kind of document, and what is written for Moodle, Excel and Gradescope."""
    for kind in DocumentKind:
        for row in formats.list_formats(kind):
            yield Output(f"{kind.value} {row.name}", make_renderer(row.name, kind))
    other = LabRef(id="tp8", title="x", digest="")
    yield Output(
        "session json",
        lambda text: render_to_bytes(
            "json",
            DocumentKind.REPORT,
            [found := plant_text(make_eventful_report(), text), replace(found, lab=other)],
        ),
    )
    yield Output("class_report excel", lambda text: render_spreadsheet(plant_in_class(text), excel=True))
    yield Output("class_report moodle", lambda text: render_moodle(plant_in_class(text), "email"))
    yield Output("class_report gradescope", render_first_trainee)


def make_renderer(name: str, kind: DocumentKind) -> Callable[[str], bytes]:
    """Make what renders a document of *kind*, with a text in it, in the format called *name*."""
    plant = PLANTERS[kind]
    return lambda text: render_to_bytes(name, kind, plant(text), hints=3, lang="fr")


def render_first_trainee(text: str) -> bytes:
    report = plant_in_class(text)
    return render_trainee_gradescope(report, report.rows[0])


def plant_in_class(text: str) -> ClassReport:
    """Put *text* into every field of a class report that is no key of another."""
    plain = msgspec.to_builtins(make_plain_class())
    return msgspec.convert(replace_free_texts(plain, text or " "), ClassReport)


@cache
def make_plain_class() -> ClassReport:
    """Make a class report with everything in it."""
    known = Roster([Person(name="Ada", email="ada@example.org", username="ada", id_number="1")])
    return gather_class(
        make_trainee_report("Ada", "tp5", "no-password", at="2026-11-24T09:00:00Z"),
        make_trainee_report("Ada", "tp5", "no-password"),
        make_trainee_report("Mallory", "tp2"),
        b"{}",
        roster=known,
    )


KEYS = {"schema", "lang", "id", "lab", "check", "code", "trust", "verdicts", "counts", "flags", "suspicious"}


def replace_free_texts(value: Any, text: str) -> Any:
    match value:
        case dict():
            return {
                name: inner if name in KEYS else replace_free_texts(inner, text)
                for name, inner in value.items()
            }
        case list():
            return [replace_free_texts(inner, text) for inner in value]
        case str():
            return text
        case _:
            return value


def plant_in_lab(text: str) -> Any:
    lab = load_built_in_lab("tp5").lab
    return replace(
        lab, title=Text(fr=text or "-", en=text or "-"), sheet=Text(fr=text or "-", en=text or "-")
    )


PLANTERS: Mapping[DocumentKind, Callable[[str], Any]] = {
    DocumentKind.REPORT: lambda text: [plant_text(make_eventful_report("fr"), text)],
    DocumentKind.CLASS_REPORT: plant_in_class,
    DocumentKind.PROOF: lambda text: [make_faulty_proof(text)],
    DocumentKind.SHEET: plant_in_lab,
}


def find_harm(output: str, content: bytes) -> str:
    """Return what in *content* would act on whoever reads it; '' for nothing."""
    text = content.decode().removeprefix("\ufeff") if output.endswith("excel") else content.decode()
    lines = text.split("\n")
    comma_separated = output.endswith((" csv", " excel", " moodle"))
    if comma_separated:
        text, lines = text.replace("\r\n", "\n"), text.split("\r\n")
    if found := sorted({ascii(sign) for sign in set(text) if not (sign.isprintable() or sign in OUR_LAYOUT)}):
        return f"raw {', '.join(found[:5])}"
    commands = [line for line in lines if LINE_COMMAND.match(line) and not output.endswith(" github")]
    commands += [line for line in lines if ANYWHERE_COMMAND.search(line)]
    if commands:
        return f"a command: {commands[0].strip()[:60]}"
    if comma_separated and (formulas := list(find_formulas(lines))):
        return f"a formula: {formulas[0][:60]}"
    if output.endswith((" json", " gradescope")):
        json.loads(content)
    return ""


def find_formulas(lines: list[str]) -> Iterator[str]:
    """Yield the cells that a reader may calculate, however it splits; numbers and Moodle's dash are none."""
    for delimiter in ",;\t":
        for row in csv.reader(lines, delimiter=delimiter):
            yield from (cell for cell in row if FORMULA.match(cell) and cell != "-")


def measure_harm(output: Output, text: str) -> str:
    """Return the harm that *text* does by way of *output*; '' for none."""
    try:
        return find_harm(output.name, output.render(text[:MAX_PLANTED_CHARS]))
    except (UserError, ValueError, csv.Error) as trouble:
        return f"cannot be read again: {trouble!r}"[:80]
