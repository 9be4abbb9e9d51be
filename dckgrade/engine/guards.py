"""Conditions under which a request that is no plain read may leave."""

from collections.abc import Set as AbstractSet
from typing import Any

from msgspec import Struct

from dckgrade.engine.probe_container_form import is_probe_container_request
from dckgrade.lazy_patterns import compile_lazily

_ALLOWED_EXEC_KEYS = {"AttachStdout", "AttachStderr", "Cmd", "Detach", "Tty"}
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


def is_probe_container_creation(request: OutgoingRequest) -> bool:
    """Whether it creates a probe container: with such a name, and of exactly the one harmless form."""
    return is_probe_container_request(request.query, request.body)


def is_about_own_container(request: OutgoingRequest) -> bool:
    """Whether it is about a container that this program has created, and has no body."""
    match = _CONTAINER_ID_PATTERN.search(request.path)
    return bool(match and match[1] in request.own_ids) and request.body is None
