"""Render the pages under test: a passing, a failing, an undecided and a hostile report, classes, proofs."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from msgspec.structs import replace

from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Person, Roster
from dckgrade.classroom.submissions import Submission
from dckgrade.classroom.verdict_changes import rejudge_report
from dckgrade.cli.output import find_sheet_of_report
from dckgrade.i18n import Lang
from dckgrade.prove import run
from dckgrade.render.proof.html import render_proof_page
from dckgrade.render.report.html import render_report_page, render_session_page
from dckgrade.render.sheet.html import render_sheet_page
from dckgrade.report.class_report import ClassReport
from dckgrade.report.proof import Proof
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.class_reports import NAMES, encode_report, make_trainee_report, read_recorded_report
from tests.support.proofs import make_faulty_proof
from tests.support.rendering import render_class_page
from tests.support.reports import make_eventful_report, plant_text

HOSTILE = (
    "\u202e\x1b[2J</td></table><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"
)
CASES = ("solution", "no-password", "two-mistakes", "paused", "judged-too-early", "no-name")


def render_case_page(case: str, lang: Lang) -> bytes:
    """Give the page of a recorded case of TP5."""
    return render_report_page(
        rejudge_report(replace(read_recorded_report("tp5", case), lang=lang)), hints=3
    ).encode()


def render_hostile_page(lang: Lang) -> bytes:
    """Give a page full of hostile text."""
    return render_report_page(plant_text(make_eventful_report(lang), HOSTILE)).encode()


def render_eventful_page(lang: Lang) -> bytes:
    """Give a page in which everything occurs."""
    return render_report_page(make_eventful_report(lang)).encode()


def render_session(lang: Lang) -> bytes:
    """Give the page of several labs graded in one run."""
    failing = rejudge_report(replace(read_recorded_report("tp5", "two-mistakes"), lang=lang))
    swarm = rejudge_report(replace(read_recorded_report("tp1", "solution"), lang=lang))
    reports = [swarm, failing, make_eventful_report(lang)]
    return render_session_page(reports, find_sheet=find_sheet_of_report).encode()


@cache
def gather_small_class(lang: Lang) -> ClassReport:
    """Gather a small class: a stranger, a copy, a missing one, a hostile name, two files of noise."""
    known = Roster([*(Person(name=name, email="a@b.example") for name in NAMES), Person(name="Absent")])
    gathering = GatheredClass(GatherOptions(lang=lang), known)
    for at, name in enumerate((*NAMES, HOSTILE.replace("/", "\u2215"))):
        for lab, case in (("tp5", CASES[at % len(CASES)]), ("tp2", "solution")):
            written = encode_report(make_trainee_report(name, lab, case))
            gathering.add_submission(
                Submission(source=f"zip/{name}/{lab}.json", path_within="x.json", raw=written)
            )
    copied = encode_report(replace(make_trainee_report(NAMES[0], "tp5"), trainee="Copy Cat"))
    gathering.add_submission(Submission(source="zip/copy.json", path_within="copy.json", raw=copied))
    for name in ("noise.json", HOSTILE):
        gathering.add_submission(Submission(source=name, path_within=name, raw=b"{"))
    return gathering.make_class_report()


def grow_class(report: ClassReport, size: int) -> ClassReport:
    """Give a class of *size* trainees, their names as long as names come."""
    rows = [row for row in report.rows if row.cells]
    made = [
        replace(rows[at % len(rows)], trainee=" ".join(f"n{at:05}{part}" for part in "abcdefgh"))
        for at in range(size)
    ]
    return replace(report, rows=made)


@cache
def make_proofs() -> tuple[Proof, ...]:
    """Prove the largest lab by its recordings, and give a proof with every fault there is."""
    return run.prove_from_recordings(load_built_in_lab("tp6"), FIXTURES), make_faulty_proof(HOSTILE)


PAGES: Mapping[str, Callable[[Lang], bytes]] = {
    "passing report": partial(render_case_page, "solution"),
    "failing report": partial(render_case_page, "two-mistakes"),
    "undecided report": render_eventful_page,
    "hostile report": render_hostile_page,
    "session": render_session,
    "sheet": lambda lang: render_sheet_page(load_built_in_lab("tp7").lab, lang).encode(),
    "class": lambda lang: render_class_page(gather_small_class(lang)).encode(),
    "large class": lambda lang: render_class_page(grow_class(gather_small_class(lang), 450)).encode(),
    "proof": lambda lang: render_proof_page(make_proofs(), lang).encode(),
}
