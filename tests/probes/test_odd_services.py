"""Prometheus and Grafana of another version, another program in their place: nothing crashes."""

import json
from typing import Any

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer
from dckgrade.probes.base import Probe
from dckgrade.probes.monitoring.cadvisor import Cadvisor
from dckgrade.probes.monitoring.grafana import Grafana
from dckgrade.probes.monitoring.grafana_dashboard import GrafanaDashboard
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.prometheus import Prometheus
from dckgrade.probes.monitoring.prometheus_file import PrometheusFile
from dckgrade.probes.monitoring.prometheus_log import PrometheusLog
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries
from dckgrade.probes.monitoring.prometheus_target import PrometheusTarget
from dckgrade.report.observation import Absent, Seen, Unobservable
from tests.probes.monitoring.test_container_series import engine_with
from tests.probes.monitoring.test_grafana import GOOD, HEALTH, OF_893, source
from tests.probes.test_missing_keys import GONE, without_one
from tests.support.monitoring import Monitored, page

PROBES: list[Probe] = [
    Prometheus(),
    PrometheusFile(),
    PrometheusLog(),
    PrometheusSeries(),
    PrometheusTarget(),
    Cadvisor(),
    Grafana(),
    GrafanaDashboard(),
    GrafanaSeries(),
]
kinds = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: type(probe).__name__)
puts = pytest.mark.parametrize("put", [GONE, None, [], {}, "x", 7], ids=repr)


def whole() -> Monitored:
    """Give a world in which everything is as it should be."""
    engine = engine_with((f"/docker/{Monitored().id_of('grafana')}", "grafana", 1))
    proxied = engine.pages["9090/api/v1/query?query=max by"]
    engine.pages |= {
        "3000/api/datasources": page([source()]),
        HEALTH: GOOD,
        "3000/api/datasources/proxy/uid/u": proxied,
        "3000/api/search": page([{"uid": "d", "title": "x"}]),
        "3000/api/dashboards/uid/d": page({"meta": {}, "dashboard": OF_893}),
    }
    return engine


def observed(engine: Monitored, probe: Probe, note: str) -> None:
    found = probe.observe(engine)
    assert isinstance(found, Seen | Absent | Unobservable), note


@kinds
@pytest.mark.parametrize("put", [GONE, None], ids=["missing", "null"])
def test_no_missing_or_null_key_of_the_engine_s_answers_crashes_a_probe(probe: Probe, put: Any) -> None:
    engine = whole()
    for name in ("prometheus", "cadvisor", "grafana"):
        for answers in (engine.inspect(name), engine.entry(name)):
            for note in without_one(answers, put):
                observed(engine, probe, f"{name} {note}")


@kinds
@puts
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
