"""HTTP client for the engine API: only allowed requests leave. The only module that imports docker-py."""

import http.client
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from docker.api.client import APIClient
from docker.errors import DockerException
from docker.tls import TLSConfig

from dckgrade.engine.allowlist import require_allowed_request
from dckgrade.engine.answers import ApiAnswer, OutOfReach
from dckgrade.engine.connection_errors import list_causes
from dckgrade.engine.deadline import call_within
from dckgrade.engine.endpoint import Endpoint, TlsFiles
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.resources import HttpMethod
from dckgrade.report.observation import UnobservableReason

_OK = 200
_CHUNK_BYTES = 64 * 1024
_CONNECT_TIMEOUT_S = 5.0
_FRAMED_CONTENT_TYPES = {"application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"}
# What docker-py, requests, urllib3 and http.client let through; RequestException and SSLError are OSErrors.
_TRANSPORT_ERRORS = (
    DockerException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class EngineClient:
    """A connection to one engine, for use by several threads."""

    def __init__(self, endpoint: Endpoint, api: str) -> None:
        tls = endpoint.tls
        self._session = _PermittedSession(
            base_url=endpoint.tunnel_url or endpoint.url,
            version=api,
            tls=_build_tls_config(tls) if tls else False,
        )
        # Else HTTP_PROXY would take tcp:// to another machine, whose answers would be graded.
        self._session.trust_env = False
        # Else the engine compresses archives of files, and their unpacked size has no limit.
        self._session.headers["Accept-Encoding"] = "identity"
        self.own_ids = self._session.own_ids
        if endpoint.tunnel_url:
            # Else each connection that docker-py keeps for later would hold one of ssh's ten sessions.
            self._session.headers["Connection"] = "close"
        if tls and not tls.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

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
        until = time.monotonic() + timeout_s
        return call_within(
            timeout_s,
            lambda: self._receive(path, query, max_bytes=max_bytes, until=until, body=body, method=method),
        )

    def stream_lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """
        Yield the lines of an endless answer as they come, an empty one first; `OutOfReach` if it breaks.
        """
        url = self._session.base_url + path
        try:
            with self._session.request(
                "GET", url, params=query, timeout=(_CONNECT_TIMEOUT_S, None)
            ) as response:
                if response.status_code != _OK:
                    raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {response.status_code}")
                yield b""
                pending = bytearray()
                while chunk := response.raw.read1(_CHUNK_BYTES):
                    *whole, rest = (pending + chunk).split(b"\n")
                    pending = bytearray(rest[-_CHUNK_BYTES:])
                    yield from map(bytes, whole)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _receive(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        max_bytes: int,
        until: float,
        body: Mapping[str, Any] | None,
        method: HttpMethod,
    ) -> ApiAnswer:
        url = self._session.base_url + path
        left_s = until - time.monotonic()
        try:
            with self._session.request(method, url, params=query, json=body, timeout=left_s) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                content = _read_whole_body(response, headers, max_bytes, until)
                return ApiAnswer(response.status_code, headers, content)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error


class _PermittedSession(APIClient):
    """The one place where requests leave, redirects too: only allowed ones pass, and none is followed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.own_ids: set[str] = set()
        """The ids of the containers that this program has created: these alone may be started and removed."""

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        require_allowed_request(request.method or "", url.path, request.body, url.query, self.own_ids)
        settings |= {"allow_redirects": False, "stream": True}
        return super().send(request, **settings)


def _build_tls_config(tls: TlsFiles) -> TLSConfig:
    return TLSConfig(
        client_cert=(str(tls.cert), str(tls.key)) if tls.cert and tls.key else None,
        ca_cert=str(tls.ca) if tls.ca else None,
        verify=tls.verify,
    )


def _read_whole_body(
    response: requests.Response, headers: Mapping[str, str], max_bytes: int, until: float
) -> bytes:
    """Read the body: docker-py would buffer any amount, and its timeout starts again with every byte."""
    length, chunked = headers.get("content-length"), "chunked" in headers.get("transfer-encoding", "")
    # What a command prints comes in frames of known length, up to the end of the connection.
    framed = headers.get("content-type") in _FRAMED_CONTENT_TYPES
    if response.status_code == _OK and length is None and not chunked and not framed:
        raise OutOfReach(UnobservableReason.UNREADABLE, "an answer of unknown length")
    body = bytearray()
    try:
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > max_bytes:
                raise OutOfReach(UnobservableReason.UNREADABLE, f"an answer of more than {max_bytes} bytes")
            if time.monotonic() > until:
                raise OutOfReach(UnobservableReason.DEADLINE)
    except (urllib3.exceptions.ProtocolError, http.client.HTTPException) as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short") from error
    if length is not None and length != str(len(body)):
        raise OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short")
    return bytes(body)


def _to_out_of_reach(error: Exception) -> OutOfReach:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return OutOfReach(UnobservableReason.DEADLINE)
    plain = (cause for cause in list_causes(error) if _is_plain_os_error(cause))
    return OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, mask_secrets(str(next(plain, error))))


def _is_plain_os_error(error: BaseException) -> bool:
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)
