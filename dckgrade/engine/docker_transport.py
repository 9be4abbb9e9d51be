"""Send requests to an engine by docker-py, which is imported only here: all but reading a unix socket."""

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from docker.api.client import APIClient
from docker.errors import DockerException
from docker.tls import TLSConfig

from dckgrade.engine.allowlist import require_allowed_request
from dckgrade.engine.answers import ApiAnswer, OutOfReach, join_headers
from dckgrade.engine.body_stream import BodyStream
from dckgrade.engine.deadline import call_within
from dckgrade.engine.endpoint import Endpoint, TlsFiles
from dckgrade.engine.resources import HttpMethod
from dckgrade.engine.transport import (
    CHUNK_BYTES,
    CONNECT_TIMEOUT_S,
    OK,
    describe_failure,
    make_unknown_length_error,
    read_whole_body,
)
from dckgrade.report.observation import UnobservableReason

# What docker-py, requests, urllib3 and http.client let through; RequestException and SSLError are OSErrors.
_TRANSPORT_ERRORS = (
    DockerException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class DockerTransport:
    """The connections that docker-py holds to one engine, for use by several threads."""

    def __init__(self, endpoint: Endpoint, api: str, own_ids: set[str]) -> None:
        tls = endpoint.tls
        self._session = _PermittedSession(
            base_url=endpoint.tunnel_url or endpoint.url,
            version=api,
            tls=_build_tls_config(tls) if tls else False,
            own_ids=own_ids,
        )
        # Else HTTP_PROXY would take tcp:// to another machine, whose answers would be graded.
        self._session.trust_env = False
        # Else the engine compresses archives of files, and their unpacked size has no limit.
        self._session.headers["Accept-Encoding"] = "identity"
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
                "GET", url, params=query, timeout=(CONNECT_TIMEOUT_S, None)
            ) as response:
                if response.status_code != OK:
                    raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"HTTP {response.status_code}")
                yield b""
                pending = bytearray()
                while chunk := response.raw.read1(CHUNK_BYTES):
                    *whole, rest = (pending + chunk).split(b"\n")
                    pending = bytearray(rest[-CHUNK_BYTES:])
                    yield from map(bytes, whole)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error

    @contextmanager
    def open_body(
        self, path: str, query: Mapping[str, str], *, max_bytes: int, timeout_s: float
    ) -> Iterator[BodyStream]:
        """Send a GET request, and give the answer to be read as it comes."""
        url = self._session.base_url + path
        try:
            with self._session.request("GET", url, params=query, timeout=timeout_s) as response:
                yield BodyStream(
                    response.status_code,
                    join_headers(response.headers.items()),
                    lambda: _read_chunk(response),
                    max_bytes=max_bytes,
                    until=time.monotonic() + timeout_s,
                )
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
                headers = join_headers(response.headers.items())
                # docker-py would buffer any amount, and its timeout starts again with every byte.
                content = read_whole_body(
                    lambda: _read_chunk(response),
                    method,
                    response.status_code,
                    headers,
                    max_bytes=max_bytes,
                    until=until,
                )
                return ApiAnswer(response.status_code, headers, content)
        except _TRANSPORT_ERRORS as error:
            raise _to_out_of_reach(error) from error


class _PermittedSession(APIClient):
    """The one place where docker-py's requests leave, redirects too: none but allowed ones, none followed."""

    def __init__(self, *, own_ids: set[str], **settings: Any) -> None:
        super().__init__(**settings)
        self._own_ids = own_ids

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        require_allowed_request(request.method or "", url.path, request.body, url.query, self._own_ids)
        settings |= {"allow_redirects": False, "stream": True}
        return super().send(request, **settings)


def _build_tls_config(tls: TlsFiles) -> TLSConfig:
    return TLSConfig(
        client_cert=(str(tls.cert), str(tls.key)) if tls.cert and tls.key else None,
        ca_cert=str(tls.ca) if tls.ca else None,
        verify=tls.verify,
    )


def _read_chunk(response: requests.Response) -> bytes:
    try:
        chunk: bytes = response.raw.read1(CHUNK_BYTES, decode_content=False)
    except urllib3.exceptions.ProtocolError as error:
        raise http.client.IncompleteRead(b"") from error
    return chunk


def _to_out_of_reach(error: Exception) -> OutOfReach:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return OutOfReach(UnobservableReason.DEADLINE)
    if isinstance(error, requests.exceptions.InvalidHeader):
        return make_unknown_length_error()  # several lengths
    return describe_failure(error, _is_wrapper)


def _is_wrapper(error: BaseException) -> bool:
    return isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError)
