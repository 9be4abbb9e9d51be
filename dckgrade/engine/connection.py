"""An endpoint in, the engine that answers there out, ready to be looked at; docker-py is loaded late."""

import os
import socket
import struct
import time
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.api import EngineApi
from dckgrade.engine.api_version import TESTED_MAX, clock_drift, engine_version, refused, spoken
from dckgrade.engine.endpoint import Endpoint, EngineTrouble, others
from dckgrade.engine.redaction import masked
from dckgrade.engine.responses import read_message
from dckgrade.engine.ssh import address
from dckgrade.i18n import N_
from dckgrade.report.observation import EngineInfo, UnobservableReason

if TYPE_CHECKING:
    from dckgrade.engine.client import Answer, Client
    from dckgrade.engine.ssh.tunnel import Tunnel

_PING_S, _SSH_S = 5.0, 15.0
_AT_MOST = 64 * 1024


def connect(endpoint: Endpoint, deadline_s: float | None = None) -> EngineApi:
    """Greet the engine, agree on a version with it, and raise an `EngineTrouble` that says what is wrong."""
    seconds = patience_s(endpoint) if deadline_s is None else deadline_s
    scheme, _, rest = endpoint.url.partition("://")
    if scheme == "ssh" and (there := address.read(rest)):
        return _through_ssh(there, endpoint, seconds)
    return _connected(_knocked(endpoint, seconds) if endpoint.socket else endpoint, seconds)


def patience_s(endpoint: Endpoint) -> float:
    """Say how long to wait for a greeting: an ssh has to log in first."""
    return _SSH_S if endpoint.url.startswith("ssh:") else _PING_S


def _through_ssh(there: address.SshAddress, endpoint: Endpoint, deadline_s: float) -> EngineApi:
    from dckgrade.engine.ssh.tunnel import Tunnel

    begun = time.monotonic()
    tunnel = Tunnel(there)
    try:
        tunnel.open(deadline_s)
        # A login that took its time leaves the engine enough of its own.
        left_s = max(1.0, min(_PING_S, deadline_s - (time.monotonic() - begun)))
        return _connected(replace(endpoint, door=f"unix://{tunnel.socket}"), left_s, tunnel)
    except BaseException:
        tunnel.close()
        raise


def _connected(endpoint: Endpoint, deadline_s: float, tunnel: "Tunnel | None" = None) -> EngineApi:
    from dckgrade.engine.client import causes

    client = _client(endpoint)
    try:
        answer, api = _greeted(endpoint, client, deadline_s)
    except OutOfReach as error:
        client.close()
        raise _explained(endpoint, causes(error), deadline_s) from error
    except BaseException:
        client.close()
        raise
    rootless = str(endpoint.socket or (tunnel and tunnel.address.socket)).startswith("/run/user/")
    engine = EngineInfo(
        endpoint=endpoint.url, version=engine_version(answer.headers), api=api, rootless=rootless
    )
    return EngineApi(endpoint, client, engine, clock_drift(answer.headers, datetime.now(UTC)), tunnel)


def _knocked(endpoint: Endpoint, seconds: float) -> Endpoint:
    """Try the socket before paying for docker-py, which besides leaks it when nobody is there."""
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(seconds)
        try:
            knocking.connect(str(endpoint.socket))
        except TimeoutError as error:
            raise _explained(endpoint, [OutOfReach(UnobservableReason.DEADLINE)], seconds) from error
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
    from dckgrade.engine.connection_errors import explained

    elsewhere = (
        [] if endpoint.door else [url for url in others(os.environ, Path.home()) if url != endpoint.url]
    )
    return explained(endpoint, causes, elsewhere, seconds)


def _client(endpoint: Endpoint) -> "Client":
    from dckgrade.engine.client import Client

    try:
        return Client(endpoint, TESTED_MAX)
    except Exception as error:  # docker-py reads config.json and certificates, and trips over odd ones
        raise EngineTrouble(
            N_("docker-py cannot be set up for {endpoint}: {detail}."),
            N_("Check Docker's config.json and the certificates."),
            endpoint=endpoint.url, detail=masked(str(error)),
        ) from error  # fmt: skip


def _greeted(endpoint: Endpoint, client: "Client", seconds: float) -> tuple["Answer", str]:
    answer = client.ask("/_ping", {}, at_most=_AT_MOST, seconds=seconds)
    _check(endpoint, answer)
    api = spoken(endpoint, answer.headers)
    # The answer names the newest version that the engine speaks, not the oldest: an older one is tried first.
    if api != answer.headers["api-version"]:
        again = client.ask(f"/v{api}/_ping", {}, at_most=_AT_MOST, seconds=seconds)
        if trouble := refused(endpoint, api, read_message(again)[0]):
            raise trouble
        _check(endpoint, again)
    return answer, api


def _check(endpoint: Endpoint, answer: "Answer") -> None:
    message, _ = read_message(answer)
    if "HTTP request to an HTTPS server" in message:
        raise EngineTrouble(
            N_("The engine at {endpoint} wants TLS."),
            N_("Use its context, or set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."), endpoint=endpoint.url,
        )  # fmt: skip
    if answer.status != HTTPStatus.OK:
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())
