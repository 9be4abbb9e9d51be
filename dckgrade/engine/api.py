"""An engine that has answered: what is asked of it, each with a deadline and a size of its own."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from dckgrade.engine import log_frames
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.memo import Memo
from dckgrade.engine.probe_container import Throwaways, ours
from dckgrade.engine.protocol import (
    Address,
    Given,
    HttpAnswer,
    Json,
    Login,
    NotThere,
    OutOfReach,
    Printed,
    Ran,
)
from dckgrade.engine.responses import read_change, read_member, read_message, read_object, read_objects
from dckgrade.report.observation import EngineInfo, Why

if TYPE_CHECKING:
    from dckgrade.engine.client import Client, Method
    from dckgrade.engine.snapshot import EngineSnapshot
    from dckgrade.engine.ssh.tunnel import Tunnel

_JSON_AT_MOST = 16 * 1024 * 1024
# 200 messages of at most 16 KiB (the engine splits longer lines there) with their frame headers are 3.2 MiB.
_TAIL, _LOG_AT_MOST = 200, 4 * 1024 * 1024
_RUN_S, _RUN_AT_MOST, _PRINTED_AT_MOST = 6.0, 64 * 1024, 1024 * 1024
_ARCHIVE_S, _ARCHIVE_AT_MOST = 10.0, 64 * 1024 * 1024
# An unknown log driver is looked for among the plugins, for 15 s, before the creation is refused (measured).
_CREATE_S, _START_S, _REMOVE_S = 20.0, 10.0, 10.0
_OBJECT_S, _INFO_S, _LOG_S, _STATS_S, _TOP_S = 3.0, 5.0, 5.0, 5.0, 5.0
_DONE = {200, 201, 204}
_NOT_FOUND, _CONFLICT = 404, 409
_NOTHING: Mapping[str, str] = {}


class EngineApi:
    """One engine, reached and understood. Every question has its own deadline and size limit."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: "Client",
        engine: EngineInfo,
        drift: timedelta,
        tunnel: "Tunnel | None" = None,
    ) -> None:
        self.endpoint, self.engine, self._client, self._drift = endpoint, engine, client, drift
        self._tunnel = tunnel
        self.refusals: dict[tuple[Address, Login], HttpAnswer] = {}
        """Accounts that a service has refused while this engine was looked at."""
        self.throwaways = Throwaways(self)
        self.of_run = Memo()
        """What is done once a run, however often is looked."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was made, drop the connections, and the ssh that leads there."""
        self.throwaways.close()
        self._client.close()
        if self._tunnel:
            self._tunnel.close()

    def find_forwarded_socket(self, address: Address) -> Path | None:
        """Give the socket of ours that leads to *address* on the engine's machine; None: it is near."""
        return self._tunnel.door(address) if self._tunnel else None

    def end_run(self) -> None:
        """Remove what was made for a run, and forget what it has done."""
        self.throwaways.remove()
        self.of_run = Memo()

    def take_snapshot(self, given: Given = Given()) -> "EngineSnapshot":
        """Begin a round: within it, each distinct question is asked once."""
        from dckgrade.engine.snapshot import EngineSnapshot

        return EngineSnapshot(self, given)

    def now(self) -> datetime:
        """Tell the time by the engine's clock."""
        return datetime.now(UTC) + self._drift

    def list_containers(self) -> list[Json]:
        """List all containers but our own: what we made is not graded."""
        return [entry for entry in self.list_all_containers() if not ours(entry)]

    def list_all_containers(self) -> list[Json]:
        """List all containers."""
        return read_objects(self._ask("/containers/json", _OBJECT_S, {"all": "true"}))

    def inspect_container(self, ref: str) -> Json:
        """Inspect one container."""
        return read_object(self._ask(f"/containers/{_named(ref)}/json", _OBJECT_S))

    def inspect_image(self, ref: str) -> Json:
        """Inspect one image."""
        return read_object(self._ask(f"/images/{_named(ref, separators='/')}/json", _OBJECT_S))

    def list_images(self) -> list[Json]:
        """List all images."""
        return read_objects(self._ask("/images/json", _OBJECT_S))

    def read_archive(self, ref: str, path: str) -> bytes:
        """Read a file inside a container; it comes as a tar of one member."""
        return read_member(self._archived(ref, path))

    def _archived(self, ref: str, path: str) -> bytes:
        question = {"path": path}
        return self._ask(f"/containers/{_named(ref)}/archive", _ARCHIVE_S, question, _ARCHIVE_AT_MOST)

    def inspect_engine(self) -> Json:
        """Describe the engine; a manager asks the whole swarm for it."""
        return read_object(self._ask("/info", _INFO_S))

    def list_nodes(self) -> list[Json]:
        """List the nodes of the swarm."""
        return read_objects(self._ask("/nodes", _INFO_S))

    def inspect_volume(self, name: str) -> Json:
        """Inspect one volume."""
        return read_object(self._ask(f"/volumes/{_named(name)}", _OBJECT_S))

    def read_modified_at(self, ref: str, path: str) -> datetime:
        """Tell when a file inside a container was last changed, whether that runs or not."""
        return read_change(self._archived(ref, path))

    def sample_stats(self, ref: str) -> Json:
        """Take one sample; without `one-shot` the engine would wait for two of its ticks, 1 to 2 s."""
        question = {"stream": "false", "one-shot": "true"}
        return read_object(self._ask(f"/containers/{_named(ref)}/stats", _STATS_S, question))

    def list_processes(self, ref: str, columns: str) -> list[list[str]]:
        """Let the engine's machine list a container's processes."""
        question = {"ps_args": f"-eo {columns}"}
        listed = read_object(self._ask(f"/containers/{_named(ref)}/top", _TOP_S, question))
        return [[str(part) for part in row] for row in listed.get("Processes") or []]

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        """Read the last lines of both streams."""
        question = {"stdout": "true", "stderr": "true", "tail": str(_TAIL)}
        try:
            raw = self._ask(f"/containers/{_named(ref)}/logs", _LOG_S, question, _LOG_AT_MOST)
        except OutOfReach as error:
            if "does not support reading" in error.detail:
                return ""
            raise
        return log_frames.text(raw, tty=tty)

    def run_command(self, ref: str, argv: Sequence[str]) -> Ran:
        """Run a command in a container as the image's own user, and wait for its end."""
        exit_code, raw = self._ran(ref, argv, _RUN_AT_MOST)
        return Ran(exit_code, log_frames.text(raw, tty=False))

    def run_for_output(self, ref: str, argv: Sequence[str]) -> Printed:
        """Do the same, and give both streams as they are."""
        exit_code, raw = self._ran(ref, argv, _PRINTED_AT_MOST)
        return Printed(exit_code, *log_frames.separated(raw))

    def _ran(self, ref: str, argv: Sequence[str], at_most: int) -> tuple[int, bytes]:
        until = time.monotonic() + _RUN_S
        wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
        made = read_object(
            self._ask(f"/containers/{_named(ref)}/exec", _OBJECT_S, body=wanted, method="POST")
        )
        path = f"/exec/{_named(str(made.get('Id') or ''))}"
        left = until - time.monotonic()
        attached = {"Detach": False, "Tty": False}
        raw = self._ask(f"{path}/start", left, at_most=at_most, body=attached, method="POST")
        ended = read_object(self._ask(f"{path}/json", _OBJECT_S))
        if ended.get("Running") or not isinstance(ended.get("ExitCode"), int):
            raise OutOfReach(Why.UNREADABLE, "the command has not ended")
        return ended["ExitCode"], raw

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a container of our own."""
        made = self._ask("/containers/create", _CREATE_S, {"name": name}, body=body, method="POST")
        ref = str(read_object(made).get("Id") or "")
        self._client.own.add(ref)
        return ref

    def own(self, entry: Json) -> None:
        """Take over a container that an earlier run of ours has left."""
        if ours(entry):
            self._client.own.add(str(entry.get("Id") or ""))

    def start(self, ref: str) -> None:
        """Start a container of our own."""
        self._ask(f"/containers/{_named(ref)}/start", _START_S, method="POST")

    def remove(self, ref: str) -> None:
        """Remove a container of our own, whatever it does."""
        question = {"force": "true", "v": "true"}
        self._ask(f"/containers/{_named(ref)}", _REMOVE_S, question, method="DELETE")

    def events(self) -> Iterator[Json]:
        """Give each event of the engine as it happens, and an empty one as soon as the stream is open."""
        for line in self._client.lines(f"/v{self.engine.api}/events", _NOTHING):
            yield read_object(line) if line.strip() else {}

    def _ask(
        self,
        path: str,
        seconds: float,
        question: Mapping[str, str] = _NOTHING,
        at_most: int = _JSON_AT_MOST,
        *,
        body: Json | None = None,
        method: "Method" = "GET",
    ) -> bytes:
        path = f"/v{self.engine.api}{path}"
        answer = self._client.ask(path, question, at_most=at_most, seconds=seconds, body=body, method=method)
        if answer.status in _DONE:
            return answer.body
        message, own = read_message(answer)
        # A proxy's 404, or the engine's "page not found" for an unknown path, says nothing about the object.
        if answer.status == _NOT_FOUND and own and message != "page not found":
            raise NotThere(message)
        if answer.status == _CONFLICT and "marked for removal" in message:
            raise NotThere(message)
        raise OutOfReach(Why.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())


def _named(ref: str, separators: str = "") -> str:
    # No object has such a name, and in a path it would ask for something else.
    if {"", ".", ".."} & set(ref.split("/")):
        raise NotThere(ref)
    return quote(ref, safe=f":@{separators}")
