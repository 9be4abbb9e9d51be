"""Prometheus's HTTP API, where it is proven to be that container's."""

import math
import posixpath
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from dckgrade.engine.answers import HttpAnswer, Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.monitoring.series import build_query_path
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    decode_json,
    iter_mappings,
    request_prometheus_data,
    request_whole_answer,
)
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.probes.support.service import HttpService, ServiceReply, get_network_mode, reach_service
from dckgrade.probes.support.service_settings import read_settings
from dckgrade.report.observation import UnobservableReason

PROMETHEUS_IMAGE = "prometheus"
DEFAULT_CONFIG_FILE, CONFIG_FILE_OPTION = "/etc/prometheus/prometheus.yml", "config.file"
"""The file that the image's own options name, and the option."""
PROGRAM, FILE_WITHOUT_OPTION = "prometheus", "prometheus.yml"
"""Without that option, Prometheus looks for this file in its working directory."""
READY_PATH = "/-/ready"
RUNTIME_INFO_PATH = "/api/v1/status/runtimeinfo"
TARGETS_PATH = "/api/v1/targets?state=active"
READY_WORDS, STARTING_BODY, LOCKED_BODY = b" is Ready", b"Service Unavailable", b"Unauthorized"
"""What Prometheus 2 and 3 answer; the last is exporter-toolkit's, with a challenge that names no realm."""
MAX_START_DELAY_S = 20.0
"""Prometheus notes its start 0.2 s after the engine started the container (measured); slow machines later."""


AGENT_WORDS = b"unavailable with Prometheus Agent"
"""The answer to every query of one that runs as an agent (422; 2.42 and 3.5, measured)."""


class QueriesUnavailable(OutOfReach):
    """It runs as an agent: it passes figures on, keeps none and answers no query."""


def reach_prometheus(engine: Engine, container: str) -> ServiceReply[ReachedService]:
    """Reach the Prometheus in *container*; another program is a garbled answer."""
    return reach_service(engine, container, PROMETHEUS)


def find_open_api(answered: ServiceReply[ReachedService]) -> HttpRequester | None:
    """
    Return what asks Prometheus; None where it does not answer.

    Raises `OutOfReach` where it wants an account that nobody has named.
    """
    service = answered.answer
    if service and service.is_locked:
        raise OutOfReach(UnobservableReason.NOT_TRIED, "Prometheus wants an account")
    return service.request if service else None


def is_prometheus_answer(answer: HttpAnswer) -> bool:
    """Return whether Prometheus says so that it is ready, starting, or locked."""
    body = answer.body.strip()
    match answer.status:
        case HTTPStatus.OK:
            return READY_WORDS in body
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return body == STARTING_BODY
        case HTTPStatus.UNAUTHORIZED:
            return body == LOCKED_BODY and answer.headers.get("www-authenticate") == "Basic"
        case _:
            return False


def was_born_in_container(service: ReachedService, inspected: Json) -> bool:
    """Return whether it was born with the container, or later inside it; before 2.14 it does not tell."""
    if service.is_locked or not is_ready(service):
        return True
    try:
        about = request_prometheus_data(service.request, RUNTIME_INFO_PATH)
    except OutOfReach as trouble:
        if trouble.why is not UnobservableReason.UNREADABLE:
            raise
        return False
    if about is None:
        return True
    state = inspected.get("State") or {}
    born, started = parse_instant(about.get("startTime")), parse_instant(state.get("StartedAt"))
    if not born or not started:
        return False
    # On the machine's network another one may answer, which somebody started since.
    latest_s = MAX_START_DELAY_S if get_network_mode(inspected) == "host" else math.inf
    return -MAX_START_DELAY_S <= (born - started).total_seconds() <= latest_s


PROMETHEUS = HttpService(
    image=PROMETHEUS_IMAGE,
    path=READY_PATH,
    usual_ports=(9090,),
    is_own_answer=is_prometheus_answer,
    belongs_to=was_born_in_container,
    port_settings=("web.listen-address",),
    root_settings=("web.route-prefix", "web.external-url"),
    account="prometheus",
)


def parse_instant(text: object) -> datetime | None:
    """Read a time; None for none."""
    return parse_timestamp(str(text)) if text else None


def fetch_loaded_config(ask: HttpRequester) -> str:
    """Return the configuration that is in force, as Prometheus writes it down."""
    return str((request_prometheus_data(ask, "/api/v1/status/config") or {}).get("yaml") or "")


def fetch_targets(ask: HttpRequester) -> list[Json]:
    """Return the active targets of all jobs."""
    found = request_prometheus_data(ask, TARGETS_PATH) or {}
    return list(iter_mappings(found.get("activeTargets")))


def query_prometheus(ask: HttpRequester, promql: str) -> Any:
    """Return the decoded answer to a query; `OutOfReach` where there is none."""
    answer = request_whole_answer(ask, f"/{build_query_path(promql)}")
    if answer.status != HTTPStatus.OK:
        kind = QueriesUnavailable if AGENT_WORDS in answer.body else OutOfReach
        raise kind(UnobservableReason.UNREADABLE, f"HTTP {answer.status} for /api/v1/query")
    return decode_json(answer)


def get_target_labels(target: Json) -> Mapping[str, str]:
    """Return a target's labels."""
    found = target.get("labels")
    return found if isinstance(found, dict) else {}


def is_ready(service: ReachedService) -> bool:
    """Return whether it takes requests: 503 while it replays what it had written."""
    return service.first_answer.status == HTTPStatus.OK


def find_config_file(inspected: Json) -> str:
    """Name the file that Prometheus was told to read, or reads without being told."""
    config = inspected.get("Config") or {}
    told = read_settings(inspected).get(CONFIG_FILE_OPTION)
    if told is None:
        program = str(next(iter(config.get("Entrypoint") or []), ""))
        # Options of the user's take the place of all those of the image.
        replaced = bool(config.get("Cmd")) and program.rpartition("/")[2] == PROGRAM
        told = FILE_WITHOUT_OPTION if replaced else DEFAULT_CONFIG_FILE
    return posixpath.normpath(posixpath.join(str(config.get("WorkingDir") or "/"), told))
