"""Each cause is said once, and an engine on which nothing was done begins with the sheet."""

import io

import pytest
from rich.console import Console

from dckgrade.lab.discovery import list_lab_paths
from dckgrade.render.report.html import build_sections
from dckgrade.render.report.terminal import render_session
from dckgrade.render.text.causes import group_by_cause
from dckgrade.render.text.first_task import choose_first_task, find_first_task, is_untouched
from dckgrade.render.text.messages import format_check_points
from dckgrade.report import codec
from dckgrade.report.observation import Absent, Seen, UnobservableReason
from dckgrade.report.report import Report
from dckgrade.report.result import Mismatch, NamedMistake, Reason, Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.reports import make_check, make_report

MISTAKE = NamedMistake(code="ST-16", name="not-begun", message="Not begun.", hint="Begin.")
SHEET = "Watch.\n\n1. Run `webservers`,\n   in the **background**.\n2. Run `dbserver`.\n"
OFF = Reason(code=UnobservableReason.ENGINE_OUT_OF_REACH, detail="No Docker engine listens.")


def show(report: Report) -> str:
    console = Console(file=io.StringIO(), width=80, highlight=False, emoji=False)
    for part in render_session([report], find_sheet=lambda _: SHEET):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def make_untouched_report() -> Report:
    miss = Mismatch(fact="status", wanted="running", found=None)
    return make_report(
        make_check("web", Verdict.FAILED, diagnosis=MISTAKE, misses=[miss], observations=["c web"]),
        make_check("db", Verdict.FAILED, diagnosis=MISTAKE, misses=[miss], observations=["c db"]),
        make_check("answers", Verdict.BLOCKED, blocked_by=["web"]),
        make_check("accepts", Verdict.BLOCKED, blocked_by=["db"]),
        observations={"c web": Absent(kind="container"), "c db": Absent(kind="container")},
    )


def test_a_mistake_of_several_checks_is_said_once_below_their_titles() -> None:
    shown = show(make_untouched_report())
    assert shown.count("Not begun. [ST-16]") == shown.count("Hint: Begin.") == 1
    assert "✗ Title of web\n  Title of db\n  Not begun." in shown


def test_blocked_checks_take_one_line_together() -> None:
    shown = show(make_untouched_report())
    assert shown.count("⊘ The blocked checks wait for what is above.\n") == 1
    assert "Waits for" not in shown


def test_a_blocked_check_alone_names_what_it_waits_for() -> None:
    shown = show(
        make_report(make_check("web", Verdict.FAILED), make_check("a", Verdict.BLOCKED, blocked_by=["web"]))
    )
    assert "Waits for “Title of web”." in shown


def test_an_engine_that_is_off_is_one_cause() -> None:
    waits = Reason(code="requires-unknown")
    shown = show(
        make_report(
            make_check("web", Verdict.UNKNOWN, reason=OFF),
            make_check("answers", Verdict.UNKNOWN, blocked_by=["web"], reason=waits),
            make_check("db", Verdict.UNKNOWN, reason=OFF),
        )
    )
    assert shown.count("No Docker engine listens") == shown.count("cannot be reached") == 1
    assert "depends on a check" not in shown
    assert shown.count("Title of web") == 1, "in the table"


def test_checks_that_differ_in_what_was_seen_are_told_apart() -> None:
    other = NamedMistake(code="ST-16", name="not-begun", message="Another sentence.")
    checks = [make_check(id_, Verdict.FAILED, diagnosis=said) for id_, said in (("a", MISTAKE), ("b", other))]
    plain = [make_check(id_, Verdict.FAILED) for id_ in "cd"]
    assert [len(group) for group in group_by_cause([*checks, *plain], make_report(*checks, *plain))] == [
        1
    ] * 4


def test_an_untouched_lab_begins_with_the_first_step_of_the_sheet() -> None:
    shown = " ".join(show(make_untouched_report()).split())
    assert "→ Begin with the sheet (`dckgrade sheet tp9`): Run `webservers`, in the background." in shown


def test_a_lab_of_which_something_is_there_begins_with_what_failed_first() -> None:
    wrong = Mismatch(fact="status", wanted="running", found="exited")
    begun = make_report(
        make_check("web", Verdict.FAILED, misses=[wrong], observations=["c web"]),
        observations={"c web": Seen(kind="container", facts={"status": "exited"})},
    )
    assert not is_untouched(begun)
    assert "Begin with “Title of web”" in show(begun)
    assert not is_untouched(make_report(make_check("web"), make_check("db", Verdict.FAILED)))
    assert not is_untouched(make_report(make_check("web", Verdict.UNKNOWN, reason=OFF)))


@pytest.mark.parametrize("sheet", ["", "No list.", "A container of which\n\n1. no process is root;\n2. `x`"])
def test_a_sheet_that_begins_with_no_task_gives_none(sheet: str) -> None:
    assert find_first_task(sheet) == ""


def test_conditions_are_of_the_task_before_them() -> None:
    sheet = (
        "# Lab\n\nA title. Run an nginx called `site`,\nthat serves. For it:\n\n1. no process is root;\n2. x"
    )
    assert find_first_task(sheet) == "Run an nginx called `site`, that serves."


@pytest.mark.parametrize("lab", sorted(list_lab_paths()))
def test_every_lab_begins_with_a_step_of_its_sheet_where_nothing_is_done(lab: str) -> None:
    report = codec.from_json((FIXTURES / lab / "untouched" / "recording.json").read_bytes(), lab)
    sheet = load_built_in_lab(lab).lab.sheet
    assert sheet is not None
    assert choose_first_task(report, lambda _: sheet.fr)
    assert choose_first_task(report, lambda _: sheet.en)


def test_on_a_page_the_first_check_of_a_cause_is_open_and_the_blocked_are_not() -> None:
    cards = [card for _, cards in build_sections(make_untouched_report(), 1) for card in cards]
    assert [(card.id, card.is_open) for card in cards] == [
        ("web", True),
        ("db", False),
        ("answers", False),
        ("accepts", False),
    ]


def test_a_check_that_is_worth_nothing_has_a_dash_for_points() -> None:
    assert format_check_points(make_check("db", Verdict.FAILED, points=0)) == "\N{EN DASH}"
    assert format_check_points(make_check("db", Verdict.FAILED, points=2)) == "0/2"
