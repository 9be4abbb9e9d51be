"""Match the containers of a Prometheus query with this engine's own."""

import math
import re
from collections.abc import Iterator
from urllib.parse import quote

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.http_json import as_mapping, iter_mappings
from dckgrade.probes.support.lookup import list_container_names

_ID = re.compile(r"[0-9a-f]{64}")
_CONTAINERS_QUERY = 'max by (id, name) (container_last_seen{id=~".*[0-9a-f]{64}.*"})'
"""Other labels are left out: a container's own would make the answer very long."""
CONTAINERS_QUERY_PATH = f"api/v1/query?query={quote(_CONTAINERS_QUERY)}"


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


NO_CONTAINERS = MatchedContainers(fresh=[], named=[], stale=[], foreign=0, foreign_named=0)


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


def match_containers(answer: object, engine: Engine, fresh_s: float) -> MatchedContainers:
    """
    Hold what a query gave against this engine's containers.

    The id is somewhere in the control group's path, whose shape differs (`/docker/…`,
    `/system.slice/docker-….scope`, nested), and one container may be in several.
    """
    own = {
        str(entry.get("Id") or ""): next(iter(list_container_names(entry)), "")
        for entry in engine.list_containers()
    }
    identified = ((sample, _ID.search(str(sample.labels.get("id") or ""))) for sample in iter_samples(answer))
    found = [(sample, match[0]) for sample, match in identified if match]
    ages: dict[str, float] = {}
    for sample, key in found:
        ages[key] = min(sample.age_s, ages.get(key, sample.age_s))
    fresh = {key for key, age in ages.items() if key in own and age <= fresh_s}
    named = {key for sample, key in found if key in fresh and sample.labels.get("name")}
    return MatchedContainers(
        fresh=sorted(own[key] for key in fresh),
        named=sorted(own[key] for key in named),
        stale=sorted(own[key] for key in ages.keys() & own.keys() - fresh),
        foreign=len(ages.keys() - own.keys()),
        foreign_named=len({key for sample, key in found if key not in own and sample.labels.get("name")}),
    )
