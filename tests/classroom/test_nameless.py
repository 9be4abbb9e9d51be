"""Reports without a name: told apart by their files where a folder is not one trainee's, and flagged."""

from collections.abc import Sequence

import pytest

from dckgrade.classroom.nameless import describe_file, find_name_words, find_names
from dckgrade.classroom.people import Person, Roster
from tests.support.class_reports import gather_class, make_submission, make_trainee_report


def hand_in(*files: str, roster: Roster | None = None) -> dict[str, int]:
    """Collect a report without a name from each of *files*; return how many attempts each trainee has."""
    submissions = [
        make_submission(make_trainee_report(None, at=f"2026-11-24T10:{at:02}:00Z"), file)
        for at, file in enumerate(files)
    ]
    report = gather_class(*submissions, roster=roster)
    assert report.reports == len(files)
    assert report.refused == []
    return {row.trainee: len(row.cells["tp5"].history) + 1 for row in report.rows if row.cells}


@pytest.mark.parametrize(
    ("files", "trainees"),
    [
        (
            ["rendus/alice-tp5.json", "rendus/bob-tp5.json", "rendus/TP5_Chloé.json"],
            {"alice", "bob", "Chloé"},
        ),
        (["alice-tp5.json", "bob.json"], {"alice", "bob"}),
        (["class/rendus/etu12.json", "class/rendus/etu13.json"], {"etu12", "etu13"}),
        (["alice/tp5.json", "bob/tp5.json"], {"alice", "bob"}),
        (["rendus/alice-tp5.json", "tp5/bob.json"], {"alice", "bob"}),
        (["alice/my-tp5.json"], {"alice"}),
        # Names that are no UTF-8.
        (["rendus/\udce9lodie-tp5.json", "rendus/bob-tp5.json"], {"lodie", "bob"}),
    ],
)
def test_several_people_in_one_folder_are_told_apart(files: Sequence[str], trainees: set[str]) -> None:
    assert hand_in(*files) == dict.fromkeys(trainees, 1)


@pytest.mark.parametrize(
    "files",
    [
        ["alice/tp5.json", "alice/tp5-2.json", "alice/tp5 (3).json"],
        ["alice/tp5-essai1.json", "alice/tp5_final.json", "alice/v2.json"],
        ["alice/alice-tp5.json", "alice/tp5.json"],
    ],
)
def test_attempts_of_one_trainee_stay_together(files: Sequence[str]) -> None:
    assert hand_in(*files) == {"alice": len(files)}


def test_a_folder_whose_name_is_no_utf8_is_one_trainee_s_too() -> None:
    assert hand_in("\udce9lodie/tp5.json", "\udce9lodie/tp5-2.json") == {"\udce9lodie": 2}


def test_the_roster_knows_whose_a_folder_or_a_file_is() -> None:
    roster = Roster([Person(name="Alice Martin", username="alice"), Person(name="Bob Petit")])
    assert hand_in("alice/x-tp5.json", "alice/y-tp5.json", roster=roster) == {"Alice Martin": 2}
    assert hand_in("rendus/petit_bob-tp5-2.json", "rendus/alice-tp5.json", roster=roster) == {
        "Alice Martin": 1,
        "Bob Petit": 1,
    }


def test_a_report_without_a_name_is_flagged_unless_the_roster_knows_it() -> None:
    nameless = make_submission(make_trainee_report(None), "rendus/alice-tp5.json")
    (row,) = gather_class(nameless).rows
    assert row.cells["tp5"].flags == ["no-name"]
    (known,) = gather_class(nameless, roster=Roster([Person(name="Alice")])).rows
    assert (known.trainee, known.cells["tp5"].flags) == ("Alice", [])


def test_the_trainee_that_a_folder_seemed_to_be_is_gone() -> None:
    files = [make_submission(make_trainee_report(None), f"rendus/{who}.json") for who in ("ada", "bob")]
    named = make_submission(make_trainee_report("Chloé"), "rendus/chloe.json")
    assert [row.trainee for row in gather_class(*files, named).rows] == ["ada", "bob", "Chloé"]


def test_one_engine_is_one_trainee_and_several_are_several() -> None:
    files = [describe_file(f"rendus/{stem}.json", "tp5") for stem in ("morning", "evening")]
    assert find_names(files, ["e1", "e1"]) == ["rendus", "rendus"]
    plain = [describe_file(f"rendus/{stem}.json", "tp5") for stem in ("tp5", "tp5 (1)")]
    assert find_names(plain, ["e1", "e2"]) == ["rendus/tp5", "rendus/tp5 (1)"]
    assert find_names(plain, ["", ""]) == ["rendus", "rendus"]


@pytest.mark.parametrize(
    ("stem", "words"),
    [("Ada_Lovelace-tp5-2", "Ada Lovelace"), ("tp5", ""), ("TP5 final (1)", ""), ("tp51", "tp51"), ("", "")],
)
def test_what_a_files_name_says_of_its_trainee(stem: str, words: str) -> None:
    assert find_name_words(stem, "tp5") == words
