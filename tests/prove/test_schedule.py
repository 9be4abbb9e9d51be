"""One queue for all labs: which case comes next, on which engine, and what ends it early."""

import json
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType

import pytest
from msgspec.structs import replace

from dckgrade.prove import live, schedule
from dckgrade.prove.case import Case, CaseKind, Expectation
from dckgrade.prove.engines.release import RELEASES
from dckgrade.prove.engines.settings import EngineSetting
from dckgrade.prove.images import LabImages
from dckgrade.prove.proof import CaseOutcome
from dckgrade.prove.schedule import CaseQueue, PlannedCase, PlannedLab, Schedule
from tests.support.built_in_labs import load_built_in_lab

ONE = EngineSetting()
GUEST = EngineSetting(guest=True)


def plan(
    folder: Path, lab: str, durations: Mapping[str, int], setting: EngineSetting = ONE, used_up: str = ""
) -> PlannedLab:
    """Plan a lab with a case for each recorded duration, in seconds."""
    cases = []
    for name, seconds in durations.items():
        home = folder / lab / name
        home.mkdir(parents=True)
        (home / "recording.json").write_text(json.dumps({"duration_ms": 1000 * seconds}))
        expectation = Expectation(needs_fresh_engine=name == used_up)
        cases.append(Case(lab, name, CaseKind.MISTAKE, home, expectation))
    return PlannedLab(load_built_in_lab(lab), cases, setting, LabImages([], folder / lab))


def take_all(queue: CaseQueue, engines: int = 1) -> list[str]:
    """Take every case, the engines in turn."""
    taken: list[str] = []
    at: list[PlannedLab | None] = [None] * engines
    while any(planned := [queue.take(lab) for lab in at]):
        at = [case.lab if case else None for case in planned]
        taken += [f"{case.lab.id} {case.case.name}" for case in planned if case]
    return taken


def test_the_longest_recorded_case_comes_first(tmp_path: Path) -> None:
    queue = CaseQueue([plan(tmp_path, "tp5", {"short": 1, "long": 9, "middle": 5})])

    assert take_all(queue) == ["tp5 long", "tp5 middle", "tp5 short"]


def test_a_case_without_a_recording_takes_a_usual_time(tmp_path: Path) -> None:
    assert schedule.estimate_duration_s(Case("tp5", "x", CaseKind.MISTAKE, tmp_path, Expectation())) > 0


def test_a_case_that_uses_its_engine_up_comes_last(tmp_path: Path) -> None:
    queue = CaseQueue([plan(tmp_path, "tp5", {"hangs": 60, "short": 1}, used_up="hangs")])

    assert take_all(queue) == ["tp5 short", "tp5 hangs"]


def test_an_engine_stays_at_its_lab_and_then_turns_to_another_of_its_setting(tmp_path: Path) -> None:
    labs = [
        plan(tmp_path, "tp5", {"a": 50, "b": 1}),
        plan(tmp_path, "tp3", {"c": 30, "d": 30}, GUEST),  # with the time to apply, 80 s: more than TP5's 71
        plan(tmp_path, "tp4", {"e": 2}),
    ]

    assert take_all(CaseQueue(labs)) == ["tp3 c", "tp3 d", "tp5 a", "tp5 b", "tp4 e"]


def test_a_second_engine_begins_with_the_lab_that_is_most_behind(tmp_path: Path) -> None:
    labs = [plan(tmp_path, "tp5", {"a": 50, "b": 49}), plan(tmp_path, "tp4", {"c": 70})]

    assert take_all(CaseQueue(labs), engines=2)[:2] == ["tp5 a", "tp4 c"]


def test_each_setting_has_an_engine_of_its_own_before_one_has_two(tmp_path: Path) -> None:
    labs = [plan(tmp_path, "tp5", {"a": 50, "b": 49}), plan(tmp_path, "tp3", {"c": 1}, GUEST)]

    assert take_all(CaseQueue(labs), engines=2)[:2] == ["tp5 a", "tp3 c"]


def test_no_second_guest_is_started_for_less_than_it_takes_to_start(tmp_path: Path) -> None:
    labs = [
        plan(tmp_path, "tp5", {"a": 1}),
        plan(tmp_path, "tp3", {f"case {number}": 5 for number in range(6)}, GUEST),
    ]
    queue = CaseQueue(labs)
    first, second = queue.take(None), queue.take(None)
    assert first
    assert second
    assert {first.lab.id, second.lab.id} == {"tp5", "tp3"}

    at_tp5 = first.lab if first.lab.id == "tp5" else second.lab

    assert queue.take(at_tp5) is None


class CountedEngine:
    """An engine of nothing, which counts how often it was started and stopped."""

    host = "unix:///nowhere"
    script_environment: Mapping[str, str] = {}

    def __init__(self, setting: EngineSetting) -> None:
        self.setting, self.events = setting, list[str]()

    def __enter__(self) -> None:
        self.events.append("start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.events.append("stop")

    def empty(self) -> None:
        self.events.append("empty")

    def enter_network(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[CountedEngine]:
    """List the engines that a schedule creates; applying a case does nothing."""
    monkeypatch.setattr(live, "list_image_references", lambda _host: set())
    monkeypatch.setattr(live, "remove_images", lambda _host, _kept: None)
    return []


def run_schedule(
    labs: list[PlannedLab], engines: list[CountedEngine], count: int = 1
) -> tuple[schedule.CaseOutcomes, list[tuple[str, str, int, int]]]:
    """Run all cases on *count* counted engines at a time; return the outcomes and the progress told."""

    def create(setting: EngineSetting) -> live.PreparedEngine:
        engines.append(CountedEngine(setting))
        return live.PreparedEngine(engines[-1], engines[-1])

    progress: list[tuple[str, str, int, int]] = []
    done = Schedule(labs, lambda *words: progress.append(words)).run([create] * count)
    return done, progress


def give_outcome(planned: PlannedCase, _engine: live.DisposableEngine) -> CaseOutcome:
    return CaseOutcome(case=planned.case)


def test_one_engine_proves_several_labs_and_another_setting_gets_its_own(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "apply_and_grade", give_outcome)
    labs = [
        plan(tmp_path, "tp5", {"a": 50, "b": 1}),
        plan(tmp_path, "tp4", {"c": 5}),
        plan(tmp_path, "tp3", {"d": 1}, GUEST),
    ]

    done, progress = run_schedule(labs, engines)

    assert [engine.setting for engine in engines] == [ONE, GUEST]
    assert [engine.events for engine in engines] == [
        ["start", "empty", "empty", "stop"],
        ["start", "empty", "stop"],
    ]
    assert progress == [("tp5", "a", 1, 2), ("tp5", "b", 2, 2), ("tp4", "c", 1, 1), ("tp3", "d", 1, 1)]
    assert set(done) == {
        *((("tp5", "installed"), "a"), (("tp5", "installed"), "b")),
        *((("tp4", "installed"), "c"), (("tp3", "installed"), "d")),
    }


def test_one_proof_has_a_lab_on_engines_of_two_releases(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "apply_and_grade", give_outcome)
    newer = EngineSetting(release=RELEASES["trixie"])
    labs = [
        plan(tmp_path / "here", "tp5", {"a": 50, "b": 1}),
        plan(tmp_path / "there", "tp5", {"a": 50}, newer),
    ]

    done, progress = run_schedule(labs, engines)

    assert [engine.setting for engine in engines] == [ONE, newer]
    assert progress == [("tp5", "a", 1, 2), ("tp5", "b", 2, 2), ("tp5", "a", 1, 1)]
    assert [outcome.case.folder for outcome in done.values()] == [
        *(tmp_path / "here" / "tp5" / name for name in "ab"),
        tmp_path / "there" / "tp5" / "a",
    ]


def test_an_engine_that_was_used_up_is_replaced_before_the_next_case(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "apply_and_grade", give_outcome)
    labs = [
        plan(tmp_path, "tp5", {"hangs": 60, "short": 1}, used_up="hangs"),
        plan(tmp_path, "tp4", {"c": 5}),
    ]

    run_schedule(labs, engines)

    assert [engine.events for engine in engines] == [["start", "empty", "stop"]] * 2


def test_a_case_that_could_not_be_applied_is_tried_once_more_on_a_new_engine(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def apply(planned: PlannedCase, _engine: live.DisposableEngine) -> CaseOutcome:
        tried.append(planned.case.name)
        is_refused = planned.case.name == "never" or tried.count(planned.case.name) == 1
        return CaseOutcome(case=planned.case, failure="refused" if is_refused else "")

    monkeypatch.setattr(schedule, "apply_and_grade", apply)

    done, _ = run_schedule([plan(tmp_path, "tp5", {"never": 9, "once": 1})], engines)

    assert tried == ["never", "never", "once", "once"]
    assert [outcome.failure for outcome in done.values()] == ["refused", ""]
    assert [engine.events for engine in engines] == [["start", "empty", "stop"]] * 3


def test_an_engine_that_loses_images_is_replaced_where_cases_load_some(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "apply_and_grade", give_outcome)
    forgetful = EngineSetting(release=RELEASES["trixie-containerd"])
    planned = plan(tmp_path, "tp4", {"a": 2, "b": 1}, forgetful)
    loading = replace(planned, images=LabImages([], tmp_path, {"SHELF_NGINX": "nginx.tar"}))

    run_schedule([planned], engines)
    assert len(engines) == 1
    run_schedule([loading], engines)
    assert len(engines) == 3


def test_an_error_ends_the_proof_with_every_engine_stopped(
    tmp_path: Path, engines: list[CountedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_planned: PlannedCase, _engine: live.DisposableEngine) -> CaseOutcome:
        raise OSError("disk full")

    monkeypatch.setattr(schedule, "apply_and_grade", fail)

    with pytest.raises(OSError, match="disk full"):
        run_schedule([plan(tmp_path, "tp5", {"a": 1, "b": 1, "c": 1})], engines, count=2)

    assert all(engine.events[-1] == "stop" for engine in engines)


def test_a_closed_lane_starts_no_further_engine(tmp_path: Path, engines: list[CountedEngine]) -> None:
    def create(setting: EngineSetting) -> live.PreparedEngine:
        engines.append(CountedEngine(setting))
        return live.PreparedEngine(engines[-1], engines[-1])

    lane = schedule.Lane(create, threading.Lock())
    lane.close(for_good=True)

    with pytest.raises(schedule.Interrupted):
        lane.prepare(plan(tmp_path, "tp5", {"a": 1}))
    assert engines == []
