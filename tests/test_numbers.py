"""The catalogue of mistakes: each number of a family is a code of a lab, or is listed with its reason."""

import re
from collections import defaultdict

from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.lab.load import load_lab
from tests.conftest import FIXTURES

NAMED = {
    diagnosis.code
    for path in list_labs_in_folders(find_builtin_folder()).values()
    for diagnosis in load_lab(path).lab.list_diagnoses()
    if diagnosis.message
}
ROW = re.compile(r"^\| `([A-Z]{2}-\d{2})` \|.*\| ([^|]+) \|$", re.MULTILINE)
UNNAMED = dict(ROW.findall((FIXTURES / "README.md").read_text(encoding="utf-8")))


GENERAL = 90
"""From here on: diagnoses that name no mistake and quote the program."""


def test_no_number_of_a_family_is_forgotten() -> None:
    families: dict[str, set[int]] = defaultdict(set)
    for code in NAMED | set(UNNAMED):
        families[code[:2]].add(int(code[3:]))

    assert set(families) == {
        "EN",
        "SW",
        "SC",
        "AA",
        "TR",
        "ST",
        "PM",
        "EL",
        "NW",
        "IM",
        "VO",
        "RG",
        "HD",
        "SV",
        "CO",
    }
    for family, numbers in families.items():
        named = {number for number in numbers if number < GENERAL}
        assert named == set(range(1, max(named) + 1)), family
        assert numbers - named == set(range(GENERAL, GENERAL + len(numbers - named))), family


def test_a_number_is_a_code_or_has_a_reason_not_both() -> None:
    assert NAMED & set(UNNAMED) == set()
    assert all(UNNAMED.values())
