"""When a run looks again and when it stops: hand-made looks, no engine, hardly any time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.lab.model import LoadedLab
from dckgrade.probes.base import Probe, observation_key
from dckgrade.report import codec
from dckgrade.report.observation import EngineInfo, Observation, Seen, Unobservable, UnobservableReason
from dckgrade.report.report import Report
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

RUNNING = "container name=dbserver image=postgres"
ACCEPTS = "postgres container=dbserver port=5432"

Look = dict[str, Observation]


@pytest.fixture
def tp5() -> LoadedLab:
    return load_built_in_lab("tp5")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "OBSERVE_INTERVAL_S", 0.001)
    monkeypatch.setattr(run, "NAMING_S", 0.0)


class Nowhere:
    """An engine that is never asked: the looks are given."""

    engine = EngineInfo(endpoint="unix:///given")

    def end_run(self, within_s: float, *, keep: bool = False) -> None:  # noqa: ARG002
        return

    def take_snapshot(self, given: RunOptions = RunOptions()) -> Engine:  # noqa: ARG002
        return None  # type: ignore[return-value]


def given(monkeypatch: pytest.MonkeyPatch, looks: Sequence[Look]) -> list[set[str]]:
    """Have each look see the next of *looks* (the last one again and again); give what each asked for."""
    asked: list[set[str]] = []
    left: Iterator[Look] = iter(looks)
    now = looks[0]

    def observe(probes: Iterable[Probe], _world: Any, _seconds: float) -> Look:
        nonlocal now
        now = next(left, now)
        asked.append({observation_key(probe) for probe in probes})
        return {
            name: now.get(name, Unobservable(kind="log", why=UnobservableReason.DEADLINE))
            for name in asked[-1]
        }

    monkeypatch.setattr(run, "observe_probes", observe)
    return asked


def solution() -> Look:
    raw = (FIXTURES / "tp5" / "solution" / "recording.json").read_bytes()
    return dict(codec.from_json(raw, "solution").observations)


def changed(look: Look, name: str, age_s: float | None, **facts: Any) -> Look:
    """Give *look* with other facts of one thing seen."""
    seen = look[name]
    assert isinstance(seen, Seen)
    return {**look, name: replace(seen, age_s=age_s, facts={**seen.facts, **facts})}


def graded(loaded: LoadedLab, timeout_s: float = 60.0) -> Report:
    return run.grade_lab(loaded, Nowhere(), RunOptions(timeout_s=timeout_s))


def verdicts(report: Report) -> dict[str, str]:
    return {line.id: line.verdict.value for line in report.checks if line.verdict != "passed"}


def test_what_is_settled_is_looked_at_once(monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab) -> None:
    asked = given(monkeypatch, [solution()])

    assert verdicts(graded(tp5)) == {}
    assert len(asked) == 1


def test_a_young_container_is_waited_for_and_all_is_seen_once_more_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    done = solution()
    young = changed(done, RUNNING, 0.2, stable=False)
    asked = given(monkeypatch, [young, young, done, done])

    assert verdicts(graded(tp5)) == {}
    assert asked[1] == {RUNNING, ACCEPTS}, "only what is waited for, and what it blocks, is looked at again"
    assert asked[-1] == set(done), "all that is judged was seen at one time"


def test_a_container_that_dies_while_another_is_waited_for_is_judged_dead(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    done = solution()
    young = changed(done, RUNNING, 0.2, stable=False)
    dead = changed(done, RUNNING, None, status="exited", exit_code=3)
    stats = "container-stats container=dbserver"
    dead = changed(dead, stats, None, live=False, memory_bytes=None, cpu_ns=0)
    given(monkeypatch, [young, dead, dead])

    assert verdicts(graded(tp5)) == {
        "dbserver-running": "failed",
        "dbserver-accepts": "blocked",
        "dbserver-stats": "failed",
    }


def test_a_container_that_is_restarted_in_the_last_moment_is_waited_for_again(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    done = solution()
    young = changed(done, RUNNING, 0.2, stable=False)
    given(monkeypatch, [young, done, young, done, done])

    assert verdicts(graded(tp5)) == {}


def test_an_old_container_gets_no_second_childhood(monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab) -> None:
    old = changed(solution(), ACCEPTS, 3600.0, accepts=False, problem="silent")
    asked = given(monkeypatch, [old])

    assert verdicts(graded(tp5)) == {"dbserver-accepts": "failed"}
    assert len(asked) == 1


def test_a_mistake_with_a_name_ends_the_wait(monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab) -> None:
    named = changed(solution(), RUNNING, 0.2, found_by="near-miss", stable=False)
    asked = given(monkeypatch, [named])

    assert verdicts(graded(tp5)) == {"dbserver-running": "failed"}
    assert len(asked) == 1


def test_what_is_still_starting_when_the_time_is_up_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    starting = changed(solution(), ACCEPTS, 1.0, accepts=False, problem="silent")
    given(monkeypatch, [starting])

    report = graded(tp5, timeout_s=0.05)

    assert verdicts(report) == {"dbserver-accepts": "unknown"}
    assert not report.complete
    assert report.starting == ["dbserver-accepts"]


def test_when_the_time_is_up_some_is_left_to_name_the_mistake(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    monkeypatch.setattr(run, "NAMING_S", 0.3)
    initialising = changed(solution(), ACCEPTS, 1.0, accepts=False, problem="refused")
    left: dict[str, float] = {}

    def observe(probes: Iterable[Probe], _world: Any, seconds: float) -> Look:
        keys = {observation_key(probe) for probe in probes}
        left.update(dict.fromkeys(keys, seconds))
        unseen = Unobservable(kind="log", why=UnobservableReason.DEADLINE)
        return {key: initialising.get(key, unseen) for key in keys}

    monkeypatch.setattr(run, "observe_probes", observe)
    graded(tp5, timeout_s=0.5)

    assert left["container-log container=dbserver"] > 0.2


def test_the_wait_is_told_with_its_budget(monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab) -> None:
    young = changed(solution(), RUNNING, 5.0, stable=False)
    given(monkeypatch, [young, solution()])
    waits: list[tuple[Sequence[str], float]] = []

    run.grade_lab(tp5, Nowhere(), RunOptions(lang="en"), lambda titles, left: waits.append((titles, left)))

    assert waits == [(["Container dbserver (postgres) is running"], 10.0)]


def test_without_waiting_what_is_inside_its_budget_is_unknown_at_once_and_said_to_be_starting(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    young = changed(solution(), RUNNING, 5.0, stable=False)
    asked = given(monkeypatch, [young, solution()])
    monkeypatch.setattr("dckgrade.grading.run.time.sleep", lambda _s: pytest.fail("it waited"))

    report = run.grade_lab(tp5, Nowhere(), RunOptions(at_once=True))

    assert len(asked) == 1
    assert report.starting == ["dbserver-running"]
    assert not report.complete
    line = next(result for result in report.checks if result.id == "dbserver-running")
    assert line.verdict == "unknown"


def test_a_run_that_was_cut_off_leaves_nothing_behind_for_the_next(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    young = changed(solution(), RUNNING, 5.0, stable=False)
    given(monkeypatch, [young, solution()])
    parts, choice = [run.LabSelection(tp5)], RunOptions(at_once=True)

    (first,), (second,) = (run.grade_labs(parts, Nowhere(), choice) for _ in range(2))

    assert first.starting == ["dbserver-running"]
    assert (second.starting, second.complete, verdicts(second)) == ([], True, {})


def test_one_lab_that_waits_lets_the_others_be_judged_by_what_is_seen_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tp5: LoadedLab
) -> None:
    done = solution()
    young = changed(done, RUNNING, 0.2, stable=False)
    tp1 = load_built_in_lab("tp1")
    raw = (FIXTURES / "tp1" / "solution" / "recording.json").read_bytes()
    swarm = dict(codec.from_json(raw, "solution").observations)
    asked = given(monkeypatch, [young | swarm, done | swarm])

    first, other = run.grade_labs([run.LabSelection(tp1), run.LabSelection(tp5)], Nowhere(), RunOptions())

    assert (verdicts(first), verdicts(other)) == ({}, {})
    assert asked[1] == {RUNNING, ACCEPTS}, "the lab that does not wait is left alone meanwhile"
    assert asked[-1] == set(done) | set(swarm), "and seen once more with the other at the end"
