"""Engines leave keys out and write null: whichever is missing, a probe sees less and never crashes."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dckgrade.probes.base import Probe, observation_key
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_log import ContainerLog
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.postgres import Postgres
from dckgrade.report.observation import Absent, Seen, Unobservable
from tests.probes.net.test_services import PAGE
from tests.support.fake_engine import ENGINES, RECORDED, FakeEngine, serving

GONE = msgspec.UNSET


def without_one(tree: Any, put: object) -> Iterator[str]:
    """Take one key of *tree* after the other away, or make it null, and put it back."""
    for path in list(paths(tree)):
        inner = tree
        for step in path[:-1]:
            inner = inner[step]
        whole = inner.pop(path[-1])
        if put is not GONE:
            inner[path[-1]] = put
        yield ".".join(map(str, path))
        inner[path[-1]] = whole


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List the path of every key of every mapping."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (*path, name)
            yield from paths(value, (*path, name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from paths(value, (*path, index))


def observed(fake_engine: FakeEngine, probe: Probe, note: str) -> None:
    fake_engine.serves = serving(PAGE if isinstance(probe, Http) else b"N")
    found = probe.observe(fake_engine)
    assert isinstance(found, Seen | Absent | Unobservable), (note, observation_key(probe))
    assert "canary" not in repr(found), note


@pytest.mark.parametrize("put", [GONE, None], ids=["missing", "null"])
@pytest.mark.parametrize("engine", ENGINES)
def test_no_missing_or_null_key_of_a_recorded_answer_crashes_a_probe(engine: str, put: object) -> None:
    fake_engine = FakeEngine(engine)
    for name in RECORDED:
        ref = fake_engine.id_of(name)
        stats, container = ContainerStats(container=name), Container(name=name, image="nginx")
        for note in without_one(fake_engine.measured[ref], put):
            observed(fake_engine, stats, f"stats {name} {note}")
        for note in without_one(fake_engine.inspected[ref], put):
            observed(fake_engine, container, f"inspect {name} {note}")
        for note in without_one(fake_engine.entry(name), put):
            observed(fake_engine, container, f"list {name} {note}")


@pytest.mark.parametrize("put", [GONE, None], ids=["missing", "null"])
@pytest.mark.parametrize("probe", [Http, Postgres, ContainerLog, ContainerStats])
def test_nor_a_probe_that_looks_at_the_container_s_service_or_log(probe: type[Any], put: object) -> None:
    fake_engine = FakeEngine()
    for name in ("envs", "published"):
        for answers in (fake_engine.inspect(name), fake_engine.entry(name)):
            for note in without_one(answers, put):
                observed(fake_engine, probe(container=name), f"{name} {note}")
