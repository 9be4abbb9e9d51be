"""Kind `grafana-dashboard`: the dashboard of a Grafana that shows containers best."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import grafana_api, panels
from dckgrade.probes.monitoring.grafana_api import (
    ACCOUNT_ORIGIN_WORDS,
    AccountOrigin,
    GrafanaAccess,
    OpenedGrafana,
    PrometheusSource,
)
from dckgrade.probes.support import value_words
from dckgrade.probes.support.http_json import HttpRequester, as_mapping, iter_mappings
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_DASHBOARDS, ENOUGH_DASHBOARDS = 100, 20
"""So many are read at most; and so many where one of them shows the containers."""
DASHBOARD_SEARCH_PATH = f"/api/search?type=dash-db&limit={MAX_DASHBOARDS + 1}"
SHEET_DASHBOARD_ID, SHEET_DASHBOARD_TITLE = 893, "docker and system monitoring"


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the dashboards; null where Grafana lets nobody in."""

    answers: bool
    problem: ServiceProblem | None
    access: GrafanaAccess | None
    account_of: AccountOrigin | None
    count: int | None
    """How many dashboards there are; a hundred and one stands for more."""
    shows_containers: bool | None
    """Whether one is number 893 of grafana.com, or has panels about containers."""
    title: str | None
    """Of that one; so are the following."""
    container_panels: int | None
    host_panels: int | None
    """Panels that want a node exporter's figures: without one they stay empty, which is no mistake."""
    bound: bool | None
    """Whether a data source feeds its panels about containers: one that answers, where any of them does."""
    silent_source: str | None
    """The name of the source that they are tied to, where that is silent and another answers."""


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "access": value_words.ACCESS,
    "account_of": ACCOUNT_ORIGIN_WORDS,
    "shows_containers": {
        False: Text(
            fr="aucun tableau de bord ne montre les conteneurs", en="no dashboard shows the containers"
        ),
        None: Text(
            fr="on ne sait pas si un tableau de bord montre les conteneurs",
            en="whether a dashboard shows the containers is not known",
        ),
    },
    "bound": {
        False: Text(
            fr="les panneaux ne sont reliés à aucune source de données",
            en="the panels are not tied to any data source",
        ),
        None: Text(
            fr="aucun panneau à relier à une source de données", en="no panel to tie to a data source"
        ),
    },
    "silent_source": {None: Text(fr="aucune", en="none")},
}


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
        "title": Text(fr="titre du tableau de bord", en="dashboard title"),
        "container_panels": Text(fr="panneaux sur les conteneurs", en="panels about containers"),
        "host_panels": Text(fr="panneaux sur la machine", en="panels about the machine"),
        "bound": Text(fr="panneaux reliés à une source de données", en="panels tied to a data source"),
        "silent_source": Text(
            fr="source des panneaux qui ne répond pas, alors qu'une autre répond",
            en="data source of the panels that does not answer, where another does",
        ),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("grafana")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="grafana")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "shows_containers": DraftedFact(
            {
                True: Text(
                    fr="montre les conteneurs sur un tableau de bord",
                    en="shows the containers on a dashboard",
                )
            }
        ),
    }
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
    uids = list_dashboard_uids(ask) if ask else []
    found = fetch_dashboards(ask, uids, sources) if ask else []
    counted = [(dashboard, panels.count_panels(dashboard, sources)) for dashboard in found]
    fitting = [
        (dashboard, counts)
        for dashboard, counts in counted
        if counts.containers or is_sheet_dashboard(dashboard)
    ]
    if not fitting and len(uids) > MAX_DASHBOARDS:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"more than {MAX_DASHBOARDS} dashboards")
    answering = list_answering_sources(ask, sources) if ask and fitting else sources
    best = max(
        fitting,
        key=lambda pair: (feeds_any(answering, pair[1]), pair[1].bound, pair[1].containers),
        default=None,
    )
    silent = find_silent_source(best[1], answering) if best else None
    return Facts(
        answers=opened is not None,
        problem=answered.problem,
        access=opened.access if opened else None,
        account_of=opened.account_of if opened else None,
        count=len(uids) if ask else None,
        shows_containers=best is not None if ask else None,
        title=str(best[0].get("title") or "")[:100] if best else None,
        container_panels=best[1].containers if best else None,
        host_panels=best[1].hosts if best else None,
        bound=best[1].bound and silent is None if best else None,
        silent_source=silent,
    )


def list_answering_sources(ask: HttpRequester, sources: Sequence[PrometheusSource]) -> list[PrometheusSource]:
    """List those that Grafana finds healthy; one that is alone is not asked: it is the only choice."""
    if len(sources) == 1:
        return list(sources)
    return [source for source in sources if grafana_api.check_data_source_health(ask, source)[0]]


def feeds_any(answering: Sequence[PrometheusSource], counts: panels.PanelCounts) -> bool:
    """Return whether one of *answering* feeds the panels."""
    return any(source in answering for source in counts.feeders)


def find_silent_source(counts: panels.PanelCounts, answering: Sequence[PrometheusSource]) -> str | None:
    """Return the panels' source where it is silent; where all are, the dashboard is not to blame."""
    if not counts.bound or not answering or feeds_any(answering, counts):
        return None
    return mask_secrets(counts.feeders[0].name)[:100]


def list_dashboard_uids(ask: HttpRequester) -> list[str]:
    """Return the dashboards' identifiers."""
    listed = iter_mappings(grafana_api.fetch_json(ask, DASHBOARD_SEARCH_PATH))
    return [uid for entry in listed if (uid := str(entry.get("uid") or ""))]


def fetch_dashboards(
    ask: HttpRequester, uids: Sequence[str], sources: Sequence[PrometheusSource]
) -> list[Json]:
    """Read the dashboards: all of a few; of many, no more once one shows the containers."""
    found: list[Json] = []
    is_shown = False
    for uid in uids[:MAX_DASHBOARDS]:
        if is_shown and len(found) >= ENOUGH_DASHBOARDS:
            break
        answer = grafana_api.fetch_json(ask, f"/api/dashboards/uid/{uid}")
        found.append(as_mapping(as_mapping(answer).get("dashboard")))
        is_shown = is_shown or panels.count_panels(found[-1], sources).bound
    return found


def is_sheet_dashboard(dashboard: Json) -> bool:
    """Return whether it is the one that the sheet names."""
    title = str(dashboard.get("title") or "").casefold()
    return dashboard.get("gnetId") == SHEET_DASHBOARD_ID or title == SHEET_DASHBOARD_TITLE
