"""Kind `grafana-dashboard`: the dashboard of a Grafana that shows containers best."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import grafana_api, panels
from dckgrade.probes.monitoring.grafana_api import AccountOrigin, GrafanaAccess, OpenedGrafana
from dckgrade.probes.support.http_json import HttpRequester, as_mapping, iter_mappings
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

DASHBOARD_SEARCH_PATH = "/api/search?type=dash-db&limit=100"
MAX_DASHBOARDS = 20
SHEET_DASHBOARD_ID, SHEET_DASHBOARD_TITLE = 893, "docker and system monitoring"


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the dashboards; null where Grafana lets nobody in."""

    answers: bool
    problem: ServiceProblem | None
    access: GrafanaAccess | None
    account_of: AccountOrigin | None
    count: int | None
    """How many dashboards there are."""
    shows_containers: bool | None
    """Whether one is number 893 of grafana.com, or has panels about containers."""
    title: str | None
    """Of that one; so are the following."""
    container_panels: int | None
    host_panels: int | None
    """Panels that want a node exporter's figures: without one they stay empty, which is no mistake."""
    bound: bool | None
    """Whether a data source that there is feeds its panels about containers."""


class GrafanaDashboard(Probe, frozen=True, kw_only=True, tag="grafana-dashboard"):
    """Look for a dashboard about containers in the Grafana of *container*."""

    container: ContainerName = "grafana"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Grafana n'a été trouvé", en="no Grafana container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "answers": Text(fr="Grafana répond", en="Grafana answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "access": Text(fr="accès à Grafana", en="access to Grafana"),
        "account_of": Text(fr="compte essayé", en="account tried"),
        "count": Text(fr="nombre de tableaux de bord", en="number of dashboards"),
        "shows_containers": Text(
            fr="un tableau de bord montre les conteneurs", en="a dashboard shows containers"
        ),
        "title": Text(fr="titre du tableau de bord", en="title of the dashboard"),
        "container_panels": Text(fr="panneaux sur les conteneurs", en="panels about containers"),
        "host_panels": Text(fr="panneaux sur la machine", en="panels about the machine"),
        "bound": Text(fr="panneaux reliés à une source de données", en="panels tied to a data source"),
    }
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("grafana")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, log in, read the dashboards."""
        try:
            answered = grafana_api.open_grafana(engine, self.container)
            facts = read_dashboard_facts(answered)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("grafana-dashboard", trouble)
        return Seen(kind="grafana-dashboard", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def read_dashboard_facts(answered: ServiceReply[OpenedGrafana]) -> Facts:
    """Choose the dashboard that a source feeds, else the one with most panels about containers."""
    opened = answered.answer
    ask = opened.ask if opened else None
    sources = grafana_api.list_prometheus_sources(ask) if ask else []
    found = fetch_dashboards(ask) if ask else []
    counted = [(dashboard, panels.count_panels(dashboard, sources)) for dashboard in found]
    fitting = [
        (dashboard, counts)
        for dashboard, counts in counted
        if counts.containers or is_sheet_dashboard(dashboard)
    ]
    best = max(fitting, key=lambda pair: (pair[1].bound, pair[1].containers), default=None)
    return Facts(
        answers=opened is not None,
        problem=answered.problem,
        access=opened.access if opened else None,
        account_of=opened.account_of if opened else None,
        count=len(found) if ask else None,
        shows_containers=best is not None if ask else None,
        title=str(best[0].get("title") or "")[:100] if best else None,
        container_panels=best[1].containers if best else None,
        host_panels=best[1].hosts if best else None,
        bound=best[1].bound if best else None,
    )


def fetch_dashboards(ask: HttpRequester) -> list[Json]:
    """Read each dashboard, the first twenty."""
    listed = [
        str(entry.get("uid") or "")
        for entry in iter_mappings(grafana_api.fetch_json(ask, DASHBOARD_SEARCH_PATH))
    ]
    paths = [f"/api/dashboards/uid/{uid}" for uid in listed if uid][:MAX_DASHBOARDS]
    return [as_mapping(as_mapping(grafana_api.fetch_json(ask, path)).get("dashboard")) for path in paths]


def is_sheet_dashboard(dashboard: Json) -> bool:
    """Return whether it is the one that the sheet names."""
    title = str(dashboard.get("title") or "").casefold()
    return dashboard.get("gnetId") == SHEET_DASHBOARD_ID or title == SHEET_DASHBOARD_TITLE
