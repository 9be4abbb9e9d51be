"""Prometheus's HTTP API, at a port that is proven to be that container's."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from dckgrade.engine.answers import Address, Json, NoAnswer, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    iter_mappings,
    request_prometheus_data,
)
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.probes.support.service import ServiceReply, ask_service, find_id_and_state
from dckgrade.report.observation import UnobservableReason

PROMETHEUS_PORT, PROMETHEUS_IMAGE = 9090, "prometheus"
DEFAULT_CONFIG_FILE, CONFIG_FILE_OPTION = "/etc/prometheus/prometheus.yml", "--config.file="
READY_PATH = "/-/ready"
RUNTIME_INFO_PATH = "/api/v1/status/runtimeinfo"
TARGETS_PATH = "/api/v1/targets?state=active"
MAX_START_DELAY_S = 20.0
"""Prometheus notes its start 0.2 s after the engine started the container (measured); slow machines later."""


def reach_prometheus(engine: Engine, container: str) -> ServiceReply[ReachedService]:
    """Reach the Prometheus in *container*; another program at its port is a garbled answer."""

    def from_here(address: Address) -> ReachedService:
        service = ReachedService(
            lambda path: engine.request_http(address, path), engine.request_http(address, READY_PATH)
        )
        if service.first_answer.status != HTTPStatus.SERVICE_UNAVAILABLE and not started_with_container(
            engine, container, service.request
        ):
            raise NoAnswer("garbled")
        return service

    def inside(ref: str) -> ReachedService:
        return ReachedService(
            lambda path: engine.request_http_inside(ref, PROMETHEUS_PORT, path),
            engine.request_http_inside(ref, PROMETHEUS_PORT, READY_PATH),
        )

    return ask_service(engine, container, PROMETHEUS_PORT, from_here, inside, image=PROMETHEUS_IMAGE)


def started_with_container(engine: Engine, container: str, ask: HttpRequester) -> bool:
    """Say whether what answers was born with the container; versions before 2.14 do not tell."""
    try:
        about = request_prometheus_data(ask, RUNTIME_INFO_PATH)
    except OutOfReach as trouble:
        if trouble.why is not UnobservableReason.UNREADABLE:
            raise
        return False
    if about is None:
        return True
    state = (
        engine.inspect_container(find_id_and_state(engine, container, PROMETHEUS_IMAGE)[0]).get("State") or {}
    )
    born, started = parse_instant(about.get("startTime")), parse_instant(state.get("StartedAt"))
    return bool(born and started and abs((born - started).total_seconds()) <= MAX_START_DELAY_S)


def parse_instant(text: object) -> datetime | None:
    """Read a time; None for none."""
    return parse_timestamp(str(text)) if text else None


def fetch_loaded_config(ask: HttpRequester) -> str:
    """Give the configuration that is in force, as Prometheus writes it down."""
    return str((request_prometheus_data(ask, "/api/v1/status/config") or {}).get("yaml") or "")


def fetch_job_targets(ask: HttpRequester, job: str) -> list[Json]:
    """List the active targets of *job*; a pool has the job's name, whatever its labels became."""
    listed = iter_mappings((request_prometheus_data(ask, TARGETS_PATH) or {}).get("activeTargets"))
    return [
        target
        for target in listed
        if job in map(str, (target.get("scrapePool"), get_target_labels(target).get("job")))
    ]


def get_target_labels(target: Json) -> Mapping[str, str]:
    """Give a target's labels."""
    found = target.get("labels")
    return found if isinstance(found, dict) else {}


def is_ready(service: ReachedService) -> bool:
    """Say whether it takes requests: 503 while it replays what it had written."""
    return service.first_answer.status == HTTPStatus.OK


def find_config_file(inspected: Json) -> str:
    """Name the file that Prometheus was told to read."""
    arguments = (inspected.get("Config") or {}).get("Cmd") or []
    said = [
        str(argument).removeprefix(CONFIG_FILE_OPTION)
        for argument in arguments
        if str(argument).startswith(CONFIG_FILE_OPTION)
    ]
    return said[-1] if said else DEFAULT_CONFIG_FILE
