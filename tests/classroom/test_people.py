"""Whose a report is: Moodle's folder, the report's own word, the roster as spreadsheets write it."""

from pathlib import Path

import pytest

from dckgrade.classroom.people import Person, Roster, fold_name, identify_trainee, read_roster
from dckgrade.i18n import UserError


@pytest.mark.parametrize(
    ("within", "claimed", "expected"),
    [
        ("Ada Lovelace_7_assignsubmission_file_/tp5.json", "Bob", ("Ada Lovelace", True)),
        ("Ada Lovelace_7_assignsubmission_file_tp5.json", None, ("Ada Lovelace", True)),
        ("Jean_Paul Sartre_123_assignsubmission_onlinetext_x.json", None, ("Jean_Paul Sartre", True)),
        ("ada/tp5.json", "Ada Lovelace", ("Ada Lovelace", False)),
        ("ada/tp5.json", None, ("ada", False)),
        ("ada.json", None, ("ada", False)),
        ("group\\ada\\tp5.json", None, ("ada", False)),
    ],
)
def test_who_was_logged_in_comes_before_who_is_named_and_that_before_the_folder(
    within: str, claimed: str | None, expected: tuple[str, bool]
) -> None:
    assert identify_trainee(within, claimed) == expected


@pytest.mark.parametrize("other", ["élodie  ÇELIK", "Elodie Celik", "elodie.celik", "ÇELIK Élodie"])
def test_a_name_is_found_however_it_is_written(other: str) -> None:
    known = Roster([Person(name="Élodie Çelik", email="e.celik@example.org")])
    assert known.find(other) == known.people[0]


def test_a_trainee_is_found_by_address_login_or_number() -> None:
    known = Roster([Person(name="Ada", email="ada@example.org", username="alove", id_number="042")])
    assert {known.find(identifier) for identifier in ("ada@example.org", "ALOVE", "042", "ada")} == {
        known.people[0]
    }
    assert known.find("Bob") is None


def test_two_of_one_name_are_found_by_what_tells_them_apart_only() -> None:
    known = Roster([Person(name="Li Wei", username="liw1"), Person(name="Li Wei", username="liw2")])
    assert known.find("Li Wei") is None
    assert known.find("liw2") == known.people[1]


@pytest.mark.parametrize(
    "content",
    [
        b"name,email\nAda Lovelace,ada@example.org\n",
        b"\xef\xbb\xbfPr\xc3\xa9nom;Nom de famille;Adresse de courriel\r\nAda;Lovelace;ada@example.org\r\n",
        "Prénom;Nom;Courriel;email\r\nAda;Lovelace;;ada@example.org\r\n".encode("cp1252"),
        b"First name\tLast name\tEmail address\nAda\tLovelace\tada@example.org\n\n",
    ],
)
def test_a_roster_is_read_as_moodle_and_spreadsheets_write_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    surname = "" if content.startswith(b"name,") else "Lovelace"
    ada = Person(name="Ada Lovelace", surname=surname, email="ada@example.org")
    assert read_roster(path).people == [ada]


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"\0\0\0", b'"' + b"x" * 200_000])
def test_a_file_that_is_no_roster_says_what_one_looks_like(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"roster\.csv"):
        read_roster(path)


def test_a_roster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")


def test_folding_keeps_apart_what_is_different() -> None:
    assert fold_name("Ada") != fold_name("Adam")
    assert fold_name("") == ""
