"""Kibana's status API."""

from http import HTTPStatus

from dckgrade.engine.answers import HttpAnswer, NoAnswer, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.elastic.elasticsearch_api import parse_json_object
from dckgrade.probes.support.http_json import as_mapping
from dckgrade.probes.support.service import ServiceReply, ask_service
from dckgrade.report.observation import UnobservableReason

KIBANA_PORT, KIBANA_IMAGE = 5601, "kibana"
KIBANA_STATUS_PATH = "/api/status"
NOT_READY_BODY = b"Kibana server is not ready yet"
READY_STATES = {"green", "available"}
"""`state` of versions up to 7, `level` from 8 on."""


def reach_kibana(engine: Engine, container: str) -> ServiceReply[HttpAnswer]:
    """Ask the Kibana in *container* for its status."""
    return ask_service(
        engine, container, KIBANA_PORT,
        lambda address: require_kibana(engine.request_http(address, KIBANA_STATUS_PATH)),
        lambda ref: require_kibana(engine.request_http_inside(ref, KIBANA_PORT, KIBANA_STATUS_PATH)),
        image=KIBANA_IMAGE,
    )  # fmt: skip


def require_kibana(answer: HttpAnswer) -> HttpAnswer:
    """Want Kibana's own form; one that wants an account first cannot be looked at."""
    kibanas = any(name.startswith("kbn-") for name in answer.headers)
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.FOUND} and kibanas:
        raise OutOfReach(UnobservableReason.NOT_TRIED, "Kibana wants an account")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and (NOT_READY_BODY in answer.body or kibanas):
        return answer
    if not as_mapping(parse_json_object(answer).get("status")):
        raise NoAnswer("garbled")
    return answer


def read_kibana_state(answer: HttpAnswer) -> str | None:
    """Give its word for how it fares."""
    overall = as_mapping(as_mapping(parse_json_object(answer).get("status")).get("overall"))
    return str(overall.get("level") or overall.get("state") or "") or None


def read_kibana_version(answer: HttpAnswer) -> str | None:
    """Give its version: `7.9.3`."""
    return str(as_mapping(parse_json_object(answer).get("version")).get("number") or "") or None
