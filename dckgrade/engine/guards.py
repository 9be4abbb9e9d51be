"""Conditions under which a request that is no plain read may leave."""

from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from dckgrade.engine.probe_container_form import is_probe_container_request
from dckgrade.lazy_patterns import compile_lazily

_ALLOWED_EXEC_KEYS = {"AttachStdout", "AttachStderr", "Cmd", "Detach", "Tty"}
_ONE_SERVICE_PATTERN = compile_lazily(r'\{"service":\["[a-z0-9]{1,64}"\]\}')
_CONTAINER_ID_PATTERN = compile_lazily(r"/containers/([0-9a-f]{64})(?:/|$)")


class OutgoingRequest(Struct, frozen=True):
    """A request about to leave."""

    path: str
    """With the API's version."""
    query: str
    body: Any
    """Decoded JSON; None without one."""
    own_ids: AbstractSet[str]
    """The ids of the containers that this program has created."""


def asks_only_for_output(request: OutgoingRequest) -> bool:
    """Whether it runs a command for its output alone: no privileges, no user, no terminal."""
    body = request.body
    return isinstance(body, dict) and body.keys() <= _ALLOWED_EXEC_KEYS and not body.get("Tty")


def asks_for_services_with_status(request: OutgoingRequest) -> bool:
    """Whether it asks for the list of services with their state, and for nothing else."""
    return parse_qsl(request.query, keep_blank_values=True) == [("status", "true")]


def asks_for_tasks_of_one_service(request: OutgoingRequest) -> bool:
    """Whether it asks for the tasks of one service, by its id."""
    match parse_qsl(request.query, keep_blank_values=True):
        case [("filters", filters)]:
            return bool(_ONE_SERVICE_PATTERN.fullmatch(filters))
        case _:
            return False


def is_probe_container_creation(request: OutgoingRequest) -> bool:
    """Whether it creates a probe container: with such a name, and of exactly the one harmless form."""
    return is_probe_container_request(request.query, request.body)


def is_about_own_container(request: OutgoingRequest) -> bool:
    """Whether it is about a container that this program has created, and has no body."""
    match = _CONTAINER_ID_PATTERN.search(request.path)
    return bool(match and match[1] in request.own_ids) and request.body is None
