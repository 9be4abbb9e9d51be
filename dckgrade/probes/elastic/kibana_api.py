"""Kibana's status API."""

from http import HTTPStatus

from dckgrade.engine.answers import HttpAnswer, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.elastic.elasticsearch_api import parse_json_object
from dckgrade.probes.support.account import is_locked
from dckgrade.probes.support.http_json import ReachedService, as_mapping
from dckgrade.probes.support.service import HttpService, ServiceReply, reach_service
from dckgrade.report.observation import UnobservableReason

KIBANA_IMAGE = "kibana"
NOT_READY_BODY = b"Kibana server is not ready yet"
READY_STATES = {"green", "available"}
"""`state` of versions up to 7, `level` from 8 on."""


def reach_kibana(engine: Engine, container: str) -> ServiceReply[ReachedService]:
    """Ask the Kibana in *container* for its status; `OutOfReach` where it sends to a page to log in."""
    replied = reach_service(engine, container, KIBANA)
    if replied.answer and replied.answer.first_answer.status == HTTPStatus.FOUND:
        raise OutOfReach(UnobservableReason.NOT_TRIED, "Kibana wants a login page to be filled in")
    return replied


def is_kibana(answer: HttpAnswer) -> bool:
    """Return whether it is Kibana, by headers, its words while it is not ready, or its status."""
    has_own_headers = any(name.startswith("kbn-") for name in answer.headers)
    if answer.status == HTTPStatus.FOUND:
        return has_own_headers and "/login" in answer.headers.get("location", "")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and NOT_READY_BODY in answer.body:
        return True
    if is_locked(answer) or answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return has_own_headers
    return bool(as_mapping(parse_json_object(answer).get("status")))


KIBANA = HttpService(
    image=KIBANA_IMAGE,
    path="/api/status",
    usual_ports=(5601,),
    is_own_answer=is_kibana,
    port_settings=("SERVER_PORT", "server.port", "port"),
    root_settings=("SERVER_BASEPATH", "server.basePath"),
    account="kibana",
)


def read_kibana_state(answer: HttpAnswer) -> str | None:
    """Return its word for how it fares."""
    overall = as_mapping(as_mapping(parse_json_object(answer).get("status")).get("overall"))
    return str(overall.get("level") or overall.get("state") or "") or None


def read_kibana_version(answer: HttpAnswer) -> str | None:
    """Return its version: `7.9.3`."""
    return str(as_mapping(parse_json_object(answer).get("version")).get("number") or "") or None
