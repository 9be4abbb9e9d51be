"""Elasticsearch, Logstash and Kibana of another version, another program in their place: nothing crashes."""

import json
from typing import Any

import pytest

from dckgrade.engine.protocol import HttpAnswer, NoAnswer
from dckgrade.probes.elastic.elastic_network import ElasticNetwork
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.elastic.log_marker import LogMarker
from dckgrade.probes.elastic.logstash import Logstash
from dckgrade.probes.elastic.logstash_log import LogstashLog
from dckgrade.probes.registry import Probe
from dckgrade.report.observation import Absent, Seen, Unobservable
from tests.probes.test_missing_keys import GONE, without_one
from tests.support.elastic_stack import NOT_READY, Stack, hits
from tests.support.monitoring import page

PROBES: list[Probe] = [
    Elasticsearch(), Logstash(), LogstashLog(), Kibana(), ElasticNetwork(), LogMarker(),
]  # fmt: skip
kinds = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: type(probe).__name__)


def whole() -> Stack:
    """Give a world in which everything answers, and Kibana must be looked into."""
    world = Stack()
    world.pages |= {
        "5601/api/status": NOT_READY,
        "9200/_cat/indices": page([{"index": "logs", "docs.count": "7"}]),
        "9200/_all/_settings": page({"logs": {"settings": {"index.blocks.read_only_allow_delete": "true"}}}),
        "9200/_search": hits(("logs", {"message": "dckgrade"})),
    }
    return world


def observed(world: Stack, probe: Probe, note: str) -> None:
    world.__dict__.pop("_of_run", None)
    found = probe.observe(world)
    assert isinstance(found, Seen | Absent | Unobservable), note


@kinds
@pytest.mark.parametrize("put", [GONE, None], ids=["missing", "null"])
def test_no_missing_or_null_key_of_the_engine_s_answers_crashes_a_probe(probe: Probe, put: Any) -> None:
    world = whole()
    for name in ("elasticsearch", "logstash", "kibana", "web"):
        for answers in (world.inspect(name), world.entry(name)):
            for note in without_one(answers, put):
                observed(world, probe, f"{name} {note}")


@kinds
@pytest.mark.parametrize("put", [GONE, None, [], {}, "x", 7], ids=repr)
def test_nor_does_an_odd_value_in_a_service_s_answer(probe: Probe, put: Any) -> None:
    world = whole()
    for path, given in list(world.pages.items()):
        assert isinstance(given, HttpAnswer)
        if given.body[:1] not in {b"{", b"["}:
            continue
        holder = {"": json.loads(given.body)}
        for note in without_one(holder, put):
            world.pages[path] = page(holder.get("", {}))
            observed(world, probe, f"{path} {note}")
        world.pages[path] = given


@kinds
@pytest.mark.parametrize(
    "answer",
    [page(b"<html>"), page({}, 500), page([], 503), page("x"), NoAnswer("garbled"), NoAnswer("silent")],
)
def test_nor_does_another_program_in_its_place(probe: Probe, answer: HttpAnswer | NoAnswer) -> None:
    world = whole()
    for path, given in list(world.pages.items()):
        world.pages[path] = answer
        observed(world, probe, path)
        world.pages[path] = given
