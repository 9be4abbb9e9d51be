"""Find the scrape job that brings the figures of this engine's containers, or is meant to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.monitoring import series
from dckgrade.probes.monitoring.prometheus_api import (
    fetch_loaded_config,
    fetch_targets,
    get_target_labels,
    query_prometheus,
)
from dckgrade.probes.monitoring.prometheus_config import (
    ScrapeJob,
    choose_job_by_words,
    names_job_files,
    parse_jobs,
)
from dckgrade.probes.support import reachability
from dckgrade.probes.support.http_json import HttpRequester
from dckgrade.probes.support.service import get_network_mode
from dckgrade.probes.support.service_settings import list_configured_ports, read_settings

CADVISOR_PORT = 8080


class ScrapeState(Struct, frozen=True):
    """What Prometheus scrapes."""

    jobs: list[ScrapeJob]
    targets: list[Json]
    """The active ones of all jobs, as its API describes them."""
    job: ScrapeJob | None
    """The job of cAdvisor."""

    def list_targets_of(self, job: ScrapeJob) -> list[Json]:
        """Return the active targets of *job*; a pool has the job's name, whatever its labels became."""
        return [target for target in self.targets if job.name in list_job_names(target)]


def read_scrape_state(
    ask: HttpRequester, engine: Engine, prometheus: Json, cadvisor: Json | None
) -> ScrapeState:
    """
    Ask what is scraped, and choose the job of cAdvisor.

    The job whose figures name this engine's containers is it, whatever its name; before there are any, one
    that is called so, or whose target leads to cAdvisor's container.
    """
    config, targets = fetch_loaded_config(ask), fetch_targets(ask)
    jobs = parse_jobs(config)
    if names_job_files(config):
        jobs += list_jobs_of_files(jobs, targets)
    ours = list_jobs_with_our_figures(ask, engine, jobs, targets)
    job = (
        choose_job_by_words(ours)
        or next(iter(ours), None)
        or choose_job_by_words(jobs)
        or choose_job_by_address(jobs, targets, prometheus, cadvisor)
    )
    return ScrapeState(jobs, targets, job)


def list_jobs_of_files(jobs: Sequence[ScrapeJob], targets: Sequence[Json]) -> list[ScrapeJob]:
    """Return the jobs that only their active targets tell of: those of `scrape_config_files`."""
    pools = dict.fromkeys(str(target.get("scrapePool") or "") for target in targets)
    return [
        ScrapeJob(pool, [], discovers=True)
        for pool in pools
        if pool and pool not in {job.name for job in jobs}
    ]


def list_jobs_with_our_figures(
    ask: HttpRequester, engine: Engine, jobs: Sequence[ScrapeJob], targets: Sequence[Json]
) -> list[ScrapeJob]:
    """Return the jobs by which figures of this engine's containers come."""
    try:
        found = series.fetch_containers(
            lambda promql: query_prometheus(ask, promql), engine, map_intervals_s(jobs, targets)
        )
    except OutOfReach:
        # An agent keeps no figures to be asked for; whether there are any is another check's question.
        return []
    labels = set(found.jobs) if found else set()
    pools = {str(target.get("scrapePool")) for target in targets if labels & list_job_names(target)}
    named = [job for job in jobs if job.name in labels | pools]
    return named or [job for job in jobs if labels and job.honors_labels]


def choose_job_by_address(
    jobs: Sequence[ScrapeJob], targets: Sequence[Json], prometheus: Json, cadvisor: Json | None
) -> ScrapeJob | None:
    """Choose the job of which a target leads to cAdvisor's container."""
    return next(
        (
            job
            for job in jobs
            if cadvisor
            for host, port in iter_target_addresses(job, targets)
            if leads_to_cadvisor(host, port, prometheus, cadvisor)
        ),
        None,
    )


def leads_to_cadvisor(host: str | None, port: int | None, prometheus: Json, cadvisor: Json) -> bool:
    """Return whether it is a name or address of cAdvisor's, or a port of the machine that leads to it."""
    if not host or (reachability.is_loopback_host(host) and reachability.has_own_loopback(prometheus)):
        return False
    # A name without a point is another container's.
    is_machine = not re.fullmatch(r"[^.:]+", host) or host == "localhost"
    return reachability.is_reachable_name(host, cadvisor, prometheus) or (
        is_machine and port in list_machine_ports(cadvisor)
    )


def list_machine_ports(cadvisor: Json) -> set[int]:
    """Return the ports of the machine that lead to it: published, or its own on the machine's network."""
    if get_network_mode(cadvisor) != "host":
        return set(reachability.map_published_ports(cadvisor))
    return {*list_configured_ports(read_settings(cadvisor), ("port",))} or {CADVISOR_PORT}


def iter_target_addresses(job: ScrapeJob, targets: Sequence[Json]) -> Iterator[tuple[str | None, int | None]]:
    """Yield host and port of the job's targets, written down or active."""
    for written in job.targets:
        yield split_address(f"//{written}")
    for target in targets:
        if job.name in list_job_names(target):
            yield split_address(str(target.get("scrapeUrl") or ""))


def split_address(url: str) -> tuple[str | None, int | None]:
    """Return host and port of an address; None for what it does not have."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    return host, port


def list_job_names(target: Json) -> set[str]:
    """Return the names by which a target's job is known: its pool's, and the label of its figures."""
    return {str(name) for name in (target.get("scrapePool"), get_target_labels(target).get("job")) if name}


def map_intervals_s(jobs: Sequence[ScrapeJob], targets: Sequence[Json]) -> Mapping[str, float]:
    """Return the seconds between two scrapes by job, as its targets tell them, or its configuration."""
    intervals = {job.name: series.parse_duration_s(job.interval) for job in jobs}
    for target in targets:
        if interval := str(target.get("scrapeInterval") or ""):
            intervals |= dict.fromkeys(list_job_names(target), series.parse_duration_s(interval))
    return intervals
