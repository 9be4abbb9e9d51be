"""Kind `grafana-series`: the containers that come back when Grafana asks its data source."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, structs

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import grafana_api, series
from dckgrade.probes.monitoring.cadvisor_job import map_intervals_s
from dckgrade.probes.monitoring.grafana_api import PrometheusSource
from dckgrade.probes.monitoring.prometheus_api import TARGETS_PATH
from dckgrade.probes.support.http_json import HttpRequester, as_mapping, iter_mappings
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(series.MatchedContainers, frozen=True, kw_only=True):
    """The containers that come through; all empty where Grafana lets nobody in."""

    answered: int
    """How many data sources gave an answer."""


class GrafanaSeries(Probe, frozen=True, kw_only=True, tag="grafana-series"):
    """Ask for the containers that cAdvisor has seen, through the Grafana in *container*."""

    container: ContainerName = "grafana"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Grafana n'a été trouvé", en="no Grafana container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "fresh": Text(
            fr="conteneurs de ce moteur aux mesures récentes",
            en="containers of this engine with recent metrics",
        ),
        "named": Text(fr="conteneurs désignés par leur nom", en="containers given by name"),
        "stale": Text(fr="conteneurs aux mesures anciennes", en="containers with old metrics"),
        "foreign": Text(fr="conteneurs d'un autre moteur", en="containers of another engine"),
        "foreign_named": Text(
            fr="conteneurs nommés d'un autre moteur", en="named containers of another engine"
        ),
        "jobs": Text(fr="jobs de ces mesures", en="jobs of these metrics"),
        "answered": Text(fr="sources de données qui ont répondu", en="data sources that answered"),
    }
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("grafana")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="grafana")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, log in, ask each source until one names a container of this engine."""
        try:
            answered = grafana_api.open_grafana(engine, self.container)
            opened = answered.answer
            facts = read_source_series_facts(opened.ask if opened else None, engine)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("grafana-series", trouble)
        return Seen(kind="grafana-series", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def read_source_series_facts(ask: HttpRequester | None, engine: Engine) -> Facts:
    """Take the first source that names one; else what the last one gave."""
    found, answered = series.NO_CONTAINERS, 0
    for source in grafana_api.list_prometheus_sources(ask) if ask else ():
        given = fetch_source_containers(ask, source, engine) if ask else None
        if given is not None:
            found, answered = given, answered + 1
        if found.named:
            break
    return Facts(**structs.asdict(found), answered=answered)


def fetch_source_containers(
    ask: HttpRequester, source: PrometheusSource, engine: Engine
) -> series.MatchedContainers | None:
    """Have Grafana ask its source; None where that does not answer."""

    def request(path: str) -> Any:
        return grafana_api.query_data_source(ask, source, path)

    if request(series.build_query_path("1")) is None:
        return None
    data = as_mapping(as_mapping(request(TARGETS_PATH.lstrip("/"))).get("data"))
    intervals = map_intervals_s([], list(iter_mappings(data.get("activeTargets"))))
    return series.fetch_containers(lambda promql: request(series.build_query_path(promql)), engine, intervals)
