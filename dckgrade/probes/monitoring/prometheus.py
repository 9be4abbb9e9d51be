"""Kind `prometheus`: whether the Prometheus of a container is ready, and what it has loaded."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring.cadvisor_job import ScrapeState, read_scrape_state
from dckgrade.probes.monitoring.prometheus_api import (
    PROMETHEUS_IMAGE,
    find_config_file,
    is_ready,
    reach_prometheus,
)
from dckgrade.probes.monitoring.prometheus_config import ScrapeJob
from dckgrade.probes.support import reachability, value_words
from dckgrade.probes.support.account import ServiceAccess
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply, find_id_and_state
from dckgrade.probes.support.service_settings import read_settings
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

DATA_FOLDER, DATA_OPTIONS = "/prometheus", ("storage.tsdb.path", "storage.agent.path")
"""Where the image keeps its data, and the options that say otherwise."""
MACHINE_FILES = {"/etc/localtime", "/etc/timezone", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
FIRST_DISCOVERY_S = 20.0
"""Prometheus looks at once, and passes on every 5 s what was found (its `discovery.Manager`)."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of one Prometheus. Without an answer, the rest is null."""

    answers: bool
    """Prometheus answers, and was born with the container: not another program at the same port."""
    problem: ServiceProblem | None
    via: ReachedVia | None
    port: int | None
    """The container's own port at which it answers."""
    root: str | None
    """The prefix of its paths; empty without one."""
    access: ServiceAccess | None
    """Whether it wants an account, and how the user's fared; wanted, refused: the rest is null."""
    ready: bool | None
    config_mounted: bool
    """Whether something is mounted over the file that it reads, or over its folder."""
    mounted_elsewhere: bool
    """Whether something that may hold a configuration is mounted, but elsewhere."""
    jobs: list[str] | None
    """Names of the scrape jobs in the configuration that is in force."""
    job: str | None
    """That of cAdvisor: by whose figures of this engine's containers, else by its name or its target."""
    job_has_targets: bool | None
    any_target: bool | None
    """Whether any job has a target, written down or to be discovered."""
    scraped: bool | None
    """Whether each target has been scraped once, so that figures can tell which job is cAdvisor's."""


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "access": value_words.ACCESS,
    "job": {
        None: Text(fr="aucun", en="none"),
    },
    "answers": {
        False: Text(fr="Prometheus ne répond pas", en="Prometheus does not answer"),
    },
    "ready": {
        False: Text(fr="Prometheus n'est pas prêt", en="Prometheus is not ready"),
        None: Text(
            fr="Prometheus ne dit pas s'il est prêt", en="Prometheus does not say whether it is ready"
        ),
    },
    "job_has_targets": {
        False: Text(fr="ce job n'a aucune cible", en="this job has no target"),
        None: Text(fr="aucun job de cAdvisor, donc aucune cible", en="no job for cAdvisor, and so no target"),
    },
}


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
        "via": Text(fr="voie de la réponse", en="way of the answer"),
        "port": Text(fr="port du conteneur", en="container port"),
        "root": Text(fr="préfixe des chemins", en="prefix of the paths"),
        "access": Text(fr="accès à Prometheus", en="access to Prometheus"),
        "ready": Text(fr="Prometheus prêt", en="Prometheus ready"),
        "config_mounted": Text(fr="configuration montée", en="configuration mounted"),
        "mounted_elsewhere": Text(fr="fichier monté ailleurs", en="file mounted elsewhere"),
        "jobs": Text(fr="jobs de la configuration", en="jobs of the configuration"),
        "job": Text(fr="job de cAdvisor", en="cAdvisor job"),
        "job_has_targets": Text(fr="ce job a des cibles", en="that job has targets"),
        "any_target": Text(fr="un job a des cibles", en="a job has targets"),
        "scraped": Text(fr="toutes les cibles déjà relevées", en="all targets scraped already"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("prometheus")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="prometheus")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact({True: Text(fr="répond", en="answers")}),
        "scraped": DraftedFact({True: Text(fr="collecte une cible", en="scrapes a target")}),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, ask whether it is ready and what it has loaded."""
        try:
            answered = reach_prometheus(engine, self.container)
            inspected = engine.inspect_container(
                find_id_and_state(engine, self.container, PROMETHEUS_IMAGE)[0]
            )
            service = answered.answer
            state = (
                read_scrape_state(service.request, engine, inspected, reachability.inspect_cadvisor(engine))
                if service and not service.is_locked and is_ready(service)
                else None
            )
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus", trouble)
        facts = build_prometheus_facts(answered, state, inspected)
        return Seen(kind="prometheus", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def build_prometheus_facts(
    answered: ServiceReply[ReachedService], state: ScrapeState | None, inspected: Json
) -> Facts:
    """Put it all into facts."""
    service = answered.answer
    job = state.job if state else None
    own, elsewhere = find_config_mounts(inspected)
    return Facts(
        answers=service is not None,
        problem=answered.problem,
        via=answered.via,
        port=service.port if service else None,
        root=service.root if service else None,
        access=service.access if service else None,
        ready=is_ready(service) if service and not service.is_locked else None,
        config_mounted=own,
        mounted_elsewhere=elsewhere,
        jobs=[scrape_job.name for scrape_job in state.jobs] if state else None,
        job=job.name if job else None,
        job_has_targets=has_scrape_targets(job) if job else None,
        any_target=any(map(has_scrape_targets, state.jobs)) if state else None,
        scraped=has_scraped_all(state, answered.age_s) if state else None,
    )


def has_scraped_all(state: ScrapeState, up_s: float | None) -> bool:
    """
    Return whether each job has an active target, and each of these was scraped.

    A discovery may find nobody, however long it is waited for: it has had its turn *up_s* after the start.
    """
    discovered = up_s is None or up_s >= FIRST_DISCOVERY_S
    return all(target.get("health") != "unknown" for target in state.targets) and all(
        state.list_targets_of(job) for job in state.jobs if job.targets or (job.discovers and not discovered)
    )


def has_scrape_targets(job: ScrapeJob) -> bool:
    """Return whether there is anything to scrape, now or later."""
    return bool(job.targets) or job.discovers


def find_config_mounts(inspected: Json) -> tuple[bool, bool]:
    """Return whether a bind or a volume covers the configuration, and whether one lies elsewhere."""
    file = find_config_file(inspected)
    places = [str(mount.get("Destination") or "") for mount in inspected.get("Mounts") or []]
    covering = [place for place in places if is_within(file, place)]
    others = [place for place in places if place not in covering and may_hold_config(place, inspected)]
    return bool(covering), bool(others)


def may_hold_config(place: str, inspected: Json) -> bool:
    """Leave out the folder of the data, and what of the machine is mounted for another purpose."""
    settings = read_settings(inspected)
    data = [DATA_FOLDER, *(settings[option] for option in DATA_OPTIONS if option in settings)]
    return (
        not place.endswith(".sock")
        and place not in MACHINE_FILES
        and not any(is_within(folder, place) for folder in data)
    )


def is_within(path: str, place: str) -> bool:
    """Return whether *path* is *place* or below it."""
    return f"{path}/".startswith(f"{place.rstrip('/')}/")
