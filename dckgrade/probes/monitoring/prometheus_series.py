"""Kind `prometheus-series`: which of this engine's containers Prometheus holds figures of."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from msgspec import Struct, structs

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import prometheus_config, series
from dckgrade.probes.monitoring.prometheus_api import fetch_job_targets, fetch_loaded_config, reach_prometheus
from dckgrade.probes.support import reachability
from dckgrade.probes.support.http_json import HttpRequester, decode_json, request_whole_answer
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, uptime_s
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

_ORIGIN_QUERY = (
    '{__name__=~"cadvisor_version_info|node_boot_time|node_boot_time_seconds"} or count(container_last_seen)'
)
ORIGIN_QUERY_PATH = f"/api/v1/query?query={quote(_ORIGIN_QUERY)}"
FRESH_SCRAPES, FRESH_GRACE_S, DEFAULT_INTERVAL_S = 2, 30.0, 60.0
"""Fresh is what two scrapes and half a minute do not explain; Prometheus's own interval is a minute."""
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class Facts(series.MatchedContainers, frozen=True, kw_only=True):
    """The containers, and what tells why there are none."""

    cadvisor_running: bool
    groups: int
    """How many control groups cAdvisor tells of, containers or not; 1 is the machine's root alone."""
    docker_seen: bool | None
    """Whether cAdvisor has spoken to a Docker engine; null where it told nothing of itself."""
    blind_to: str | None
    """What of the machine cAdvisor does not see, by its figures: `/sys`, `/`, the engine's socket."""
    host_metrics: bool
    """Whether a node exporter is scraped too, which some panels live by."""


class PrometheusSeries(Probe, frozen=True, kw_only=True, tag="prometheus-series"):
    """Ask the Prometheus in *container* for the containers that cAdvisor has seen."""

    container: ContainerName = "prometheus"
    cadvisor: ContainerName = "cadvisor"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "fresh": Text(fr="conteneurs aux mesures fraîches", en="containers with fresh figures"),
        "named": Text(fr="conteneurs désignés par leur nom", en="containers given by name"),
        "stale": Text(fr="conteneurs aux mesures anciennes", en="containers with old figures"),
        "foreign": Text(fr="conteneurs d'un autre moteur", en="containers of another engine"),
        "foreign_named": Text(
            fr="conteneurs nommés d'un autre moteur", en="named containers of another engine"
        ),
        "cadvisor_running": Text(fr="cAdvisor en marche", en="cAdvisor running"),
        "groups": Text(fr="groupes de contrôle vus", en="control groups seen"),
        "docker_seen": Text(fr="cAdvisor joint Docker", en="cAdvisor reaches Docker"),
        "blind_to": Text(
            fr="partie de la machine que cAdvisor ne voit pas",
            en="part of the machine that cAdvisor does not see",
        ),
        "host_metrics": Text(fr="un node exporter est relevé", en="a node exporter is scraped"),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask for the series, and hold their ids against the engine's list."""
        try:
            answered = reach_prometheus(engine, self.container)
            service = answered.answer
            cadvisor = reachability.inspect_cadvisor(engine, self.cadvisor)
            found, about = (
                query_containers(service.request, engine) if service else (series.NO_CONTAINERS, [])
            )
            facts = read_series_facts(found, about, cadvisor)
            ages = [answered.age_s, uptime_s(cadvisor or {}, engine.now())]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-series", trouble)
        age_s = min((age for age in ages if age is not None), default=None)
        return Seen(kind="prometheus-series", facts=msgspec.to_builtins(facts), age_s=age_s)


def query_containers(
    ask: HttpRequester, engine: Engine
) -> tuple[series.MatchedContainers, list[series.Sample]]:
    """Ask for the containers, and for what cAdvisor and a node exporter say of themselves."""
    answer = decode_json(request_whole_answer(ask, f"/{series.CONTAINERS_QUERY_PATH}"))
    about = list(series.iter_samples(decode_json(request_whole_answer(ask, ORIGIN_QUERY_PATH))))
    return series.match_containers(
        answer, engine, FRESH_SCRAPES * fetch_scrape_interval_s(ask) + FRESH_GRACE_S
    ), about


def read_series_facts(
    found: series.MatchedContainers, about: list[series.Sample], inspected: Json | None
) -> Facts:
    """Put both answers together, beside the container."""
    of = {str(sample.labels.get("__name__") or "groups"): sample for sample in about}
    groups = int(of["groups"].value) if "groups" in of else 0
    cadvisor = of.get("cadvisor_version_info")
    docker = str(cadvisor.labels.get("dockerVersion") or "Unknown") != "Unknown" if cadvisor else None
    return Facts(
        **structs.asdict(found),
        cadvisor_running=reachability.is_running(inspected),
        groups=groups,
        docker_seen=docker,
        blind_to=find_missing_mount(found, groups, list_machine_mounts(inspected), docker_seen=docker),
        host_metrics=any(name.startswith("node_") for name in of),
    )


def list_machine_mounts(inspected: Json | None) -> set[str]:
    """Name the places in the container at which something of the machine is."""
    return {
        str(mount.get("Destination") or "").rstrip("/") for mount in (inspected or {}).get("Mounts") or []
    }


def find_missing_mount(
    found: series.MatchedContainers, groups: int, places: set[str], *, docker_seen: bool | None
) -> str | None:
    """
    Say which mount is missing, by what is told all the same (cAdvisor 0.36 and 0.38, measured).

    Without /sys it knows the root group only; without the machine's root, groups but no containers; without
    the engine's socket, containers but none by name.
    """
    if not groups or found.named or found.stale or found.foreign_named:
        return None
    if groups == 1 and "/sys" not in places:
        return "/sys"
    if docker_seen is False:
        return "/var/run/docker.sock"
    return "/" if not found.fresh and "/rootfs" not in places else None


def fetch_scrape_interval_s(ask: HttpRequester) -> float:
    """Tell how often cAdvisor is scraped: `5s`, `1m0s`."""
    job = prometheus_config.choose_cadvisor_job(prometheus_config.parse_jobs(fetch_loaded_config(ask)))
    told = (
        [str(target.get("scrapeInterval") or "") for target in fetch_job_targets(ask, job.name)]
        if job
        else []
    )
    return max(map(parse_prometheus_duration_s, told), default=DEFAULT_INTERVAL_S)


def parse_prometheus_duration_s(duration: str) -> float:
    """Read a duration as Prometheus writes it."""
    found = _DURATION.fullmatch(duration)
    parts = [float(part or 0) for part in found.groups()] if found else []
    return (parts[0] * 3600 + parts[1] * 60 + parts[2] if parts else 0) or DEFAULT_INTERVAL_S
