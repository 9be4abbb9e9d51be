"""Method and path of a request in, whether the promise to change nothing lets it leave out."""

import re
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from dckgrade.engine.probe_container import harmless

# A command inside a container: what may be run there is the probes' promise, and each is named in the report.
_RUNS = re.compile(r"(?:/v\d+\.\d+)?(?:/containers/[^/]+/exec|/exec/[^/]+/start)")
_READS = re.compile(
    r"""(?:/v\d+\.\d+)?(?:
        /_ping
      | /info
      | /events
      | /nodes
      | /containers/json
      | /containers/[^/]+/(?:archive|json|logs|stats|top)
      | /images/json
      | /volumes/[^/]+
      | /images/.+/json
      | /exec/[^/]+/json
    )""",
    re.VERBOSE,
)


_MAY_ASK = {"AttachStdout", "AttachStderr", "Cmd", "Detach", "Tty"}
_CREATE = re.compile(r"(?:/v\d+\.\d+)?/containers/create")
_OWN = re.compile(r"(?:/v\d+\.\d+)?/containers/([0-9a-f]{64})(/start)?")
_NOTHING_OF_OURS: frozenset[str] = frozenset()


class Forbidden(RuntimeError):
    """A bug of ours: a request that is not on the list was about to leave."""


def permit(
    method: str,
    path: str,
    body: bytes | str | None = None,
    query: str = "",
    own: AbstractSet[str] = _NOTHING_OF_OURS,
) -> None:
    """
    Raise `Forbidden` unless this is one of the readings that grading needs, runs a command to look, or makes,
    starts or removes a container of our own: *own* are the ids of those that are there.
    """
    segments = path.split("/")[1:]
    if {"", ".", ".."} & set(segments) or not _permitted(method, path, body, query, own):
        raise Forbidden(f"{method} {path}")


def _permitted(method: str, path: str, body: bytes | str | None, query: str, own: AbstractSet[str]) -> bool:
    mine = _OWN.fullmatch(path)
    match method:
        case "GET":
            return bool(_READS.fullmatch(path))
        case "POST" if _RUNS.fullmatch(path):
            return _looks(_decoded(body))
        case "POST" if _CREATE.fullmatch(path):
            return harmless(query, _decoded(body))
        case "POST":
            return bool(mine and mine[2] and mine[1] in own) and not body
        case "DELETE":
            return bool(mine and not mine[2] and mine[1] in own) and not body
        case _:
            return False


def _looks(asked: Any) -> bool:
    """Say whether nothing is asked for but a command and its output: no privileges, no user, no terminal."""
    return isinstance(asked, dict) and asked.keys() <= _MAY_ASK and not asked.get("Tty")


def _decoded(body: bytes | str | None) -> Any:
    return msgspec.json.decode(body or b"null")
