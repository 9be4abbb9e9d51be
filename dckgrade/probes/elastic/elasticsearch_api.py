"""Elasticsearch's HTTP API: health, indices, and the search for a line."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from dckgrade.engine.answers import HttpAnswer, Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.account import is_locked
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    ServiceTimedOut,
    as_mapping,
    decode_json,
    iter_mappings,
    request_whole_answer,
)
from dckgrade.probes.support.service import HttpService, ServiceReply, reach_service
from dckgrade.report.observation import UnobservableReason

ELASTICSEARCH_IMAGE = "elasticsearch"
CLUSTER_HEALTH_PATH = "/_cluster/health"
INDICES_PATH = "/_cat/indices?format=json"
INDEX_BLOCKS_PATH = "/_all/_settings/index.blocks.*?flat_settings=true"
LOCKED_SETTING = "index.blocks.read_only_allow_delete"
"""Set by Elasticsearch itself at the flood stage, 95 % of the disk."""
PASSING_STATUSES = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""What Elasticsearch answers while a shard is not there yet, or while it has too much to do."""
LINE_FIELDS = ("message", "log", "short_message", "full_message", "event.original", "msg")
"""Where collectors put the line: gelf and syslog in `message`, Docker's own files in `log`."""


class NotAvailableYet(OutOfReach):
    """Elasticsearch answers that it cannot tell now: an index was just made, a shard is being moved."""


def reach_elasticsearch(engine: Engine, container: str) -> ServiceReply[ReachedService]:
    """Reach the Elasticsearch in *container*; another program at its port is a garbled answer."""
    return reach_service(engine, container, ELASTICSEARCH)


def is_elasticsearch(answer: HttpAnswer) -> bool:
    """Return whether it is Elasticsearch, by a version, an error of its own, or 503 without a cluster."""
    unavailable = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and parse_json_object(answer)
    return bool(parse_node_description(answer) or wants_account(answer) or unavailable)


def parse_node_description(answer: HttpAnswer) -> Json:
    """Return name and version of the node; nothing while it is not asked by whom it knows."""
    found = parse_json_object(answer)
    return found if isinstance(found.get("version"), dict) and "cluster_name" in found else {}


def wants_account(answer: HttpAnswer) -> bool:
    """Return whether an account is wanted: always from 8 on, before where security is on."""
    return is_locked(answer) and "error" in parse_json_object(answer)


def parse_json_object(answer: HttpAnswer) -> Json:
    """Read a JSON object, or nothing where there is none."""
    try:
        return as_mapping(decode_json(answer))
    except OutOfReach:
        return {}


ELASTICSEARCH = HttpService(
    image=ELASTICSEARCH_IMAGE,
    path="/",
    usual_ports=(9200,),
    is_own_answer=is_elasticsearch,
    port_settings=("http.port",),
    # At 9300, where nodes talk to each other, a question over HTTP leaves a line in the log.
    allowed_ports=range(9200, 9300),
    account="elasticsearch",
)


def fetch_cluster_health(ask: HttpRequester) -> str | None:
    """Return green, yellow or red; None while the cluster has no master yet, or too much to do."""
    try:
        answer = request_whole_answer(ask, CLUSTER_HEALTH_PATH)
    except ServiceTimedOut:
        return None
    if answer.status != HTTPStatus.OK:
        return None
    return str(as_mapping(decode_json(answer)).get("status") or "") or None


def count_documents(ask: HttpRequester) -> dict[str, int]:
    """Count the documents of each index; what Elasticsearch and Kibana keep for themselves is left out."""
    answer = request_whole_answer(ask, INDICES_PATH)
    require_ok(answer, INDICES_PATH)
    named = (
        (str(row.get("index") or ""), str(row.get("docs.count") or ""))
        for row in iter_mappings(decode_json(answer))
    )
    return {name: int(count) if count.isdecimal() else 0 for name, count in named if is_user_index(name)}


def require_ok(answer: HttpAnswer, path: str) -> None:
    """Raise `OutOfReach` for an error; `NotAvailableYet` for one that passes by itself."""
    if answer.status != HTTPStatus.OK:
        kind = NotAvailableYet if answer.status in PASSING_STATUSES else OutOfReach
        raise kind(UnobservableReason.UNREADABLE, f"HTTP {answer.status} for {path}")


def is_user_index(index: str) -> bool:
    """Return whether an index is the trainee's: `.kibana` is not, `.ds-logs-…`, of a data stream, is."""
    return bool(index) and (not index.startswith(".") or index.startswith(".ds-"))


def list_locked_indices(ask: HttpRequester) -> list[str]:
    """Name the indices that were made read-only because the disk is nearly full."""
    answer = request_whole_answer(ask, INDEX_BLOCKS_PATH)
    if answer.status in PASSING_STATUSES:
        return []
    require_ok(answer, "index.blocks")
    found = as_mapping(decode_json(answer))
    settings = ((name, as_mapping(as_mapping(index).get("settings"))) for name, index in found.items())
    return sorted(
        name
        for name, settings_of in settings
        if is_user_index(name) and str(settings_of.get(LOCKED_SETTING)).casefold() == "true"
    )


def find_line_index(ask: HttpRequester, words: str) -> str | None:
    """Find the index that holds a line with *words*; None for none."""
    by_field = {"multi_match": {"query": words, "fields": list(LINE_FIELDS), "lenient": True}}
    anywhere = {"query_string": {"query": words, "lenient": True}}
    # A field that is not taken apart into words (`keyword`) is found by a part of it alone.
    within = {"query_string": {"query": f"*{words}*", "lenient": True}}
    return next(
        (index for query in (by_field, anywhere, within) for index in iter_hit_indices(ask, query, words)),
        None,
    )


def iter_hit_indices(ask: HttpRequester, query: Json, words: str) -> Iterator[str]:
    """
    Ask with one query, and give the indices of what was found.

    The question goes into the address (`source`, Elasticsearch's own way for whoever sends no body with GET):
    so it is a mere reading, which the programs inside a container can send too.
    """
    source = quote(msgspec.json.encode({"size": 3, "query": query}).decode(), safe="")
    path = (
        "/_search?ignore_unavailable=true&allow_no_indices=true&expand_wildcards=open"
        f"&source_content_type=application%2Fjson&source={source}"
    )
    answer = request_whole_answer(ask, path)
    # A query over all fields may be refused (400) where an index has more than 1024 of them.
    if answer.status == HTTPStatus.BAD_REQUEST and "query_string" in query:
        return
    require_ok(answer, "/_search")
    found = as_mapping(decode_json(answer))
    for hit in iter_mappings(as_mapping(found.get("hits")).get("hits")):
        index = str(hit.get("_index") or "")
        if is_user_index(index) and contains_line(hit.get("_source"), words):
            yield index
    if "multi_match" in query and as_mapping(found.get("_shards")).get("failed"):
        raise NotAvailableYet(UnobservableReason.UNREADABLE, "/_search: not every shard answers")


def contains_line(source: Any, words: str) -> bool:
    """Return whether the line is there itself, and not this very question in a log of Elasticsearch's."""
    text = msgspec.json.encode(source).decode()
    return words in text and "multi_match" not in text and "query_string" not in text
