"""Requests to an engine, each with a deadline and a size limit of its own."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from msgspec.structs import replace

from dckgrade.engine import log_frames, resources
from dckgrade.engine.answer_shapes import CREATED, EXEC, require_shape
from dckgrade.engine.answers import (
    Address,
    ApiAnswer,
    CommandOutput,
    CommandResult,
    HttpAnswer,
    Json,
    Login,
    NotThere,
    OutOfReach,
)
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.memo import Memo
from dckgrade.engine.probe_container import ProbeContainers
from dckgrade.engine.probe_container_form import is_probe_container_entry
from dckgrade.engine.reader import ResourceReader
from dckgrade.engine.resources import HttpMethod, Resource
from dckgrade.engine.responses import decode_json_object, read_error_message
from dckgrade.engine.ssh.tunnel import SshTunnel
from dckgrade.report.observation import EngineInfo, UnobservableReason

if TYPE_CHECKING:
    from dckgrade.engine.body_stream import BodyStream

_COMMAND_TIMEOUT_S, _MAX_COMMAND_TEXT_BYTES, _MAX_COMMAND_OUTPUT_BYTES = 6.0, 64 * 1024, 1024 * 1024
_SUCCESS_STATUSES = {200, 201, 204}
_NOT_FOUND, _CONFLICT = 404, 409
_NO_QUERY: Mapping[str, str] = {}

T = TypeVar("T")


class ApiClient(Protocol):
    """What sends requests to an engine: `EngineClient`, or a stand-in."""

    own_ids: set[str]
    """The ids of the containers that this program has created: these alone may be started and removed."""

    def request(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        max_bytes: int,
        timeout_s: float,
        body: Mapping[str, Any] | None = None,
        method: HttpMethod = "GET",
    ) -> ApiAnswer:
        """Return the whole answer; raises `OutOfReach` if it is late, cut short or over *max_bytes*."""
        ...

    def stream_lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """
        Yield the lines of an endless answer as they come, an empty one first.

        Raises `OutOfReach` when the stream breaks.
        """
        ...

    def open_body(
        self, path: str, query: Mapping[str, str], *, max_bytes: int, timeout_s: float
    ) -> "AbstractContextManager[BodyStream]":
        """Send a GET request, and give the answer to be read as it comes."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class EngineApi(ResourceReader):
    """One engine, connected to, whose API version is agreed on."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: ApiClient,
        engine: EngineInfo,
        drift: timedelta,
        tunnel: SshTunnel | None = None,
    ) -> None:
        self.endpoint, self.engine, self._client, self._clock_drift = endpoint, engine, client, drift
        self._tunnel = tunnel
        self.refused_logins: dict[tuple[Address, Login], HttpAnswer] = {}
        """The answers of services that have refused an account during this connection."""
        self.accepted_logins: set[tuple[Address, Login]] = set()
        """The accounts that services have let in."""
        self.probe_containers = ProbeContainers(self)
        self.run_memo = Memo()
        """What is called once per run, in whichever round."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the probe containers, then close the connections and the ssh tunnel."""
        self.probe_containers.close()
        self._client.close()
        if self._tunnel:
            self._tunnel.close()

    def find_forwarded_socket(self, address: Address) -> Path | None:
        """Return the local socket that ssh forwards to *address*; None: the engine is not behind ssh."""
        return self._tunnel.open_socket_to(address) if self._tunnel else None

    def now(self) -> datetime:
        """Return the time by the engine's clock (aware, UTC)."""
        return datetime.now(UTC) + self._clock_drift

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        """Run a command in a container as the image's own user, and wait for its end, 6 s at most."""
        exit_code, raw = self._execute(ref, argv, _MAX_COMMAND_TEXT_BYTES)
        return CommandResult(exit_code, log_frames.decode_log(raw, tty=False))

    def run_command_raw(self, ref: str, argv: Sequence[str]) -> CommandOutput:
        """Do the same, and return both streams byte for byte."""
        exit_code, raw = self._execute(ref, argv, _MAX_COMMAND_OUTPUT_BYTES)
        return CommandOutput(exit_code, *log_frames.split_streams(raw))

    def _execute(self, ref: str, argv: Sequence[str], max_bytes: int) -> tuple[int, bytes]:
        until = time.monotonic() + _COMMAND_TIMEOUT_S
        exec_config = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
        created = require_shape(self._request(resources.EXEC_CREATE, (ref,), body=exec_config), CREATED)
        exec_id = created["Id"]
        start = replace(resources.EXEC_START, timeout_s=until - time.monotonic(), max_bytes=max_bytes)
        raw = self._request(start, (exec_id,), body={"Detach": False, "Tty": False})
        inspected = require_shape(self.read(resources.EXEC, exec_id), EXEC)
        if inspected.get("Running") or inspected.get("ExitCode") is None:
            raise OutOfReach(UnobservableReason.UNREADABLE, "the command has not ended")
        return inspected["ExitCode"], raw

    def create_container(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a probe container; return its id."""
        answer = self._request(resources.CONTAINER_CREATE, (), {"name": name}, body)
        ref: str = require_shape(answer, CREATED)["Id"]
        self._client.own_ids.add(ref)
        return ref

    def adopt_container(self, entry: Json) -> None:
        """Allow a probe container that an earlier run left behind to be removed."""
        if is_probe_container_entry(entry):
            self._client.own_ids.add(str(entry.get("Id") or ""))

    def start_container(self, ref: str) -> None:
        """Start a probe container."""
        self._request(resources.CONTAINER_START, (ref,))

    def remove_container(self, ref: str, within_s: float) -> None:
        """Remove a probe container, running or not."""
        self._request(replace(resources.CONTAINER_REMOVE, timeout_s=within_s), (ref,))

    def stream_events(self) -> Iterator[Json]:
        """Yield each event of the engine as it happens, and an empty one as soon as the stream is open."""
        for line in self._client.stream_lines(f"/v{self.engine.api}{resources.EVENTS.path}", _NO_QUERY):
            yield decode_json_object(line) if line.strip() else {}

    def read(self, resource: Resource[T], *refs: str, **query: str) -> T:
        """Request *resource* now; raises `NotThere` or `OutOfReach`."""
        if resource.parse_stream:
            return self._read_stream(resource, resource.parse_stream, refs)
        return self._request(resource, refs, query)

    def _request(
        self,
        resource: Resource[T],
        refs: Sequence[str],
        query: Mapping[str, str] = _NO_QUERY,
        body: Json | None = None,
    ) -> T:
        answer = self._client.request(
            f"/v{self.engine.api}{resource.build_path(*refs)}",
            {**resource.query, **query},
            max_bytes=resource.max_bytes,
            timeout_s=resource.timeout_s,
            body=body,
            method=resource.method,
        )
        if answer.status not in _SUCCESS_STATUSES:
            raise _to_exception(answer, resource.method)
        header = answer.headers.get(resource.header, "").encode()
        return resource.parse_body(header if resource.header else answer.body)

    def _read_stream(
        self, resource: Resource[T], parse: "Callable[[BodyStream], T]", refs: Sequence[str]
    ) -> T:
        with self._client.open_body(
            f"/v{self.engine.api}{resource.build_path(*refs)}",
            resource.query,
            max_bytes=resource.max_bytes,
            timeout_s=resource.timeout_s,
        ) as stream:
            if stream.status not in _SUCCESS_STATUSES:
                raise _to_exception(ApiAnswer(stream.status, stream.headers, stream.read()), "GET")
            parsed = parse(stream)
            stream.skip_rest()
            return parsed


def _to_exception(answer: ApiAnswer, method: HttpMethod) -> NotThere | OutOfReach:
    """Return what an answer that is no success stands for."""
    message, from_engine = read_error_message(answer)
    # The engine tells its version with every answer; an answer to HEAD has no body.
    from_engine |= method == "HEAD" and "api-version" in answer.headers
    # A proxy's 404, or the engine's "page not found" for an unknown path, says nothing about the object.
    if answer.status == _NOT_FOUND and from_engine and message != "page not found":
        return NotThere(message)
    if answer.status == _CONFLICT and "marked for removal" in message:
        return NotThere(message)
    return OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())
