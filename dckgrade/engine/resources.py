"""The requests that grading makes of an engine: one row each, for client, memo, allow-list and fake."""

import io
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from urllib.parse import quote

from msgspec import Struct

from dckgrade.engine.answers import NotThere
from dckgrade.engine.guards import (
    OutgoingRequest,
    asks_for_services_with_status,
    asks_for_tasks_of_one_service,
    asks_only_for_output,
    is_about_own_container,
    is_probe_container_creation,
)
from dckgrade.engine.responses import (
    decode_base64_json,
    decode_json_object,
    decode_json_objects,
    read_tar_date,
    read_tar_file,
)
from dckgrade.engine.saved_image import read_saved_archive
from dckgrade.lazy_patterns import compile_lazily

if TYPE_CHECKING:
    from dckgrade.engine.body_stream import BodyStream

HttpMethod = Literal["GET", "HEAD", "POST", "DELETE"]

T_co = TypeVar("T_co", covariant=True)
"""The type that a body is decoded to."""

MIB = 1024 * 1024
_PLACEHOLDER_PATTERN = compile_lazily(r"\{(\w+)(:path)?\}")
_NO_QUERY: Mapping[str, str] = {}


class Resource(Struct, Generic[T_co], frozen=True, kw_only=True, dict=True):
    """One kind of request. The engine's API: https://docs.docker.com/reference/api/engine/."""

    name: str
    """Its name in the memo, and in the fake of the tests."""
    path: str
    """Without the version; `{ref}` is one segment, `{name:path}` may have several."""
    parse_body: Callable[[bytes], T_co]
    """Decodes the body; raises `OutOfReach` for one that cannot be decoded."""
    method: HttpMethod = "GET"
    query: Mapping[str, str] = _NO_QUERY
    """Query parameters that are always sent."""
    header: str = ""
    """The header, in lower case, that holds the answer in the place of the body."""
    parse_stream: "Callable[[BodyStream], T_co] | None" = None
    """Decodes the body as it comes: for what is too large to be held whole."""
    timeout_s: float = 3.0
    max_bytes: int = 16 * MIB
    guard: Callable[[OutgoingRequest], bool] | None = None
    """Whether such a request may leave; None: always. Everything but GET and HEAD needs one."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this resource, with and without the API's version."""
        plain = re.escape(_PLACEHOLDER_PATTERN.sub(lambda match: "\0P" if match[2] else "\0S", self.path))
        segments = plain.replace("\0P", ".+").replace("\0S", "[^/]+")
        return re.compile(rf"(?:/v\d+\.\d+)?{segments}")

    def build_path(self, *refs: str) -> str:
        """Return the path with *refs* as its parameters; raises `NotThere` for what cannot be a name."""
        names = iter(refs)
        return _PLACEHOLDER_PATTERN.sub(
            lambda match: _quote_ref(next(names), "/" if match[2] else ""), self.path
        )


def _quote_ref(ref: str, separators: str) -> str:
    # No object has such a name, and in a path it would mean another resource.
    if {"", ".", ".."} & set(ref.split("/")):
        raise NotThere(ref)
    return quote(ref, safe=f":@{separators}")


def keep_bytes(body: bytes) -> bytes:
    """Return the body as it is."""
    return body


def read_tar_file_with_date(body: bytes) -> tuple[bytes, datetime]:
    """Return the one file of a tar, and when it was last changed."""
    return read_tar_file(body), read_tar_date(body)


PING = Resource(name="ping", path="/_ping", parse_body=keep_bytes)
INFO = Resource(name="info", path="/info", parse_body=decode_json_object, timeout_s=5)
"""Slow on a manager, which asks the whole swarm."""
NODES = Resource(name="nodes", path="/nodes", parse_body=decode_json_objects, timeout_s=5)
# Configurations are never asked for: their list holds what is in them.
SERVICES = Resource(
    name="services",
    path="/services",
    parse_body=decode_json_objects,
    query={"status": "true"},
    timeout_s=5,
    guard=asks_for_services_with_status,
)
"""Only the list tells how many tasks are wanted and run. It holds the services' environment: never shown."""
TASKS = Resource(
    name="tasks",
    path="/tasks",
    parse_body=decode_json_objects,
    timeout_s=5,
    max_bytes=8 * MIB,
    guard=asks_for_tasks_of_one_service,
)
"""Of one service at a time, by its id."""
EVENTS = Resource(name="events", path="/events", parse_body=keep_bytes)
CONTAINERS = Resource(
    name="containers", path="/containers/json", parse_body=decode_json_objects, query={"all": "true"}
)
CONTAINER = Resource(name="container", path="/containers/{ref}/json", parse_body=decode_json_object)
IMAGES = Resource(name="images", path="/images/json", parse_body=decode_json_objects)
IMAGE = Resource(name="image", path="/images/{name:path}/json", parse_body=decode_json_object)
DANGLING_IMAGES = Resource(
    name="dangling-images",
    path="/images/json",
    parse_body=decode_json_objects,
    query={"filters": '{"dangling":["true"]}'},
)
"""Without a name, and nothing is built upon them: which ones that are is for the engine to say."""
IMAGE_HISTORY = Resource(
    name="image-history", path="/images/{name:path}/history", parse_body=decode_json_objects
)
# The engine writes the archive to its disk before it sends the first byte: 91 MB take 3.8 s (measured).
IMAGE_EXPORT = Resource(
    name="image-export",
    path="/images/{name:path}/get",
    parse_body=lambda body: read_saved_archive(io.BytesIO(body)),
    parse_stream=read_saved_archive,
    timeout_s=20,
    max_bytes=64 * MIB,
)
"""Not for `--passive`: it is a reading that costs the engine a copy of the image."""
VOLUMES = Resource(name="volumes", path="/volumes", parse_body=decode_json_object)
VOLUME = Resource(name="volume", path="/volumes/{name}", parse_body=decode_json_object)
NETWORKS = Resource(name="networks", path="/networks", parse_body=decode_json_objects)
NETWORK = Resource(name="network", path="/networks/{id}", parse_body=decode_json_object)
"""By id: two networks may bear one name. The list tells no members."""
ARCHIVE = Resource(
    name="archive",
    path="/containers/{ref}/archive",
    parse_body=read_tar_file_with_date,
    timeout_s=10,
    max_bytes=64 * MIB,
)
# What the archive would begin with: https://docs.docker.com/reference/api/engine/ (`ContainerArchiveInfo`).
PATH_STAT = Resource(
    name="path-stat",
    path="/containers/{ref}/archive",
    parse_body=decode_base64_json,
    method="HEAD",
    header="x-docker-container-path-stat",
    timeout_s=5,
)
# A whole folder: read where two trees are compared, and therefore small.
TREE = Resource(
    name="tree",
    path="/containers/{ref}/archive",
    parse_body=keep_bytes,
    timeout_s=10,
    max_bytes=16 * MIB,
)
# 200 messages of at most 16 KiB (the engine splits longer lines there) with their frame headers are 3.2 MiB.
LOG = Resource(
    name="log",
    path="/containers/{ref}/logs",
    parse_body=keep_bytes,
    query={"stdout": "true", "stderr": "true", "tail": "200"},
    timeout_s=5,
    max_bytes=4 * MIB,
)
# The program's own output from its beginning: a report may be long.
OUTPUT = Resource(
    name="output",
    path="/containers/{ref}/logs",
    parse_body=keep_bytes,
    query={"stdout": "true", "tail": "all"},
    timeout_s=10,
    max_bytes=16 * MIB,
)
# Without `one-shot` the engine would wait for two of its ticks, 1 to 2 s.
STATS = Resource(
    name="stats",
    path="/containers/{ref}/stats",
    parse_body=decode_json_object,
    query={"stream": "false", "one-shot": "true"},
    timeout_s=5,
)
TOP = Resource(name="top", path="/containers/{ref}/top", parse_body=decode_json_object, timeout_s=5)
EXEC_CREATE = Resource(
    name="exec-create",
    path="/containers/{ref}/exec",
    parse_body=decode_json_object,
    method="POST",
    guard=asks_only_for_output,
)
EXEC_START = Resource(
    name="exec-start",
    path="/exec/{id}/start",
    parse_body=keep_bytes,
    method="POST",
    guard=asks_only_for_output,
)
EXEC = Resource(name="exec", path="/exec/{id}/json", parse_body=decode_json_object)
# An unknown log driver is looked for among the plugins, for 15 s, before the creation is refused (measured).
CONTAINER_CREATE = Resource(
    name="container-create",
    path="/containers/create",
    parse_body=decode_json_object,
    method="POST",
    timeout_s=20,
    guard=is_probe_container_creation,
)
CONTAINER_START = Resource(
    name="container-start",
    path="/containers/{ref}/start",
    parse_body=keep_bytes,
    method="POST",
    timeout_s=10,
    guard=is_about_own_container,
)
CONTAINER_REMOVE = Resource(
    name="container-remove",
    path="/containers/{ref}",
    parse_body=keep_bytes,
    method="DELETE",
    query={"force": "true", "v": "true"},
    guard=is_about_own_container,
)

RESOURCES: tuple[Resource[Any], ...] = tuple(
    value for value in list(vars().values()) if isinstance(value, Resource)
)
"""All resources above."""
