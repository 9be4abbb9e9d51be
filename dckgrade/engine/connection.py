"""Connect to an engine, and explain why that fails. Loads an HTTP client only when something listens."""

import os
import socket
import struct
import time
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from msgspec import UNSET

from dckgrade.engine.answers import ApiAnswer, OutOfReach
from dckgrade.engine.api import ApiClient
from dckgrade.engine.api_version import (
    NEWEST_TESTED,
    explain_refused_version,
    is_newer_than_tested,
    measure_clock_drift,
    negotiate_api_version,
    parse_engine_version,
)
from dckgrade.engine.connected import ConnectedEngine
from dckgrade.engine.connection_errors import explain_connection_error, list_causes
from dckgrade.engine.endpoint import Endpoint, EngineError, list_other_sockets
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.resources import PING
from dckgrade.engine.responses import read_error_message
from dckgrade.engine.ssh import address
from dckgrade.engine.ssh.tunnel import SshTunnel
from dckgrade.i18n import N_
from dckgrade.report.observation import EngineInfo, UnobservableReason

_PING_TIMEOUT_S, _SSH_TIMEOUT_S = 5.0, 15.0
_MAX_PING_BYTES = 64 * 1024


def connect_engine(endpoint: Endpoint, deadline_s: float | None = None) -> ConnectedEngine:
    """
    Ping the engine and agree on an API version with it; raises an `EngineError` that says what is wrong.
    """
    started = time.monotonic()
    seconds = get_connect_timeout_s(endpoint) if deadline_s is None else deadline_s
    scheme, _, rest = endpoint.url.partition("://")
    if scheme == "ssh" and (ssh_address := address.parse_ssh_address(rest)):
        return _connect_through_ssh(ssh_address, endpoint, seconds)
    found = _try_socket(endpoint, seconds) if endpoint.socket else endpoint
    return _open_engine(found, started + seconds, seconds)


def get_connect_timeout_s(endpoint: Endpoint) -> float:
    """Return how long to wait for the first answer, in seconds: ssh has to log in before."""
    return _SSH_TIMEOUT_S if endpoint.url.startswith("ssh:") else _PING_TIMEOUT_S


def _connect_through_ssh(
    ssh_address: address.SshAddress, endpoint: Endpoint, deadline_s: float
) -> ConnectedEngine:
    started = time.monotonic()
    tunnel = SshTunnel(ssh_address)
    try:
        tunnel.open(deadline_s)
        # A slow login does not shorten the engine's own time.
        left_s = max(1.0, min(_PING_TIMEOUT_S, deadline_s - (time.monotonic() - started)))
        forwarded = endpoint._replace(tunnel_url=f"unix://{tunnel.socket}")
        return _open_engine(forwarded, time.monotonic() + left_s, left_s, tunnel)
    except BaseException:
        tunnel.close()
        raise


def _open_engine(
    endpoint: Endpoint, until: float, deadline_s: float, tunnel: SshTunnel | None = None
) -> ConnectedEngine:
    client = _make_client(endpoint)
    try:
        answer, api = _ping_engine(endpoint, client, until)
    except OutOfReach as error:
        client.close()
        # A docker over there that is slow to start hangs up long after the tunnel is open, and says why.
        ended = tunnel.explain_ended_bridge() if tunnel else None
        raise ended or _explain_failure(endpoint, list_causes(error), deadline_s) from error
    except BaseException:
        client.close()
        raise
    rootless = str(endpoint.socket or (tunnel and tunnel.address.socket)).startswith("/run/user/")
    offered = answer.headers["api-version"]
    engine = EngineInfo(
        endpoint=endpoint.url,
        version=parse_engine_version(answer.headers),
        api=api,
        untested_api=offered if is_newer_than_tested(offered) else UNSET,
        rootless=rootless,
    )
    return ConnectedEngine(
        endpoint, client, engine, measure_clock_drift(answer.headers, datetime.now(UTC)), tunnel
    )


def _try_socket(endpoint: Endpoint, seconds: float) -> Endpoint:
    """Connect to the socket before loading an HTTP client, and see who listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(endpoint.socket))
        except TimeoutError as error:
            raise _explain_failure(endpoint, [OutOfReach(UnobservableReason.DEADLINE)], seconds) from error
        except OSError as error:
            raise _explain_failure(endpoint, [error], seconds) from error
        return endpoint._replace(is_forwarded=_name_listener(connection) == "ssh")


def _name_listener(connection: socket.socket) -> str:
    """Return the name of the program that listens (Linux): behind `ssh -L`, 127.0.0.1 is another machine."""
    try:
        option = socket.SO_PEERCRED
        pid, _, _ = struct.unpack(
            "3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
        )
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except (AttributeError, OSError):
        return ""


def _explain_failure(endpoint: Endpoint, causes: list[BaseException], seconds: float) -> EngineError:
    other_sockets = (
        []
        if endpoint.tunnel_url
        else [url for url in list_other_sockets(os.environ, Path.home()) if url != endpoint.url]
    )
    return explain_connection_error(endpoint, causes, other_sockets, seconds)


def _make_client(endpoint: Endpoint) -> ApiClient:
    from dckgrade.engine.client import EngineClient

    try:
        return EngineClient(endpoint, NEWEST_TESTED)
    except Exception as error:  # docker-py reads config.json and certificates, and fails on odd ones
        raise EngineError(
            N_("docker-py cannot be set up for {endpoint}: {detail}."),
            N_("Check Docker's config.json and the certificates."),
            endpoint=endpoint.url, detail=mask_secrets(str(error)),
        ) from error  # fmt: skip


def _ping_engine(endpoint: Endpoint, client: ApiClient, until: float) -> tuple[ApiAnswer, str]:
    answer = _request_ping(client, PING.path, until)
    _check_ping(endpoint, answer)
    api = negotiate_api_version(endpoint, answer.headers)
    # The answer names the newest version that the engine speaks, not the oldest: try an older one first.
    if api != answer.headers["api-version"]:
        second_answer = _request_ping(client, f"/v{api}{PING.path}", until)
        if refusal := explain_refused_version(endpoint, api, _read_refusal(second_answer)):
            raise refusal
        _check_ping(endpoint, second_answer)
    return answer, api


def _request_ping(client: ApiClient, path: str, until: float) -> ApiAnswer:
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise OutOfReach(UnobservableReason.DEADLINE)
    return client.request(path, {}, max_bytes=_MAX_PING_BYTES, timeout_s=left_s)


def _check_ping(endpoint: Endpoint, answer: ApiAnswer) -> None:
    message = _read_refusal(answer)
    if "HTTP request to an HTTPS server" in message:
        raise EngineError(
            N_("The engine at {endpoint} wants TLS."),
            N_("Use its context, or set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."), endpoint=endpoint.url,
        )  # fmt: skip
    if "api-version" not in answer.headers and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        # An engine sends its version with every answer, refusals too.
        raise EngineError(
            N_("What answers at {endpoint} is not a Docker engine."),
            N_("Check the address."),
            endpoint=endpoint.url,
        )
    if answer.status != HTTPStatus.OK:
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {answer.status} {message}".strip())


def _read_refusal(answer: ApiAnswer) -> str:
    """Return what the engine says is wrong, "" for a ping that is well."""
    return read_error_message(answer)[0] if answer.status != HTTPStatus.OK else ""
