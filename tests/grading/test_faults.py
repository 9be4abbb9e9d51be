"""Whatever goes wrong between an engine and us: no crash, no lateness, and no trainee fails for it."""

import random

import pytest

from dckgrade.engine.resources import RESOURCES
from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders
from tests.support import fault_matrix
from tests.support.fault_matrix import Ended, Trial
from tests.support.fault_modes import FAULTS

SAMPLED = 20
"""Of some five thousand; the others' turn comes with other commits. All of them: nox -s faults."""


def choose_trials(commit: str) -> list[Trial]:
    """Choose some for this commit, of different faults each."""
    dice = random.Random(commit)  # noqa: S311 - a choice that can be made again, no secret
    by_fault: dict[str, list[Trial]] = {}
    for trial in fault_matrix.list_trials():
        by_fault.setdefault(trial.fault, []).append(trial)
    return [dice.choice(by_fault[fault]) for fault in dice.sample(sorted(by_fault), SAMPLED)]


def test_every_lab_has_a_recorded_conversation_in_which_something_passes() -> None:
    assert list(list_labs_in_folders(find_builtin_folder())) == fault_matrix.LABS


def test_every_request_of_grading_has_faults_of_its_own() -> None:
    named = {fault.partition(":")[0] for fault in FAULTS}
    rows = {
        (row.method, row.path): {other.name for other in RESOURCES if other.path == row.path}
        for row in RESOURCES
    }
    missing = [names for names in rows.values() if not names & named and names != {"events"}]
    assert missing == []
    assert len(FAULTS) >= 60


@pytest.mark.timeout(300)
def test_no_fault_crashes_delays_or_fails_anybody() -> None:
    trials = choose_trials(fault_matrix.read_commit())
    found = fault_matrix.run_trials(trials)
    assert {trial: wrong for trial, wrong in found.items() if wrong} == {}
    assert len(found) == SAMPLED


DONE = b'{"checks": [{"id": "a", "verdict": "passed"}, {"id": "b", "verdict": "unknown"}]}'


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended(3, DONE, b"", 1.0), []),
        (Ended(4, DONE, b"", 1.0), ["exit code 4"]),
        (Ended(None, DONE, b"", 1.0), ["exit code None"]),
        (Ended(0, DONE, b"", 1.0), ["exit code 0, and not all passed"]),
        (Ended(3, DONE, b"", 9.0), ["late: 9.0 s"]),
        (Ended(3, DONE + DONE, b"", 1.0), ["stdout is not one JSON document"]),
        (Ended(1, DONE.replace(b"passed", b"failed"), b"", 1.0), ["a is failed"]),
        (Ended(1, DONE.replace(b"passed", b"blocked"), b"", 1.0), ["a is blocked"]),
        (Ended(3, DONE, b"Traceback (most recent call last)", 1.0), ["a traceback"]),
    ],
)
def test_a_wrong_end_is_told(ended: Ended, told: list[str]) -> None:
    wrong = fault_matrix.find_wrong(ended, frozenset({"a"}))
    assert [fault.startswith(expected) for fault, expected in zip(wrong, told, strict=True)] == [True] * len(
        told
    )
