"""TP5 graded where no container address is reached from here, as behind ssh or in Docker Desktop's VM."""

from pathlib import Path

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.prove import live
from dckgrade.prove.case import list_cases
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

pytestmark = pytest.mark.engine


def graded_from_afar(engine: live.DisposableEngine, name: str, **chosen: bool) -> Report:
    case = next(case for case in list_cases(FIXTURES, "tp5") if case.name == name)
    engine.empty()
    with engine.enter_network():
        live.run_case_script(case, engine)
    with connect_engine(resolve_endpoint(engine.host, None, {}, Path("/nonexistent"))) as daemon:
        daemon.endpoint = daemon.endpoint._replace(is_forwarded=True)
        return run.grade_lab(load_built_in_lab("tp5"), daemon, RunOptions(**chosen))  # type: ignore[arg-type]


def test_the_containers_are_asked_from_inside_and_all_passes(engine: live.DisposableEngine) -> None:
    report = graded_from_afar(engine, "solution")
    assert {check.id: check.verdict for check in report.checks if check.verdict != "passed"} == {}
    asked = [
        observation.facts["via"]
        for observation in report.observations.values()
        if isinstance(observation, Seen) and "via" in observation.facts
    ]
    assert asked == ["inside", "inside"]


def test_under_passive_they_are_not_and_nobody_is_to_blame(engine: live.DisposableEngine) -> None:
    report = graded_from_afar(engine, "solution", passive=True)
    verdicts = {check.id: check.verdict for check in report.checks}
    assert verdicts["webservers-serves"] == "unknown"
    assert "failed" not in verdicts.values()
