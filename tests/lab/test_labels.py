"""Every fact that a lab demands has a label: lint says which has none."""

import pytest

from dckgrade.probes.docker.container import Container
from tests.support.sample_lab import SAMPLE, list_problems


def test_a_demanded_fact_without_a_label_is_a_problem_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_problems(SAMPLE) == []
    labels = {fact: label for fact, label in Container.labels.items() if fact != "exit_code"}
    monkeypatch.setattr(Container, "labels", labels)
    assert list_problems(SAMPLE) == [
        "12:18: the fact `exit_code` of kind `container` has no label, in the probe's own class"
    ]


def test_a_fact_that_no_check_demands_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = {fact: label for fact, label in Container.labels.items() if fact != "restart_count"}
    monkeypatch.setattr(Container, "labels", labels)
    assert list_problems(SAMPLE) == []
