"""The page of a class report: what a trainer must find, links that lead somewhere, nothing active."""

import re
from collections import Counter

import pytest
from msgspec.structs import replace
from rich.console import Console

from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Person, Roster
from dckgrade.classroom.submissions import Submission
from dckgrade.i18n import Lang
from dckgrade.lab.catalogue import collect_mistakes
from dckgrade.render.class_report.heatmap import MAX_DETAILED_TRAINEES, TRAINEES_PER_TABLE
from dckgrade.render.class_report.terminal import render_class_terminal
from dckgrade.report.class_report import ClassReport
from tests.support.built_in_labs import load_built_in_lab
from tests.support.class_reports import NAMES, encode_report, gather_class, make_trainee_report
from tests.support.html_page import HtmlPage
from tests.support.pages import grow_class
from tests.support.rendering import render_class_page
from tests.support.reports import HOSTILE

langs = pytest.mark.parametrize("lang", ["fr", "en"])
corpus = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def classroom(lang: Lang = "en", hostile: str = "Mallory") -> ClassReport:
    """Give five who gave no password, one copy, one stranger, one who is missing, one file of noise."""
    gathering = GatheredClass(
        GatherOptions(lang=lang, attempt_policy="latest"),
        Roster([*(Person(name=name) for name in NAMES), Person(name="Absent")]),
    )

    def handed_in(trainee: str, content: bytes) -> None:
        gathering.add_submission(
            Submission(source=f"{hostile}/{trainee}.json", path_within="x.json", raw=content)
        )

    for name in NAMES:
        handed_in(name, encode_report(make_trainee_report(name, "tp5", "no-password")))
    handed_in(
        NAMES[0], encode_report(make_trainee_report(NAMES[0], "tp5", "paused", at="2026-11-23T10:00:00Z"))
    )
    handed_in(
        "copy", encode_report(make_trainee_report(NAMES[0], "tp2")).replace(NAMES[0].encode(), b"Copy Cat")
    )
    handed_in(NAMES[0], encode_report(make_trainee_report(NAMES[0], "tp2")))
    handed_in(
        "stranger",
        encode_report(replace(make_trainee_report("stranger", "tp5", "two-mistakes"), trainee=hostile)),
    )
    handed_in("noise", b"{")
    return gathering.make_class_report()


def test_the_most_shared_mistake_is_first_and_says_how_many_of_how_many() -> None:
    text = HtmlPage(render_class_page(classroom())).text
    assert "6 of 6 PostgreSQL stopped at once" in text
    assert text.index("6 of 6") < text.index("1 of 6")


@langs
def test_a_mistake_is_explained_in_the_words_of_the_command_explain(lang: Lang) -> None:
    read = HtmlPage(render_class_page(classroom(lang))).text
    known = collect_mistakes([load_built_in_lab("tp5").lab])["ST-01"].diagnosis
    for words in (known.hint, known.why, known.look):
        for part in words.in_language(lang).split("`") if words else []:
            assert " ".join(part.replace("\xa0", " ").split()) in read.replace("\xa0", " ")


def test_nobody_passing_the_missing_the_noise_the_copy_and_the_stranger_are_told() -> None:
    text = HtmlPage(render_class_page(classroom())).text
    for part in (
        "nobody passes: is the check at fault?",
        "Nothing handed in Absent",
        "noise.json is not a dckgrade report",
        "Ada Lovelace tp2 shared with somebody else: Copy Cat",
        "Copy Cat not on the roster",
        "○ declared by the trainee",
        "Other attempts",
    ):
        assert part in text, part


def test_points_that_could_not_be_seen_have_a_shade_of_their_own() -> None:
    gathering = GatheredClass(GatherOptions(lang="en"), Roster())
    report = make_trainee_report("Ada", "tp1", "untouched")
    gathering.add_submission(Submission(source="a.json", path_within="a.json", raw=encode_report(report)))
    shades = re.findall(r'<td class="heat(\d)">', render_class_page(gathering.make_class_report()))
    (cell,) = [row.cells["tp1"] for row in gathering.make_class_report().rows]
    # The rows stand there twice, by name and by points.
    assert shades == 2 * ["6" if cell.score.undecided and not cell.score.earned else "0"]


@langs
def test_every_link_leads_to_something_and_no_id_occurs_twice(lang: Lang) -> None:
    text = render_class_page(classroom(lang))
    ids = Counter(re.findall(r'\bid="([^"]*)"', text))
    links = set(re.findall(r'href="#([^"]*)"', text))
    assert set(ids.values()) == {1}
    assert links
    assert links <= ids.keys()


@corpus
def test_hostile_text_brings_no_element_to_the_page(text: str) -> None:
    plain, hostile = (
        HtmlPage(render_class_page(classroom(hostile=name))) for name in ("Mallory", f"M{text}")
    )
    # A backtick in a reason sets what follows as code.
    assert Counter(tag for tag, _ in hostile.elements if tag != "code") == Counter(
        tag for tag, _ in plain.elements if tag != "code"
    )
    assert not hostile.unbalanced
    assert not hostile.others
    assert hostile.text.isprintable()


def test_a_large_class_is_leafed_and_small_enough_to_mail() -> None:
    report = grow_class(classroom(), MAX_DETAILED_TRAINEES + 1)
    text = render_class_page(report)
    assert text.count('<table class="heat">') == -(-(MAX_DETAILED_TRAINEES + 1) // TRAINEES_PER_TABLE)
    assert "details are left out" in text
    assert not re.findall(r'href="#t', text)
    assert len(render_class_page(grow_class(report, 10_000))) < 6_000_000


@pytest.mark.parametrize("width", [40, 160])
def test_a_terminal_of_any_width_has_every_trainee_and_no_line_is_wider(width: int) -> None:
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as shown:
        for part in render_class_terminal(classroom("fr")):
            console.print(part)
    lines = shown.get().splitlines()
    assert max(map(len, lines)) <= width
    assert "ST-01" in shown.get()
    assert not [line for line in lines if line.strip()[:1] in {":", ";", "?", "!"}], "no sign begins a line"
    assert all(name.split()[0][:4] in shown.get() for name in NAMES)


@pytest.mark.parametrize("count", [8, 15])
def test_a_narrow_terminal_shows_many_labs_in_several_tables_and_every_name_whole(count: int) -> None:
    whole = classroom("en")
    (lab, *_), (row, *_) = whole.labs, [row for row in whole.rows if row.cells]
    cell = next(iter(row.cells.values()))
    labs = [replace(lab, id=f"l{at:02}") for at in range(count)]
    rows = [replace(row, trainee="Lovelace", cells={lab.id: cell for lab in labs})]
    console = Console(width=40, color_system=None, highlight=False)
    with console.capture() as shown:
        for part in render_class_terminal(replace(whole, labs=labs, rows=rows)):
            console.print(part)
    table = shown.get().partition("Worth a look")[0]
    assert [lab.id for lab in labs if lab.id not in table] == []
    assert table.count("Lovelace") == table.count("Trainee") == -(-count // 6)
    assert table.count("Total") == 1
    assert max(map(len, shown.get().splitlines())) <= 40


def test_the_page_says_who_is_stuck_where_since_when_and_in_how_many_reports() -> None:
    text = HtmlPage(render_class_page(classroom())).text
    stuck = text.partition("Who is stuck where")[2].partition("The class at a glance")[0]
    assert (
        "Container dbserver (postgres) is running Ada Lovelace 23 h 59 \N{MULTIPLICATION SIGN}2" not in stuck
    )
    assert "tp5 Container dbserver (postgres) is running" in stuck
    for name in NAMES:
        assert name in stuck
    assert re.search(r"Ada Lovelace \d+ (?:d|h \d+|min)", stuck)
    assert "Stuck at “Container dbserver (postgres) is running” since" in text


def test_a_mistake_has_its_general_sentence_and_what_was_said_to_whom() -> None:
    reports = [make_trainee_report(who, "tp5", "stopped-container-keeps-the-name") for who in ("Ada", "Bob")]
    text = HtmlPage(render_class_page(gather_class(*reports))).text
    general, _, variants = text.partition("What was said to whom")
    assert "“…”" in general
    assert "“dbserver”" in variants
    assert "— Ada; Bob" in variants


def test_rows_are_of_the_kinds_by_which_they_are_chosen() -> None:
    page = HtmlPage(render_class_page(classroom()))
    inputs = {dict(attributes)["id"] for tag, attributes in page.elements if tag == "input"}
    assert inputs == {
        *(f"show-{kind}" for kind in ("all", "failing", "flagged", "missing", "done")),
        *("sort-name", "sort-points"),
    }
    kinds = Counter(
        kind
        for tag, attributes in page.elements
        if tag == "tr"
        for kind in (dict(attributes).get("class") or "").split()
    )
    assert kinds == {"failing": 12, "flagged": 6, "missing": 2}, "each twice, by name and by points"


def test_surnames_come_first_where_the_roster_has_them_and_nothing_handed_in_is_no_zero() -> None:
    roster = Roster(
        [Person(name="Ada Lovelace", surname="Lovelace"), Person(name="Zoé Absent", surname="Absent")]
    )
    report = gather_class(make_trainee_report("Ada Lovelace", "tp5", "no-password"), roster=roster)
    rows = re.findall(r"<tr[^>]*><th scope=.row.>(.*?)</tr>", render_class_page(report))
    assert rows[0].startswith("Absent, Zoé<")
    assert rows[0].endswith('<td class="sum">·</td>')
    assert "Lovelace, Ada" in rows[1]
