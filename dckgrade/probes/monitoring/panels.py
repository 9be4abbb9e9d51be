"""Count the panels of a dashboard by what they query, and find whether a data source feeds them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.probes.monitoring.grafana_api import PrometheusSource
from dckgrade.probes.support.http_json import as_mapping, iter_mappings

MAX_PANEL_DEPTH = 5
"""Panels lie in rows, rows in dashboards, and libraries' panels no deeper."""


class PanelCounts(Struct, frozen=True):
    """What a dashboard shows."""

    containers: int
    """Panels that ask for cAdvisor's figures."""
    hosts: int
    """Panels that ask for a node exporter's."""
    bound: bool
    """Whether one of the first is fed by a data source that there is."""


def count_panels(dashboard: Json, sources: Sequence[PrometheusSource]) -> PanelCounts:
    """Count the panels by what they ask for."""
    panels = list(iter_nested_panels(dashboard, MAX_PANEL_DEPTH))
    about = [panel for panel in panels if asks_for_metric(panel, "container_")]
    chosen = list_source_variables(dashboard)
    return PanelCounts(
        containers=len(about),
        hosts=sum(asks_for_metric(panel, "node_") for panel in panels),
        bound=any(is_fed(panel, chosen, sources) for panel in about),
    )


def iter_nested_panels(part: Json, depth: int) -> Iterator[Json]:
    """Yield the panels of a dashboard, a row (until Grafana 4) or a panel that holds others (since 5)."""
    for row in iter_mappings(part.get("rows")) if depth else ():
        yield from iter_nested_panels(row, depth - 1)
    for panel in iter_mappings(part.get("panels")) if depth else ():
        yield panel
        yield from iter_nested_panels(panel, depth - 1)


def asks_for_metric(panel: Json, prefix: str) -> bool:
    """Return whether one of its queries names a metric that begins so."""
    return any(prefix in str(target.get("expr") or "") for target in iter_mappings(panel.get("targets")))


def list_source_variables(dashboard: Json) -> set[str]:
    """Name the variables by which a reader chooses the data source."""
    listed = iter_mappings(as_mapping(dashboard.get("templating")).get("list"))
    return {str(variable.get("name")) for variable in listed if variable.get("type") == "datasource"}


def is_fed(panel: Json, chosen: set[str], sources: Sequence[PrometheusSource]) -> bool:
    """Return whether a data source that there is feeds the panel, or one of its queries."""
    asked = [
        target["datasource"] for target in iter_mappings(panel.get("targets")) if target.get("datasource")
    ]
    return any(has_data_source(named, chosen, sources) for named in asked or [panel.get("datasource")])


def has_data_source(named: Any, chosen: set[str], sources: Sequence[PrometheusSource]) -> bool:
    """Return whether that is a data source: by name until Grafana 8.2, by uid since; none is the default."""
    name = str((named.get("uid") if isinstance(named, Mapping) else named) or "")
    if name in {"", "default", "-- Mixed --"}:
        return any(source.is_default for source in sources)
    if name.startswith("$"):
        return bool(sources) and name.strip("${}").partition(":")[0] in chosen
    return any(name in {source.uid, source.name} for source in sources)
