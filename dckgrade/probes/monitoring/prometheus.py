"""Kind `prometheus`: whether the Prometheus of a container is ready, and what it has loaded."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import prometheus_config
from dckgrade.probes.monitoring.prometheus_api import (
    PROMETHEUS_IMAGE,
    fetch_loaded_config,
    find_config_file,
    is_ready,
    reach_prometheus,
)
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply, find_id_and_state
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of one Prometheus. Without an answer, the rest is null."""

    answers: bool
    """Prometheus answers, and was born with the container: not another program at the same port."""
    problem: ServiceProblem | None
    via: ReachedVia | None
    ready: bool | None
    config_mounted: bool
    """Whether something is mounted over the file that it reads, or over its folder."""
    mounted_elsewhere: bool
    """Whether a file or folder of the machine is mounted, but elsewhere."""
    jobs: list[str] | None
    """Names of the scrape jobs in the configuration that is in force."""
    job: str | None
    """The one that is meant for cAdvisor: so called, nearly so, or scraping a host called so."""
    job_has_targets: bool | None
    any_target: bool | None
    """Whether any job has a target, written down or to be discovered."""


class Prometheus(Probe, frozen=True, kw_only=True, tag="prometheus"):
    """Look at the Prometheus in *container*."""

    container: ContainerName = "prometheus"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "answers": Text(fr="Prometheus répond", en="Prometheus answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "via": Text(fr="chemin de la réponse", en="way of the answer"),
        "ready": Text(fr="Prometheus prêt", en="Prometheus ready"),
        "config_mounted": Text(fr="configuration montée", en="configuration mounted"),
        "mounted_elsewhere": Text(fr="fichier monté ailleurs", en="file mounted elsewhere"),
        "jobs": Text(fr="jobs de la configuration", en="jobs of the configuration"),
        "job": Text(fr="job de cAdvisor", en="job of cAdvisor"),
        "job_has_targets": Text(fr="ce job a des cibles", en="that job has targets"),
        "any_target": Text(fr="un job a des cibles", en="a job has targets"),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, ask whether it is ready and what it has loaded."""
        try:
            answered = reach_prometheus(engine, self.container)
            inspected = engine.inspect_container(
                find_id_and_state(engine, self.container, PROMETHEUS_IMAGE)[0]
            )
            facts = read_prometheus_facts(answered, inspected)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus", trouble)
        return Seen(kind="prometheus", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def read_prometheus_facts(answered: ServiceReply[ReachedService], inspected: Json) -> Facts:
    """Put it all into facts."""
    service = answered.answer
    ready = is_ready(service) if service else None
    jobs = prometheus_config.parse_jobs(fetch_loaded_config(service.request)) if service and ready else None
    job = prometheus_config.choose_cadvisor_job(jobs or [])
    own, elsewhere = find_config_mounts(inspected)
    return Facts(
        answers=service is not None,
        problem=answered.problem,
        via=answered.via,
        ready=ready,
        config_mounted=own,
        mounted_elsewhere=elsewhere,
        jobs=[scrape_job.name for scrape_job in jobs] if jobs is not None else None,
        job=job.name if job else None,
        job_has_targets=has_scrape_targets(job) if job else None,
        any_target=any(map(has_scrape_targets, jobs)) if jobs is not None else None,
    )


def has_scrape_targets(job: prometheus_config.ScrapeJob) -> bool:
    """Say whether there is anything to scrape, now or later."""
    return bool(job.targets) or job.discovers


def find_config_mounts(inspected: Json) -> tuple[bool, bool]:
    """Say whether a bind or a volume covers the configuration, and whether one lies elsewhere."""
    file = find_config_file(inspected)
    places = [
        str(mount.get("Destination") or "") for mount in inspected.get("Mounts") or [] if is_user_mount(mount)
    ]
    covering = [place for place in places if file == place or file.startswith(f"{place.rstrip('/')}/")]
    return bool(covering), len(covering) < len(places)


def is_user_mount(mount: Json) -> bool:
    """Leave out the volume that the image makes for its data."""
    return mount.get("Type") != "volume" or mount.get("Destination") != "/prometheus"
