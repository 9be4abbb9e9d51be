"""Allow-list of engine API requests: those of the table of resources, and nothing else."""

from collections.abc import Set as AbstractSet

from dckgrade.engine.guards import OutgoingRequest
from dckgrade.engine.resources import RESOURCES, Resource
from dckgrade.report.decode import parse_json

_NO_OWN_CONTAINERS: frozenset[str] = frozenset()
READING_METHODS = {"GET", "HEAD"}
"""The methods that change nothing, and need no guard."""


class ForbiddenRequest(RuntimeError):
    """A bug of this program: a request that is not on the list was about to leave."""


def require_allowed_request(
    method: str,
    path: str,
    body: bytes | str | None = None,
    query: str = "",
    own_ids: AbstractSet[str] = _NO_OWN_CONTAINERS,
) -> None:
    """
    Raise `ForbiddenRequest` unless a resource has this *method* and *path*, and its guard accepts it.

    *own_ids* are the ids of the containers that this program has created and not yet removed.
    """
    is_plain_path = not {"", ".", ".."} & set(path.split("/")[1:])
    request = OutgoingRequest(path, query, parse_json(body) if body else None, own_ids)
    if not is_plain_path or not any(_allows_request(resource, method, request) for resource in RESOURCES):
        raise ForbiddenRequest(f"{method} {path}")


def _allows_request(resource: Resource[object], method: str, request: OutgoingRequest) -> bool:
    if resource.method != method or not resource.pattern.fullmatch(request.path):
        return False
    return resource.guard(request) if resource.guard else method in READING_METHODS
