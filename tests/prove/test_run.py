"""Labs on guest machines come after all others, one engine a processor: an emulated one takes a real one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dckgrade.prove import run
from dckgrade.prove.engines.settings import EngineSetting
from dckgrade.prove.images import LabImages
from dckgrade.prove.schedule import CaseOutcomes, PlannedLab
from tests.support.built_in_labs import load_built_in_lab


@pytest.fixture
def schedules(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int]]:
    """Note the labs and the number of engines of each schedule that is run, and run none."""
    noted: list[tuple[list[str], int]] = []

    class NotedSchedule:
        def __init__(self, labs: list[PlannedLab], _progress: object) -> None:
            self.labs = [lab.id for lab in labs]

        def run(self, factories: list[object]) -> Mapping[tuple[tuple[str, str], str], Any]:
            noted.append((self.labs, len(factories)))
            return {((lab, "installed"), "solution"): lab for lab in self.labs}

    monkeypatch.setattr(run, "Schedule", NotedSchedule)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return noted


def plan(lab: str, *, guest: bool = False) -> PlannedLab:
    return PlannedLab(load_built_in_lab(lab), [], EngineSetting(guest=guest), LabImages([], Path("nowhere")))


def run_on_four_engines(*labs: PlannedLab) -> CaseOutcomes:
    def create(setting: EngineSetting) -> Any:
        raise AssertionError(setting)

    return run.run_schedules(labs, [create] * 4, lambda *_: None)


def test_guests_run_last_and_one_a_processor(schedules: list[tuple[list[str], int]]) -> None:
    outcomes = run_on_four_engines(plan("tp3", guest=True), plan("tp5"), plan("tp7"))

    assert schedules == [(["tp5", "tp7"], 4), (["tp3"], 2)]
    assert {lab for (lab, _), _ in outcomes} == {"tp3", "tp5", "tp7"}


def test_without_guests_or_with_nothing_else_there_is_one_queue(
    schedules: list[tuple[list[str], int]],
) -> None:
    run_on_four_engines(plan("tp5"))
    run_on_four_engines(plan("tp3", guest=True))

    assert schedules == [(["tp5"], 4), (["tp3"], 2)]
