"""HTTP client for the engine API: only allowed requests leave. Loads docker-py when it is first needed."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from dckgrade.engine.allowlist import READING_METHODS
from dckgrade.engine.answers import ApiAnswer, OutOfReach
from dckgrade.engine.body_stream import BodyStream
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.resources import HttpMethod
from dckgrade.engine.unix_transport import UnixTransport
from dckgrade.report.observation import UnobservableReason

if TYPE_CHECKING:
    from dckgrade.engine.docker_transport import DockerTransport


class EngineClient:
    """
    A connection to one engine, for use by several threads.

    What is read over a unix socket goes by `http.client`, all else by docker-py.
    """

    def __init__(self, endpoint: Endpoint, api: str) -> None:
        self._endpoint, self._api = endpoint, api
        self.own_ids: set[str] = set()
        self._lock = threading.Lock()
        self._docker: DockerTransport | None = None
        scheme, _, socket_path = (endpoint.tunnel_url or endpoint.url).partition("://")
        # A connection that is kept would hold one of ssh's ten sessions.
        keep_alive = not endpoint.tunnel_url
        self._reader: UnixTransport | DockerTransport = (
            UnixTransport(socket_path, keep_alive=keep_alive) if scheme == "unix" else self._load_docker_py()
        )

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
        if method in READING_METHODS:
            return self._reader.request(path, query, max_bytes=max_bytes, timeout_s=timeout_s, method=method)
        return self._get_writer().request(
            path, query, max_bytes=max_bytes, timeout_s=timeout_s, body=body, method=method
        )

    def stream_lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """
        Yield the lines of an endless answer as they come, an empty one first; `OutOfReach` if it breaks.
        """
        return self._reader.stream_lines(path, query)

    def open_body(
        self, path: str, query: Mapping[str, str], *, max_bytes: int, timeout_s: float
    ) -> AbstractContextManager[BodyStream]:
        """Send a GET request, and give the answer to be read as it comes."""
        return self._reader.open_body(path, query, max_bytes=max_bytes, timeout_s=timeout_s)

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()
        with self._lock:
            if self._docker:
                self._docker.close()

    def _get_writer(self) -> "DockerTransport":
        try:
            return self._load_docker_py()
        except Exception as error:  # it reads config.json, and fails on an odd one
            raise OutOfReach(
                UnobservableReason.ENGINE_OUT_OF_REACH, f"docker-py: {mask_secrets(str(error))}"
            ) from error

    def _load_docker_py(self) -> "DockerTransport":
        from dckgrade.engine.docker_transport import DockerTransport

        with self._lock:
            if self._docker is None:
                self._docker = DockerTransport(self._endpoint, self._api, self.own_ids)
            return self._docker
