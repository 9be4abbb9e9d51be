"""Count the panels of a dashboard by what they query, and find whether a data source feeds them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.monitoring.grafana_api import PrometheusSource
from dckgrade.probes.support.http_json import as_mapping, iter_mappings

MAX_PANEL_DEPTH = 5
"""Panels lie in rows, rows in dashboards, and libraries' panels no deeper."""
# Labels are named in `by (…)` and the like, and before a text: `name=~"…"`.
_GROUPING = compile_lazily(r"\b(?:by|without|on|ignoring|group_left|group_right)\s{0,9}\([^()]*\)")
_BEGINS = r"(?<![\w$])(?<!\$\{)"
_NO_MATCHER = r"(?!\w*\s{0,9}(?:=~|!~|!?=\s{0,9}[\"'`]))"


class PanelCounts(Struct, frozen=True):
    """What a dashboard shows."""

    containers: int
    """Panels that ask for cAdvisor's figures."""
    hosts: int
    """Panels that ask for a node exporter's."""
    feeders: Sequence[PrometheusSource]
    """The data sources, of those that there are, that feed the first."""

    @property
    def bound(self) -> bool:
        """Whether one of the first is fed by a data source that there is."""
        return bool(self.feeders)


def count_panels(dashboard: Json, sources: Sequence[PrometheusSource]) -> PanelCounts:
    """Count the panels by what they ask for."""
    panels = list(iter_nested_panels(dashboard, MAX_PANEL_DEPTH))
    about = [panel for panel in panels if asks_for_metric(panel, "container_")]
    chosen = list_source_variables(dashboard)
    fed_by = [source for panel in about for source in list_panel_sources(panel, chosen, sources)]
    return PanelCounts(
        containers=len(about),
        hosts=sum(asks_for_metric(panel, "node_") for panel in panels),
        feeders=[source for source in sources if source in fed_by],
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
    return any(
        names_metric(str(target.get("expr") or ""), prefix) for target in iter_mappings(panel.get("targets"))
    )


def names_metric(promql: str, prefix: str) -> bool:
    """Return whether a metric of the query begins so, and not a label, a variable or a part of a name."""
    without_groupings = _GROUPING.sub("", promql)
    return re.search(rf"{_BEGINS}{prefix}{_NO_MATCHER}", without_groupings) is not None


def list_source_variables(dashboard: Json) -> set[str]:
    """Name the variables by which a reader chooses the data source."""
    listed = iter_mappings(as_mapping(dashboard.get("templating")).get("list"))
    return {str(variable.get("name")) for variable in listed if variable.get("type") == "datasource"}


def list_panel_sources(
    panel: Json, chosen: set[str], sources: Sequence[PrometheusSource]
) -> Iterator[PrometheusSource]:
    """Yield the data sources that feed the panel, or one of its queries."""
    asked = [
        target["datasource"] for target in iter_mappings(panel.get("targets")) if target.get("datasource")
    ]
    for named in asked or [panel.get("datasource")]:
        yield from list_named_sources(named, chosen, sources)


def list_named_sources(
    named: Any, chosen: set[str], sources: Sequence[PrometheusSource]
) -> list[PrometheusSource]:
    """List what that stands for: a source by name until Grafana 8.2, by uid since; none is the default."""
    name = str((named.get("uid") if isinstance(named, Mapping) else named) or "")
    if name in {"", "default", "-- Mixed --"}:
        return [source for source in sources if source.is_default]
    if name.startswith("$"):
        # Who reads the dashboard chooses among all of them.
        return list(sources) if name.strip("${}").partition(":")[0] in chosen else []
    return [source for source in sources if name in {source.uid, source.name}]
