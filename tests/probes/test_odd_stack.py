"""Elasticsearch, Logstash and Kibana of another version, another program in their place: nothing crashes."""

import json
from typing import Any

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer
from dckgrade.probes.base import Probe
from dckgrade.probes.elastic.elastic_network import ElasticNetwork
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.elastic.log_marker import LogMarker
from dckgrade.probes.elastic.logstash import Logstash
from dckgrade.probes.elastic.logstash_log import LogstashLog
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
    engine = Stack()
    engine.pages |= {
        "5601/api/status": NOT_READY,
        "9200/_cat/indices": page([{"index": "logs", "docs.count": "7"}]),
        "9200/_all/_settings": page({"logs": {"settings": {"index.blocks.read_only_allow_delete": "true"}}}),
        "9200/_search": hits(("logs", {"message": "dckgrade"})),
    }
    return engine


def observed(engine: Stack, probe: Probe, note: str) -> None:
    engine.__dict__.pop("_of_run", None)
    found = probe.observe(engine)
    assert isinstance(found, Seen | Absent | Unobservable), note


@kinds
@pytest.mark.parametrize("put", [GONE, None], ids=["missing", "null"])
def test_no_missing_or_null_key_of_the_engine_s_answers_crashes_a_probe(probe: Probe, put: Any) -> None:
    engine = whole()
    for name in ("elasticsearch", "logstash", "kibana", "web"):
        for answers in (engine.inspect(name), engine.entry(name)):
            for note in without_one(answers, put):
                observed(engine, probe, f"{name} {note}")


@kinds
@pytest.mark.parametrize("put", [GONE, None, [], {}, "x", 7], ids=repr)
def test_nor_does_an_odd_value_in_a_service_s_answer(probe: Probe, put: Any) -> None:
    engine = whole()
    for path, given in list(engine.pages.items()):
        assert isinstance(given, HttpAnswer)
        if given.body[:1] not in {b"{", b"["}:
            continue
        holder = {"": json.loads(given.body)}
        for note in without_one(holder, put):
            engine.pages[path] = page(holder.get("", {}))
            observed(engine, probe, f"{path} {note}")
        engine.pages[path] = given


@kinds
@pytest.mark.parametrize(
    "answer",
    [page(b"<html>"), page({}, 500), page([], 503), page("x"), NoAnswer("garbled"), NoAnswer("silent")],
)
def test_nor_does_another_program_in_its_place(probe: Probe, answer: HttpAnswer | NoAnswer) -> None:
    engine = whole()
    for path, given in list(engine.pages.items()):
        engine.pages[path] = answer
        observed(engine, probe, path)
        engine.pages[path] = given
