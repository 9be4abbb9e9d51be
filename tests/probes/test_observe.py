"""Observing: each thing once, all at the same time, in time, and no crash costs anybody a point."""

import threading
import time

import msgspec
import pytest
from msgspec.structs import replace

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_log import ContainerLog
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.postgres import Postgres
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.registry import load_kinds
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import FakeEngine

ALL: list[Probe] = [
    Container(name="webservers", image="nginx"),
    ContainerLog(container="webservers"),
    ContainerStats(container="webservers"),
    Http(container="webservers"),
    Postgres(container="webservers"),
]


def test_equal_probes_have_equal_keys_and_are_made_once() -> None:
    assert observation_key(ALL[0]) == "container name=webservers image=nginx"
    assert observation_key(Container(name="webservers")) == "container name=webservers"


def test_the_key_of_an_observation_is_made_once_and_not_taken_over_by_another_probe() -> None:
    probe = Container(name="webservers")
    assert observation_key(probe) is observation_key(probe)
    other = replace(probe, name="dbserver")
    assert observation_key(other) == "container name=dbserver"
    assert probe == Container(name="webservers")
    assert msgspec.to_builtins(probe) == {"kind": "container", "name": "webservers"}
    assert observation_key(ALL[3]) == "http container=webservers port=80 path=/"
    seen = observe_probes([*ALL, *ALL, Http(container="webservers", path="/", port=80)], FakeEngine(), 5)
    assert {*seen} == {observation_key(probe) for probe in ALL}


def test_each_is_seen_under_the_name_of_its_kind() -> None:
    seen = observe_probes(ALL, FakeEngine(), 5)
    assert {type(probe) for probe in ALL} <= {*load_kinds()}
    for probe in ALL:
        found = seen[observation_key(probe)]
        assert isinstance(found, Seen)
        assert found.kind == kind_of(probe)
        assert {*found.facts} == {*probe.facts.__struct_fields__}


def test_the_slowest_questions_are_put_first() -> None:
    seen = observe_probes(ALL, FakeEngine(), 5)
    assert next(iter(seen)).startswith("container-stats ")


def test_what_comes_too_late_is_unobservable_and_the_rest_is_seen() -> None:
    class Slow(FakeEngine):
        def sample_stats(self, ref: str) -> Json:
            held.wait(5)
            return super().sample_stats(ref)

    held = threading.Event()
    start = time.monotonic()
    seen = observe_probes(ALL, Slow(), 0.3)
    held.set()
    assert time.monotonic() - start < 2
    assert seen[observation_key(ALL[2])] == Unobservable(
        kind="container-stats", why=UnobservableReason.DEADLINE
    )
    assert all(isinstance(seen[observation_key(probe)], Seen) for probe in ALL if probe is not ALL[2])


def test_without_time_nothing_is_seen_and_nothing_is_absent() -> None:
    seen = observe_probes(ALL, FakeEngine(), 0)
    assert {type(observation) for observation in seen.values()} == {Unobservable}


@pytest.mark.parametrize(
    ("trouble", "why", "detail"),
    [
        (
            OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 500"),
            UnobservableReason.ENGINE_ERROR,
            "HTTP 500",
        ),
        (ZeroDivisionError("x" * 500), UnobservableReason.CRASH, "ZeroDivisionError: " + "x" * 181),
        (TimeoutError("of the call's own"), UnobservableReason.CRASH, "TimeoutError: of the call's own"),
        (RecursionError("deep"), UnobservableReason.CRASH, "RecursionError: deep"),
    ],
)
def test_a_crash_is_no_failure_of_the_trainee(
    trouble: Exception, why: UnobservableReason, detail: str
) -> None:
    engine = FakeEngine()
    engine.trouble["container"] = trouble
    seen = observe_probes([ALL[0]], engine, 5)[observation_key(ALL[0])]
    assert isinstance(seen, Unobservable)
    assert (seen.kind, seen.why, seen.detail) == ("container", why, detail)


def test_it_is_noted_how_long_each_took() -> None:
    class Steady(FakeEngine):
        def sample_stats(self, ref: str) -> Json:
            time.sleep(0.05)
            return super().sample_stats(ref)

    seen = observe_probes([ALL[2], Container(name="nobody")], Steady(), 5)
    assert seen[observation_key(ALL[2])].duration_ms >= 50
    absent = seen["container name=nobody"]
    assert isinstance(absent, Absent)
    assert absent.duration_ms < 50
