"""An endpoint in, the engine that answers there out, ready to be looked at; docker-py is loaded late."""

import os
import re
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import msgspec

from dckgrade.observation import Engine, Why
from dckgrade.words import N_
from dckgrade.world import stream
from dckgrade.world.bodies import read_object, read_objects
from dckgrade.world.endpoint import Endpoint, EngineTrouble, others
from dckgrade.world.negotiation import TESTED_MAX, clock_drift, engine_version, refused, spoken
from dckgrade.world.port import Json, NotThere, OutOfReach, Ran
from dckgrade.world.secrets import masked

if TYPE_CHECKING:
    from dckgrade.world.client import Answer, Client
    from dckgrade.world.look import Look

_JSON_AT_MOST = 16 * 1024 * 1024
# 200 messages of at most 16 KiB (the engine splits longer lines there) with their frame headers are 3.2 MiB.
_TAIL, _LOG_AT_MOST = 200, 4 * 1024 * 1024
_RUN_S, _RUN_AT_MOST = 6.0, 64 * 1024
_PING_S, _OBJECT_S, _INFO_S, _LOG_S, _STATS_S = 5.0, 3.0, 5.0, 5.0, 5.0
_OK, _CREATED, _NOT_FOUND, _CONFLICT = 200, 201, 404, 409
_NOTHING: Mapping[str, str] = {}


class Daemon:
    """One engine, reached and understood. Every question has its own deadline and size limit."""

    def __init__(self, endpoint: Endpoint, client: "Client", engine: Engine, drift: timedelta) -> None:
        self.endpoint, self.engine, self._client, self._drift = endpoint, engine, client, drift

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def look(self, workdir: Path | None = None, asked: str | None = None) -> "Look":
        """Begin a round: within it, each distinct question is asked once."""
        from dckgrade.world.look import Look

        return Look(self, workdir, asked)

    def now(self) -> datetime:
        """Tell the time by the engine's clock."""
        return datetime.now(UTC) + self._drift

    def containers(self) -> list[Json]:
        """List all containers."""
        return read_objects(self._ask("/containers/json", _OBJECT_S, {"all": "true"}))

    def container(self, ref: str) -> Json:
        """Inspect one container."""
        return read_object(self._ask(f"/containers/{_named(ref)}/json", _OBJECT_S))

    def image(self, ref: str) -> Json:
        """Inspect one image."""
        return read_object(self._ask(f"/images/{_named(ref, separators='/')}/json", _OBJECT_S))

    def info(self) -> Json:
        """Describe the engine; a manager asks the whole swarm for it."""
        return read_object(self._ask("/info", _INFO_S))

    def nodes(self) -> list[Json]:
        """List the nodes of the swarm."""
        return read_objects(self._ask("/nodes", _INFO_S))

    def stats(self, ref: str) -> Json:
        """Take one sample; without `one-shot` the engine would wait for two of its ticks, 1 to 2 s."""
        question = {"stream": "false", "one-shot": "true"}
        return read_object(self._ask(f"/containers/{_named(ref)}/stats", _STATS_S, question))

    def log_tail(self, ref: str, *, tty: bool) -> str:
        """Read the last lines of both streams."""
        question = {"stdout": "true", "stderr": "true", "tail": str(_TAIL)}
        try:
            raw = self._ask(f"/containers/{_named(ref)}/logs", _LOG_S, question, _LOG_AT_MOST)
        except OutOfReach as error:
            if "does not support reading" in error.detail:
                return ""
            raise
        return stream.text(raw, tty=tty)

    def run(self, ref: str, argv: Sequence[str]) -> Ran:
        """Run a command in a container as the image's own user, and wait for its end."""
        until = time.monotonic() + _RUN_S
        wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
        made = read_object(self._ask(f"/containers/{_named(ref)}/exec", _OBJECT_S, body=wanted))
        path = f"/exec/{_named(str(made.get('Id') or ''))}"
        left = until - time.monotonic()
        raw = self._ask(f"{path}/start", left, at_most=_RUN_AT_MOST, body={"Detach": False, "Tty": False})
        ended = read_object(self._ask(f"{path}/json", _OBJECT_S))
        if ended.get("Running") or not isinstance(ended.get("ExitCode"), int):
            raise OutOfReach(Why.UNREADABLE, "the command has not ended")
        return Ran(ended["ExitCode"], stream.text(raw, tty=False))

    def _ask(
        self,
        path: str,
        seconds: float,
        question: Mapping[str, str] = _NOTHING,
        at_most: int = _JSON_AT_MOST,
        body: Json | None = None,
    ) -> bytes:
        answer = self._client.ask(
            f"/v{self.engine.api}{path}", question, at_most=at_most, seconds=seconds, body=body
        )
        if answer.status in {_OK, _CREATED}:
            return answer.body
        message, own = _message(answer)
        # A proxy's 404, or the engine's "page not found" for an unknown path, says nothing about the object.
        if answer.status == _NOT_FOUND and own and message != "page not found":
            raise NotThere(message)
        if answer.status == _CONFLICT and "marked for removal" in message:
            raise NotThere(message)
        raise OutOfReach(Why.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())


def connect(endpoint: Endpoint, deadline_s: float = _PING_S) -> Daemon:
    """Greet the engine, agree on a version with it, and raise an `EngineTrouble` that says what is wrong."""
    endpoint = _knocked(endpoint, deadline_s) if endpoint.socket else endpoint
    from dckgrade.world.client import causes

    client = _client(endpoint)
    try:
        answer, api = _greeted(endpoint, client, deadline_s)
    except OutOfReach as error:
        client.close()
        raise _explained(endpoint, causes(error), deadline_s) from error
    except BaseException:
        client.close()
        raise
    rootless = str(endpoint.socket).startswith("/run/user/")
    engine = Engine(endpoint=endpoint.url, version=engine_version(answer.headers), api=api, rootless=rootless)
    return Daemon(endpoint, client, engine, clock_drift(answer.headers, datetime.now(UTC)))


def _knocked(endpoint: Endpoint, seconds: float) -> Endpoint:
    """Try the socket before paying for docker-py, which besides leaks it when nobody is there."""
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(seconds)
        try:
            knocking.connect(str(endpoint.socket))
        except TimeoutError as error:
            raise _explained(endpoint, [OutOfReach(Why.DEADLINE)], seconds) from error
        except OSError as error:
            raise _explained(endpoint, [error], seconds) from error
        return replace(endpoint, forwarded=_listener(knocking) == "ssh")


def _listener(knocking: socket.socket) -> str:
    """Name the program at the other end (Linux): behind `ssh -L`, 127.0.0.1 would be the wrong machine."""
    try:
        option = socket.SO_PEERCRED
        pid, _, _ = struct.unpack("3i", knocking.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except (AttributeError, OSError):
        return ""


def _explained(endpoint: Endpoint, causes: list[BaseException], seconds: float) -> EngineTrouble:
    from dckgrade.world.unreachable import explained

    elsewhere = [url for url in others(os.environ, Path.home()) if url != endpoint.url]
    return explained(endpoint, causes, elsewhere, seconds)


def _client(endpoint: Endpoint) -> "Client":
    from dckgrade.world.client import Client

    try:
        return Client(endpoint, TESTED_MAX)
    except Exception as error:  # docker-py reads config.json and certificates, and trips over odd ones
        raise EngineTrouble(
            N_("docker-py cannot be set up for {endpoint}: {detail}."),
            N_("Check Docker's config.json and the certificates."),
            endpoint=endpoint.url, detail=masked(str(error)),
        ) from error  # fmt: skip


def _greeted(endpoint: Endpoint, client: "Client", seconds: float) -> tuple["Answer", str]:
    answer = client.ask("/_ping", {}, at_most=_JSON_AT_MOST, seconds=seconds)
    _check(endpoint, answer)
    api = spoken(endpoint, answer.headers)
    # The answer names the newest version that the engine speaks, not the oldest: an older one is tried first.
    if api != answer.headers["api-version"]:
        again = client.ask(f"/v{api}/_ping", {}, at_most=_JSON_AT_MOST, seconds=seconds)
        if trouble := refused(endpoint, api, _message(again)[0]):
            raise trouble
        _check(endpoint, again)
    return answer, api


def _check(endpoint: Endpoint, answer: "Answer") -> None:
    message, _ = _message(answer)
    if "HTTP request to an HTTPS server" in message:
        raise EngineTrouble(
            N_("The engine at {endpoint} wants TLS."),
            N_("Use its context, or set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."), endpoint=endpoint.url,
        )  # fmt: skip
    if answer.status != _OK:
        raise OutOfReach(Why.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())


def _message(answer: "Answer") -> tuple[str, bool]:
    """Give the engine's error text, and whether it is in the form that the engine uses."""
    try:
        content = msgspec.json.decode(answer.body)
        return masked(content["message"]), True
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, UnicodeError):
        shown = re.sub(r"<[^<>]*>|\s+", " ", answer.body[:2000].decode(errors="replace"))
        return masked(" ".join(shown.split()))[:200], False


def _named(ref: str, separators: str = "") -> str:
    # No object has such a name, and in a path it would ask for something else.
    if {"", ".", ".."} & set(ref.split("/")):
        raise NotThere(ref)
    return quote(ref, safe=f":@{separators}")
