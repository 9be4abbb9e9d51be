"""Which cases the test command proves live."""

import pytest

from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from dckgrade.prove.case import CaseKind, list_cases
from dckgrade.prove.selection import list_killed_checks, select_slice, select_telling_cases
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

SLICES = 5


@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_the_selected_cases_show_what_all_show(lab: str) -> None:
    loaded = load_built_in_lab(lab)
    applied = [case for case in list_cases(FIXTURES, lab) if case.can_be_applied]
    mistakes = [case for case in applied if case.kind is CaseKind.MISTAKE]

    selected = select_telling_cases(loaded, applied)

    assert {"untouched", "solution"} <= selected
    chosen = [case for case in mistakes if case.name in selected]
    killed = [
        {check for case in cases for check in list_killed_checks(loaded, case)}
        for cases in (chosen, mistakes)
    ]
    assert killed[0] == killed[1]
    assert len(chosen) <= len(loaded.lab.checks)


def test_every_case_has_its_turn_in_one_slice_alone() -> None:
    cases = list_cases(FIXTURES, "tp7")
    commits = [f"commit {number}" for number in range(60)]

    slices = {frozenset(select_slice(cases, commit, SLICES)) for commit in commits}

    assert len(slices) == SLICES
    assert sorted(name for names in slices for name in names) == sorted(case.name for case in cases)


def test_the_same_commit_has_the_same_slice() -> None:
    cases = list_cases(FIXTURES, "tp5")

    assert select_slice(cases, "a commit", SLICES) == select_slice(cases, "a commit", SLICES)
