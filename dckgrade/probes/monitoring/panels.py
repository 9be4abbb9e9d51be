"""A dashboard as Grafana keeps it → its panels about containers and machines, whether a source feeds them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.probes.monitoring.grafana_api import Source
from dckgrade.probes.support.http_json import as_mapping, iter_mappings

DEPTH = 5
"""Panels lie in rows, rows in dashboards, and libraries' panels no deeper."""


class Panels(Struct, frozen=True):
    """What a dashboard shows."""

    containers: int
    """Panels that ask for cAdvisor's figures."""
    hosts: int
    """Panels that ask for a node exporter's."""
    bound: bool
    """Whether one of the first is fed by a data source that there is."""


def of(dashboard: Json, sources: Sequence[Source]) -> Panels:
    """Count the panels by what they ask for."""
    panels = list(within(dashboard, DEPTH))
    about = [panel for panel in panels if asks(panel, "container_")]
    chosen = choosers(dashboard)
    return Panels(
        containers=len(about),
        hosts=sum(asks(panel, "node_") for panel in panels),
        bound=any(fed(panel, chosen, sources) for panel in about),
    )


def within(part: Json, depth: int) -> Iterator[Json]:
    """Give the panels of a dashboard, a row (until Grafana 4) or a panel that holds others (since 5)."""
    for row in iter_mappings(part.get("rows")) if depth else ():
        yield from within(row, depth - 1)
    for panel in iter_mappings(part.get("panels")) if depth else ():
        yield panel
        yield from within(panel, depth - 1)


def asks(panel: Json, prefix: str) -> bool:
    """Say whether one of its queries names a metric that begins so."""
    return any(prefix in str(one.get("expr") or "") for one in iter_mappings(panel.get("targets")))


def choosers(dashboard: Json) -> set[str]:
    """Name the variables by which a reader chooses the data source."""
    listed = iter_mappings(as_mapping(dashboard.get("templating")).get("list"))
    return {str(one.get("name")) for one in listed if one.get("type") == "datasource"}


def fed(panel: Json, chosen: set[str], sources: Sequence[Source]) -> bool:
    """Say whether a data source that there is feeds the panel, or one of its queries."""
    asked = [one["datasource"] for one in iter_mappings(panel.get("targets")) if one.get("datasource")]
    return any(there(one, chosen, sources) for one in asked or [panel.get("datasource")])


def there(named: Any, chosen: set[str], sources: Sequence[Source]) -> bool:
    """Say whether that is a data source: by name until Grafana 8.2, by uid since; none: the default one."""
    name = str((named.get("uid") if isinstance(named, Mapping) else named) or "")
    if name in {"", "default", "-- Mixed --"}:
        return any(one.is_default for one in sources)
    if name.startswith("$"):
        return bool(sources) and name.strip("${}").partition(":")[0] in chosen
    return any(name in {one.uid, one.name} for one in sources)
