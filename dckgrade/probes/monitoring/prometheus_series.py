"""Kind `prometheus-series`: which of this engine's containers Prometheus holds figures of."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, structs

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe, get_fact
from dckgrade.probes.monitoring import series
from dckgrade.probes.monitoring.cadvisor import Cadvisor, uses_containerd_store
from dckgrade.probes.monitoring.cadvisor_job import map_intervals_s
from dckgrade.probes.monitoring.prometheus_api import (
    QueriesUnavailable,
    fetch_loaded_config,
    fetch_targets,
    find_open_api,
    query_prometheus,
    reach_prometheus,
)
from dckgrade.probes.monitoring.prometheus_config import parse_jobs
from dckgrade.probes.support import reachability
from dckgrade.probes.support.http_json import HttpRequester
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, uptime_s
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ORIGIN_METRICS = '{__name__=~"cadvisor_version_info|node_boot_time|node_boot_time_seconds"}'
DOCKER_SOCKET, CONTAINERD_SOCKET = "/var/run/docker.sock", "/run/containerd/containerd.sock"
GROUP_LABELS = {"id": 'id=~".+"', "name": 'id="",name=~".+"'}
"""What a control group is counted by: its id, or its name where a configuration has dropped the ids."""


class Facts(series.MatchedContainers, frozen=True, kw_only=True):
    """The containers, and what tells why there are none."""

    agent: bool
    """Prometheus runs as an agent, and can be asked for no figure at all."""
    cadvisor_running: bool
    groups: int
    """How many control groups cAdvisor tells of, containers or not; 1 is the machine's root alone."""
    docker_seen: bool | None
    """Whether cAdvisor has spoken to a Docker engine; null where it does not tell, as 0.57 never does."""
    blind_to: str | None
    """What of the machine cAdvisor does not see, by its figures: `/sys`, `/`, a socket."""
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
        "agent": Text(fr="Prometheus en mode agent", en="Prometheus runs as an agent"),
        "cadvisor_running": Text(fr="cAdvisor en marche", en="cAdvisor running"),
        "groups": Text(fr="groupes de contrôle vus", en="control groups seen"),
        "docker_seen": Text(fr="cAdvisor joint Docker", en="cAdvisor reaches Docker"),
        "blind_to": Text(
            fr="partie de la machine que cAdvisor ne voit pas",
            en="part of the machine that cAdvisor does not see",
        ),
        "jobs": Text(fr="jobs de ces mesures", en="jobs of these metrics"),
        "host_metrics": Text(fr="un node exporter est relevé", en="a node exporter is scraped"),
    }
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("prometheus")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="prometheus")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "docker_seen": DraftedFact(
            {True: Text(fr="a les mesures des conteneurs", en="has the metrics of the containers")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask for the series, and hold their ids against the engine's list."""
        try:
            answered = reach_prometheus(engine, self.container)
            ask = find_open_api(answered)
            cadvisor = reachability.inspect_cadvisor(engine, self.cadvisor)
            try:
                found, about = query_containers(ask, engine) if ask else (series.NO_CONTAINERS, [])
                # What is named needs no explanation, and an engine that refuses to be asked costs nothing.
                info = {} if found.named else engine.inspect_engine()
                facts = read_series_facts(found, about, cadvisor, info)
            except QueriesUnavailable:
                facts = structs.replace(read_series_facts(series.NO_CONTAINERS, [], cadvisor, {}), agent=True)
            ages = [answered.age_s, uptime_s(cadvisor or {}, engine.now())]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-series", trouble)
        age_s = min((age for age in ages if age is not None), default=None)
        return Seen(kind="prometheus-series", facts=msgspec.to_builtins(facts), age_s=age_s)

    def foresee(self, engine: Engine) -> Observation | None:
        """A cAdvisor that does not understand the engine gives no container its name."""
        seen = Cadvisor(container=self.cadvisor).foresee(engine)
        if get_fact(seen, "needs") is None:
            return None
        facts = {"fresh": [], "named": [], "cadvisor_running": True}
        return Seen(kind="prometheus-series", facts=dict.fromkeys(Facts.__struct_fields__) | facts)


def query_containers(
    ask: HttpRequester, engine: Engine
) -> tuple[series.MatchedContainers, list[series.Sample]]:
    """Ask for the containers, and for what cAdvisor and a node exporter say of themselves."""
    intervals = map_intervals_s(parse_jobs(fetch_loaded_config(ask)), fetch_targets(ask))
    found = series.fetch_containers(lambda promql: query_prometheus(ask, promql), engine, intervals)
    window_s = series.choose_window_s(intervals)
    origin = series.select_recent(ORIGIN_METRICS, window_s)
    about = query_prometheus(ask, f"{origin} or {build_group_query(window_s)}")
    return found or series.NO_CONTAINERS, list(series.iter_samples(about))


def build_group_query(window_s: float | None) -> str:
    """
    Return a query that counts the control groups.

    What has neither an id nor a name tells of none: `container_scrape_error` is about cAdvisor itself.
    """
    terms = (
        f"count by ({label}) ({series.select_recent(series.CONTAINER_METRICS % f',{selector}', window_s)})"
        for label, selector in GROUP_LABELS.items()
    )
    return f"count({' or '.join(terms)})"


def read_series_facts(
    found: series.MatchedContainers, about: list[series.Sample], inspected: Json | None, info: Json
) -> Facts:
    """Put both answers together, beside the container and the engine."""
    samples = {str(sample.labels.get("__name__") or "groups"): sample for sample in about}
    groups = int(samples["groups"].value) if "groups" in samples else 0
    cadvisor = samples.get("cadvisor_version_info")
    docker = cadvisor.labels.get("dockerVersion") if cadvisor else None
    docker_seen = docker != "Unknown" if docker else None
    sight = Sight(
        docker_seen=docker_seen,
        places=list_machine_mounts(inspected),
        containerd_store=uses_containerd_store(info),
    )
    return Facts(
        **structs.asdict(found),
        agent=False,
        cadvisor_running=reachability.is_running(inspected),
        groups=groups,
        docker_seen=docker_seen,
        blind_to=find_missing_mount(found, groups, sight),
        host_metrics=any(name.startswith("node_") for name in samples),
    )


class Sight(Struct, frozen=True, kw_only=True):
    """What tells what a cAdvisor can see of the machine."""

    docker_seen: bool | None
    places: set[str]
    """Where in its container something of the machine is."""
    containerd_store: bool
    """Whether a version that knows this engine asks containerd, too (since 0.54)."""

    def reaches(self, path: str) -> bool:
        """Return whether something of the machine is at *path*; `/var/run` is a link to `/run`."""
        real = resolve_run(path)
        return any(real == place or real.startswith(f"{place}/") for place in map(resolve_run, self.places))


def list_machine_mounts(inspected: Json | None) -> set[str]:
    """Name the places in the container at which something of the machine is."""
    return {
        str(mount.get("Destination") or "").rstrip("/") for mount in (inspected or {}).get("Mounts") or []
    }


def resolve_run(path: str) -> str:
    """Return where a path below `/var/run` really is, as on Alpine, which cAdvisor's image is made of."""
    return path.removeprefix("/var") if path.startswith("/var/run") else path


def find_missing_mount(found: series.MatchedContainers, groups: int, sight: Sight) -> str | None:
    """
    Return which mount is missing, by what is told all the same (cAdvisor 0.36, 0.38 and 0.57, measured).

    Without /sys it knows the root group only; without the machine's root, groups but no containers; without
    the engine's socket, or containerd's where that keeps the images, containers but none by name.
    """
    if not groups or found.named or found.stale or found.foreign_named:
        return None
    if groups == 1 and "/sys" not in sight.places:
        return "/sys"
    if sight.docker_seen is False:
        return DOCKER_SOCKET
    if not found.fresh:
        return "/" if "/rootfs" not in sight.places else None
    # One without a mount that sees containers all the same runs outside of any.
    return find_missing_socket(sight) if sight.docker_seen is None and sight.places else None


def find_missing_socket(sight: Sight) -> str | None:
    """Return which socket is not there, for a version that does not say whether it reaches Docker."""
    needed = [DOCKER_SOCKET, CONTAINERD_SOCKET] if sight.containerd_store else [DOCKER_SOCKET]
    return next((socket for socket in needed if not sight.reaches(socket)), None)
