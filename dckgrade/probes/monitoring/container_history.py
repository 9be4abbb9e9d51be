"""Kind `container-history`: whether a container had predecessors of its name, as Prometheus remembers."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring.prometheus_api import find_open_api, query_prometheus, reach_prometheus
from dckgrade.probes.monitoring.series import CONTAINER_ID_PATTERN, iter_samples
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    ContainerName,
    convert_to_observation,
    find_container,
)
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

HISTORY = "1d"


class Facts(Struct, frozen=True, kw_only=True):
    """What is remembered of a container's name."""

    predecessors: int | None
    """How many others of this engine had it within a day; null where Prometheus does not answer."""


class ContainerHistory(Probe, frozen=True, kw_only=True, tag="container-history"):
    """Ask the Prometheus in *prometheus* which containers were called as *container* is."""

    container: ContainerName
    prometheus: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = {
        "predecessors": Text(
            fr="conteneurs précédents du même nom", en="earlier containers of the same name"
        ),
    }
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("prometheus")
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("only tells of a container's predecessors")
    example: ClassVar[Mapping[str, Any]] = {"container": "grafana"}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach Prometheus, ask for the ids that came under that name."""
        try:
            subject = find_container(engine, self.container, self.container)
            ask = find_open_api(reach_prometheus(engine, self.prometheus))
            answer = query_prometheus(ask, build_history_query(subject.name)) if ask else None
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-history", trouble)
        predecessors = None if answer is None else count_predecessors(answer, subject.id)
        return Seen(kind="container-history", facts=msgspec.to_builtins(Facts(predecessors=predecessors)))


def build_history_query(name: str) -> str:
    """Return a query for the ids that a cAdvisor has given under *name*."""
    return f'count by (job, instance, id) (count_over_time(container_last_seen{{name="{name}"}}[{HISTORY}]))'


def count_predecessors(answer: object, ref: str) -> int:
    """Count the other ids of each cAdvisor that also tells of *ref*; another one watches another engine."""
    ids_by_origin: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sample in iter_samples(answer):
        origin = (str(sample.labels.get("job")), str(sample.labels.get("instance")))
        # The last one has the name; those before are of containers that it runs in.
        ids_by_origin[origin].update(CONTAINER_ID_PATTERN.findall(str(sample.labels.get("id") or ""))[-1:])
    return len(set().union(*(ids for ids in ids_by_origin.values() if ref in ids)) - {ref})
