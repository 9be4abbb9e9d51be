"""Ask a Prometheus for the figures of containers, and match them with this engine's own."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.http_json import as_mapping, iter_mappings
from dckgrade.probes.support.lookup import list_container_names

QuerySender = Callable[[str], Any]
"""A PromQL query → the decoded answer; None where the source does not answer."""

CONTAINER_METRICS = '{__name__=~"container_.+"%s}'
BY_ID, BY_NAME = ',id=~".*[0-9a-f]{64}.*"', ',name=~".+"'
"""Ids prove whose containers they are; names serve where a configuration has dropped the ids."""
CONTAINER_ID_PATTERN = compile_lazily(r"[0-9a-f]{64}")
PREFERRED_METRICS = (
    "container_last_seen",
    "container_memory_usage_bytes",
    "container_cpu_usage_seconds_total",
)
MAX_METRICS = 4
"""A configuration may keep a few metrics only, and some are not of every container."""
LOOKBACK_S, SUBQUERY_STEP_S = 300.0, 60
"""For how long Prometheus shows a figure; older ones have to be asked for over a time."""
FRESH_SCRAPES, FRESH_GRACE_S, DEFAULT_INTERVAL_S = 2, 90.0, 60.0
"""
Fresh is what two scrapes, cAdvisor's minute between two looks at an idle container (its
`max_housekeeping_interval`) and half a minute explain; Prometheus's own interval is a minute.
"""
MAX_WINDOW_S = 6 * 3600.0
_DURATION_PATTERN = compile_lazily(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Sample(Struct, frozen=True):
    """One value."""

    labels: Json
    value: float
    age_s: float
    """How long before the question that number, read as a time, lies."""


class MatchedContainers(Struct, frozen=True, kw_only=True):
    """The containers of a query, held against the engine's own; names, sorted."""

    fresh: list[str]
    """Containers of this engine that were seen just now."""
    named: list[str]
    """Those of them whose name is told too, which dashboards live by."""
    stale: list[str]
    """Containers of this engine seen some time ago: kept for five minutes, whatever became of them."""
    foreign: int
    """How many ids are no container of this engine."""
    foreign_named: int
    """How many of those have a name: another engine's cAdvisor tells of them."""
    jobs: list[str]
    """The jobs by whose label figures of this engine's containers come, fresh or not."""


NO_CONTAINERS = MatchedContainers(fresh=[], named=[], stale=[], foreign=0, foreign_named=0, jobs=[])


def build_query_path(promql: str) -> str:
    """Return the path below the API's root that sends *promql*."""
    return f"api/v1/query?query={quote(promql)}"


def fetch_containers(
    query: QuerySender, engine: Engine, intervals: Mapping[str, float]
) -> MatchedContainers | None:
    """
    Ask for the containers of any `container_` metric; None where the source does not answer.

    *intervals* are the seconds between two scrapes by job: they tell what is fresh, and how far back to ask.
    """
    window_s = choose_window_s(intervals)
    for labels in (BY_ID, BY_NAME):
        selector = CONTAINER_METRICS % labels
        listed = query(f"count by (__name__) ({select_recent(selector, window_s)})")
        if listed is None:
            return None
        if metrics := choose_metrics(listed):
            terms = [build_time_term(metric, labels, window_s) for metric in metrics]
            answer = query(" or ".join(terms))
            return None if answer is None else match_containers(answer, engine, intervals)
    return NO_CONTAINERS


def choose_window_s(intervals: Mapping[str, float]) -> float | None:
    """Return how far back a fresh figure may lie; None where Prometheus shows it without being told."""
    window_s = allow_age_s(max(intervals.values(), default=DEFAULT_INTERVAL_S))
    return None if window_s < LOOKBACK_S else min(window_s, MAX_WINDOW_S)


def allow_age_s(interval_s: float) -> float:
    """Return for how many seconds a figure is fresh that is scraped every *interval_s*."""
    return FRESH_SCRAPES * interval_s + FRESH_GRACE_S


def select_recent(selector: str, window_s: float | None) -> str:
    """Return a query for what *selector* names, *window_s* back: `last_over_time` keeps the metric's name."""
    return f"last_over_time({selector}[{window_s:.0f}s])" if window_s else selector


def build_time_term(metric: str, labels: str, window_s: float | None) -> str:
    """Return a query for the time of each container's last sample; others' labels would make it very long."""
    times = f"timestamp({metric}{{{labels.lstrip(',')}}})"
    recent = f"max_over_time({times}[{window_s:.0f}s:{SUBQUERY_STEP_S}s])" if window_s else times
    return f"max by (job, id, name) ({recent})"


def choose_metrics(listed: object) -> list[str]:
    """Choose among the metrics of an answer, the best known first, then those of most containers."""
    counted = {str(sample.labels.get("__name__") or ""): sample.value for sample in iter_samples(listed)}
    ordered = sorted(
        (metric for metric in counted if metric),
        key=lambda metric: (metric not in PREFERRED_METRICS, -counted[metric], metric),
    )
    return ordered[:MAX_METRICS]


def iter_samples(answer: object) -> Iterator[Sample]:
    """Read a query's vector; its numbers are texts."""
    for result in iter_mappings(as_mapping(as_mapping(answer).get("data")).get("result")):
        match result.get("value"):
            case [float() | int() as at, str() as text]:
                value = parse_sample_number(text)
                if not math.isnan(value):
                    yield Sample(as_mapping(result.get("metric")), value, at - value)
            case _:
                continue


def parse_sample_number(text: str) -> float:
    """Read a number; Prometheus also writes NaN and +Inf."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def match_containers(answer: object, engine: Engine, intervals: Mapping[str, float]) -> MatchedContainers:
    """
    Compare what a query gave with this engine's containers.

    The id is somewhere in the control group's path, whose shape differs (`/docker/…`,
    `/system.slice/docker-….scope`, nested), and one container may be in several.
    """
    own = {
        str(entry.get("Id") or ""): next(iter(list_container_names(entry)), "")
        for entry in engine.list_containers()
    }
    identified = [(sample, identify_container(sample, own)) for sample in iter_samples(answer)]
    found = [(sample, key) for sample, key in identified if key]
    ours = [(sample, key) for sample, key in found if key in own]
    longest_s = max(intervals.values(), default=DEFAULT_INTERVAL_S)
    fresh = {
        key
        for sample, key in ours
        if sample.age_s <= allow_age_s(intervals.get(str(sample.labels.get("job")), longest_s))
    }
    named = {key for sample, key in ours if key in fresh and sample.labels.get("name")}
    foreign = {key for _, key in found} - own.keys()
    return MatchedContainers(
        fresh=sorted(own[key] for key in fresh),
        named=sorted(own[key] for key in named),
        stale=sorted({own[key] for _, key in ours} - {own[key] for key in fresh}),
        foreign=len(foreign),
        foreign_named=len({key for sample, key in found if key in foreign and sample.labels.get("name")}),
        jobs=sorted({str(sample.labels.get("job") or "") for sample, _ in ours} - {""}),
    )


def identify_container(sample: Sample, own: Mapping[str, str]) -> str:
    """Return the container's id; by its name alone, the id of ours called so, else that name; '' for none."""
    if found := CONTAINER_ID_PATTERN.findall(str(sample.labels.get("id") or "")):
        # An engine that runs in a container has its groups within that one's.
        return next((ref for ref in found if ref in own), str(found[0]))
    name = "" if sample.labels.get("id") else str(sample.labels.get("name") or "")
    return next((ref for ref, ours in own.items() if ours == name), name)


def parse_duration_s(duration: str) -> float:
    """Read a duration as Prometheus writes it: `5s`, `1m0s`, `1h30m`; its default for anything else."""
    parts = _DURATION_PATTERN.findall(duration)
    return sum(float(count) * _UNITS_S[unit] for count, unit in parts) or DEFAULT_INTERVAL_S
