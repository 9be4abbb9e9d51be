"""Recordings of engines: what is asked for, in which order, how long; read off recorded and made engines."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import record
from dckgrade.probes.base import kind_of
from dckgrade.probes.registry import find_kind
from dckgrade.probes.support.supply import ContainerEntry, Inventory
from dckgrade.report.observation import EngineInfo
from tests.support.fake_engine import FakeEngine
from tests.support.recordable_engine import prepare_full_engine

WEB = ContainerEntry(name="web", running=True, ports=(80,), networks=frozenset(["back"]))
DB = replace(WEB, name="db", ports=(5432,))


class Source:
    """A made engine as often as it is looked at, and what was said of the progress."""

    def __init__(self, looked_at: FakeEngine) -> None:
        self.engine: EngineInfo = looked_at.engine
        self.fake, self.ended, self.said = looked_at, False, list[Any]()

    def take_snapshot(self, _options: RunOptions = RunOptions()) -> Engine:
        return self.fake

    def end_run(self, within_s: float, *, keep: bool = False) -> None:
        self.ended = within_s > 0 and not keep

    def wait(self, containers: Sequence[str], seconds: float) -> None:
        self.said.append((tuple(containers), seconds))

    def show(self, done: int, total: int) -> None:
        self.said.append((done, total))


def test_the_cheapest_is_looked_at_first_and_what_acts_only_if_it_may() -> None:
    held = Inventory(containers=(DB, WEB))
    passive, active = ([*record.plan_probes(held, passive=allowed)] for allowed in (True, False))

    assert all(probe.passive for probe in passive)
    assert {kind_of(probe) for probe in active if not probe.passive} >= {"postgres", "network-reach"}
    assert [probe.cost for probe in active] == sorted(probe.cost for probe in active)


def test_the_later_container_is_tried_towards_the_earlier_one() -> None:
    planned = record.plan_probes(Inventory(containers=(DB, WEB)), passive=False)

    reaching = [probe for probe in planned if kind_of(probe) == "network-reach"]
    assert [(probe.from_, probe.to, probe.port) for probe in reaching] == [("web", "db", 5432)]  # type: ignore[attr-defined]


def test_a_name_that_no_lab_can_write_is_not_looked_at() -> None:
    planned = record.plan_probes(Inventory(containers=(replace(WEB, name="-web"),)), passive=True)

    assert "container" not in {kind_of(probe) for probe in planned}


def test_an_engine_is_recorded_whole_and_the_run_ended() -> None:
    source = Source(prepare_full_engine())
    made = record.record_engine(source, RunOptions(passive=True), source)

    assert made.recording.complete
    assert [*made.probes] == [*made.recording.observations]
    assert all(find_kind(str(written["kind"])) for written in made.probes.values())
    assert source.ended
    assert source.said[0] == (0, len(made.probes))


def test_an_engine_that_holds_too_much_is_recorded_in_part_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record, "MAX_PROBES", 5)
    source = Source(prepare_full_engine())
    made = record.record_engine(source, RunOptions(passive=True), source)

    assert (len(made.probes), made.recording.complete) == (5, False)


def test_a_recording_for_which_the_time_is_up_is_not_whole() -> None:
    source = Source(prepare_full_engine())
    made = record.record_engine(source, RunOptions(passive=True, timeout_s=0), source)

    assert not made.recording.complete
    assert made.probes


def test_a_container_that_was_just_started_is_given_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    fake = prepare_full_engine().only("webservers")
    fake.inspect("webservers")["State"]["StartedAt"] = (
        fake.clock.isoformat().replace("+00:00", "Z").replace("000000", "")
    )
    source = Source(fake)
    record.record_engine(source, RunOptions(passive=True, timeout_s=90), source)

    assert source.said[0][0] == ("webservers",)
    assert 15 < slept[0] <= record.SETTLED_S


def test_the_wait_leaves_half_of_the_run_for_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    fake = prepare_full_engine().only("webservers")
    fake.inspect("webservers")["State"]["StartedAt"] = ""
    source = Source(fake)
    record.record_engine(source, RunOptions(passive=True, timeout_s=3), source)

    assert 0 < slept[0] <= 1.5
