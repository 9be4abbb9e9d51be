"""A class report in each format: read again by others' readers, hostile names included."""

import csv
import io
import json
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from dckgrade.classroom.attempts import load_trainer_lab
from dckgrade.classroom.people import Person, Roster
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.i18n import UserError
from dckgrade.render import formats
from dckgrade.render.class_report.csv import MoodleColumn, render_moodle, render_spreadsheet
from dckgrade.render.class_report.gradescope import render_trainee_gradescope
from dckgrade.render.class_report.json import iter_class_json
from dckgrade.render.class_report.junit import render_class_junit
from dckgrade.render.formats import DocumentKind
from dckgrade.report.class_report import ClassReport
from dckgrade.report.observation import EngineInfo, Unobservable, UnobservableReason
from tests.support.class_reports import find_row, gather_class, make_trainee_report
from tests.support.rendering import list_sanitizing_formats, remove_layout, render_to_bytes
from tests.support.reports import HOSTILE

HOSTILE_NAMES = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", 'a;b,c"d\ne', "\x1b[31mred", "\0nul",
    "]]><script>alert(1)</script>", "&amp;<b>", "\u202eevil", "\ud800", "Élodie Çelik",
]  # fmt: skip

corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


@pytest.fixture
def class_report() -> ClassReport:
    known = Roster(
        [
            Person(name="Ada", email="ada@example.org", username="ada", id_number="1"),
            Person(name="Bob", email="bob@example.org", username="bob", id_number="2"),
            Person(name="Carol", email="", username="", id_number=""),
        ]
    )
    return gather_class(
        make_trainee_report("Ada"),
        make_trainee_report("Ada", "tp2"),
        make_trainee_report("Bob", "tp5", "no-password"),
        make_trainee_report("Mallory"),
        roster=known,
    )


def rows(content: bytes, mark: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=mark))


def test_a_spreadsheet_has_a_row_a_trainee_and_their_total(class_report: ClassReport) -> None:
    read = rows(render_spreadsheet(class_report, excel=False))
    assert [line["Trainee"] for line in read] == ["Ada", "Bob", "Carol", "Mallory"]
    assert (read[0]["tp2 (/10)"], read[0]["tp5 (/10)"], read[0]["Total"]) == ("10", "10", "20")
    assert (read[2]["tp5 (/10)"], read[2]["Total"]) == ("", ""), "not a 0"


def test_excel_in_french_gets_its_semicolons_and_its_byte_order_mark(class_report: ClassReport) -> None:
    content = render_spreadsheet(class_report, excel=True)
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows(content, ";")[1]["Trainee"] == "Bob"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_cell_is_a_formula_and_every_cell_is_read_back(name: str) -> None:
    report = gather_class(make_trainee_report(name.encode("utf-8", "replace").decode()))
    (read,) = rows(render_spreadsheet(report, excel=False))
    assert not read["Trainee"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert read["Total"] == "10"


@pytest.mark.parametrize("name", list_sanitizing_formats(DocumentKind.CLASS_REPORT))
@corpus
def test_no_control_character_reaches_any_format_that_people_read(
    name: str, text: str, class_report: ClassReport
) -> None:
    report = replace(class_report, rows=[replace(line, trainee=text) for line in class_report.rows])
    made = render_to_bytes(name, DocumentKind.CLASS_REPORT, report).decode()
    assert remove_layout(made).isprintable()


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", [row.name for row in formats.list_formats(DocumentKind.CLASS_REPORT)])
def test_every_format_exists_in_both_languages(name: str, lang: str, class_report: ClassReport) -> None:
    report = replace(class_report, lang=lang)
    assert b"Ada" in render_to_bytes(name, DocumentKind.CLASS_REPORT, report)


@pytest.mark.parametrize(
    ("key", "title", "who"),
    [
        ("email", "Email address", "ada@example.org"),
        ("username", "Username", "ada"),
        ("id-number", "ID number", "1"),
    ],
)
def test_moodle_gets_who_is_on_the_roster_by_the_key_it_knows(
    class_report: ClassReport, key: MoodleColumn, title: str, who: str
) -> None:
    read = rows(render_moodle(class_report, key))
    assert [line[title] for line in read][:1] == [who]
    assert len(read) == 2  # one unknown user would make Moodle refuse everybody
    assert (read[1]["tp2"], read[1]["tp5"]) == ("-", "5")
    assert "ST-01" in read[1]["tp5 feedback"]


def test_moodle_without_any_key_is_told_instead_of_written() -> None:
    with pytest.raises(UserError, match="Nobody in this class"):
        render_moodle(gather_class(make_trainee_report("Ada")), "email")


def test_the_document_is_the_report(class_report: ClassReport) -> None:
    read = json.loads(b"".join(iter_class_json(class_report)))
    assert read["schema"] == "dckgrade-class/1"
    assert [line["trainee"] for line in read["rows"]] == ["Ada", "Bob", "Carol", "Mallory"]
    assert read["rows"][0]["cells"]["tp5"]["score"] == {"earned": 10, "possible": 10, "undecided": 0}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_junit_is_well_formed_whatever_a_trainee_is_called(name: str) -> None:
    report = gather_class(make_trainee_report(name.encode("utf-8", "replace").decode(), "tp5", "no-password"))
    root = ET.fromstring(render_class_junit(report))  # noqa: S314 - our own
    (suite,) = root
    assert int(suite.get("tests", 0)) == len(suite.findall("testcase")) == 6
    assert int(suite.get("failures", 0)) == len(suite.findall(".//failure"))
    assert {pair.get("name"): pair.get("value") for pair in suite.iter("property")}["possible"] == "10"


def test_gradescope_adds_up_to_its_score(class_report: ClassReport) -> None:
    for name in ("Ada", "Bob", "Carol"):
        read = json.loads(render_trainee_gradescope(class_report, find_row(class_report, name)))
        assert read["score"] == sum(test["score"] for test in read["tests"])
        assert {test["status"] for test in read["tests"]} <= {"passed", "failed"}


@pytest.fixture
def undecided() -> ClassReport:
    """Give a class of one whose engine was off."""
    report = run.report_unreachable(
        load_trainer_lab("tp5"), EngineInfo(endpoint="ssh://ada@poste-01"), "off", RunOptions()
    )
    known = Roster([Person(name="Ada", email="ada@example.org")])
    return gather_class(replace(report, trainee="Ada"), roster=known)


def test_points_that_nobody_could_decide_are_no_zero_in_a_gradebook(undecided: ClassReport) -> None:
    (moodle,) = rows(render_moodle(undecided, "email"))
    assert moodle["tp5"] == "-"
    (line,) = rows(render_spreadsheet(undecided, excel=False))
    assert line["tp5 (/10)"] == ""


def test_moodle_is_told_how_many_points_are_undecided() -> None:
    known = Roster([Person(name="Ada", email="ada@example.org")])
    report = make_trainee_report("Ada")
    seen = dict(report.observations)
    hidden = next(name for name in seen if name.startswith("http"))
    seen[hidden] = Unobservable(kind="http", why=UnobservableReason.DEADLINE)
    (moodle,) = rows(render_moodle(gather_class(replace(report, observations=seen), roster=known), "email"))
    assert 0 < int(moodle["tp5"]) < 10
    assert "?" in moodle["tp5 feedback"]


def test_gradescope_has_neither_score_nor_status_for_what_is_undecided(undecided: ClassReport) -> None:
    read = json.loads(render_trainee_gradescope(undecided, undecided.rows[0]))
    assert read["tests"]
    assert not any({"score", "status"} & test.keys() for test in read["tests"])
