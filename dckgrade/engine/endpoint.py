"""Find the one engine that command line, environment and Docker's configuration mean."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from dckgrade.engine import engine_url
from dckgrade.i18n import N_, UserError

_PLAIN_PORT, _TLS_PORT = 2375, 2376
_PEM_HEADER_BYTES = 200


class EndpointUsageError(UserError):
    """The command line or environment asks for something impossible: exit code 2."""


class EngineError(UserError):
    """The engine that is meant cannot be graded: exit code 3."""


class EngineDownError(EngineError):
    """Nobody listens at the socket of this machine: no engine runs there."""


class TlsFiles(NamedTuple):
    """The certificates of both sides; *verify* is False where the user gave up checking the engine's."""

    ca: Path | None
    cert: Path | None
    key: Path | None
    verify: bool = True


class Endpoint(NamedTuple):
    """Where the engine listens, and what named it: `--host`, `DOCKER_CONTEXT=prof`, `default`…"""

    url: str
    source: str
    tls: TlsFiles | None = None
    api_ceiling: str | None = None
    is_forwarded: bool = False
    """Whether an ssh listens there: engine, published ports and containers are on another machine."""
    tunnel_url: str = ""
    """The URL of the local socket that our own ssh forwards to the engine; '' without one."""

    @property
    def socket(self) -> str | None:
        """The path of the unix socket; None for TCP and ssh."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None

    @property
    def host(self) -> str:
        """The machine on whose ports containers are published, as seen from here or from behind ssh."""
        return "127.0.0.1" if self.socket or self.tunnel_url else urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def is_private(self) -> bool:
        """
        Whether it is an engine of one user (rootless, Desktop, Colima, Podman), by the folder of its socket.
        """
        user_folders = ("/run/user", "/home", "/root", "/Users", Path.home())
        return self.socket is not None and any(
            Path(self.socket).resolve().is_relative_to(folder) for folder in user_folders
        )

    @property
    def reaches_own_addresses(self) -> bool:
        """Whether containers' own IP addresses are reachable: not in a VM, nor in a user namespace."""
        return sys.platform == "linux" and bool(self.socket) and not self.is_private and not self.is_forwarded


def resolve_endpoint(
    host: str | None, context: str | None, environ: Mapping[str, str], home: Path
) -> Endpoint:
    """Choose as the Docker CLI does (28.2.2, each rule tried out); a name that is wrong raises an error."""
    if host and context:
        raise EndpointUsageError(N_("--host and --context were both given."), N_("Keep only one of them."))
    store = Path(environ.get("DOCKER_CONFIG") or home / ".docker").absolute()
    ceiling = environ.get("DOCKER_API_VERSION") or None
    name, source = _choose_context(host, context, environ, store)
    if name != "default":
        url, tls = _read_context(name, source, store)
        return Endpoint(url, f"{source}={name}", tls, ceiling)
    # The CLI's default context reads DOCKER_HOST, even if chosen by `--context default`.
    given = (host or environ.get("DOCKER_HOST") or "").strip()
    tls = _read_tls_from_environment(environ, store)
    if not given:
        given = f"tcp://localhost:{_TLS_PORT}" if tls else f"unix://{engine_url.DEFAULT_SOCKET}"
    url = _normalize_url(given, _TLS_PORT if tls else _PLAIN_PORT)
    return Endpoint(url, source, tls if url.startswith("tcp:") else None, ceiling)


def list_other_sockets(environ: Mapping[str, str], home: Path) -> list[str]:
    """Return the URLs of the engine sockets that exist in the usual places: to be suggested, never used."""
    runtime_folder = Path(environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    sockets = (
        Path(engine_url.DEFAULT_SOCKET),
        runtime_folder / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        home / ".colima/default/docker.sock",
        runtime_folder / "podman/podman.sock",
    )
    return [f"unix://{path}" for path in sockets if os.access(path, os.F_OK)]


def list_contexts(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the names of the Docker contexts, each with the description that its user gave it."""
    store = Path(environ.get("DOCKER_CONFIG") or home / ".docker").absolute()
    return {"default": "", **dict(sorted(_iter_contexts(store)))}


def _choose_context(
    host: str | None, context: str | None, environ: Mapping[str, str], store: Path
) -> tuple[str, str]:
    if context:
        return context, "DOCKER_HOST" if context == "default" and environ.get("DOCKER_HOST") else "--context"
    if host:
        return "default", "--host"
    if environ.get("DOCKER_HOST"):
        return "default", "DOCKER_HOST"
    if name := environ.get("DOCKER_CONTEXT"):
        return name, "DOCKER_CONTEXT"
    if name := _get_current_context(store / "config.json"):
        return name, "currentContext"
    return "default", "default"


def _get_current_context(config: Path) -> str:
    name = (_read_json(config) or {}).get("currentContext") or ""
    if not isinstance(name, str):
        raise EngineError(
            N_("{path}: currentContext is not a name."), N_("Choose it again: docker context use NAME"),
            path=config,
        )  # fmt: skip
    return name


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EngineError(N_("{path} cannot be read: {detail}."), path=path, detail=error.strerror) from error
    # Late: many users have no such file.
    import json

    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _make_corrupt_file_error(path, str(error) or type(error).__name__) from error
    if not isinstance(content, dict):
        raise _make_corrupt_file_error(path, "not an object")
    return content


def _make_corrupt_file_error(path: Path, detail: str) -> EngineError:
    return EngineError(
        N_("{path} is not valid JSON: {detail}."), N_("Fix that file, or name the engine with --host."),
        path=path, detail=detail,
    )  # fmt: skip


def _read_context(name: str, source: str, store: Path) -> tuple[str, TlsFiles | None]:
    identity = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    meta = store / "contexts/meta" / identity / "meta.json"
    content = _read_json(meta)
    if content is None:
        raise _make_unknown_context_error(name, source, store)
    endpoints = content.get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(docker, dict) or not isinstance(docker.get("Host"), str) or not docker["Host"]:
        raise EngineError(
            N_("{path} names no Docker engine."),
            N_("Create that context again: docker context create {name} --docker host=…"),
            path=meta, name=name,
        )  # fmt: skip
    tls = _find_tls_files(
        store / "contexts/tls" / identity / "docker", verify=docker.get("SkipTLSVerify") is not True
    )
    url = _normalize_url(docker["Host"], _TLS_PORT if tls else _PLAIN_PORT)
    return url, tls if url.startswith("tcp:") else None


def _make_unknown_context_error(name: str, source: str, store: Path) -> EndpointUsageError:
    known = ["default", *sorted(name for name, _ in _iter_contexts(store))]
    guess = get_close_matches(name, known, n=1)
    advice = N_("Did you mean {guess}? Known contexts: {known}.") if guess else N_("Known contexts: {known}.")
    return EndpointUsageError(
        N_("There is no Docker context named {name} in {store} (asked for by {source})."), advice,
        name=name, store=store, source=source, known=", ".join(known), guess="".join(guess),
    )  # fmt: skip


def _iter_contexts(store: Path) -> Iterator[tuple[str, str]]:
    for meta in store.glob("contexts/meta/*/meta.json"):
        with suppress(EngineError):
            content = _read_json(meta) or {}
            name, metadata = content.get("Name"), content.get("Metadata")
            if isinstance(name, str):
                yield name, str(metadata.get("Description") or "") if isinstance(metadata, dict) else ""


def _read_tls_from_environment(environ: Mapping[str, str], store: Path) -> TlsFiles | None:
    # Any text, even "0", switches it on, as in the CLI.
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    folder = Path(environ.get("DOCKER_CERT_PATH") or store).absolute()
    if not (folder / "ca.pem").is_file():
        raise EngineError(
            N_("TLS was asked for and {path} does not exist."),
            N_("Check DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."), path=folder / "ca.pem",
        )  # fmt: skip
    return _find_tls_files(folder, verify=verify)


def _find_tls_files(folder: Path, *, verify: bool) -> TlsFiles | None:
    ca, cert, key = (
        path if (path := folder / f"{name}.pem").is_file() else None for name in ("ca", "cert", "key")
    )
    if (cert is None) != (key is None):
        raise EngineError(
            N_("{folder} holds only one of cert.pem and key.pem."), N_("Ask for the missing file."),
            folder=folder,
        )  # fmt: skip
    if key and b"ENCRYPTED" in key.read_bytes()[:_PEM_HEADER_BYTES]:
        raise EngineError(
            N_("{path} is locked by a passphrase, which nobody can type here."),
            N_("Name a key without one: openssl rsa -in key.pem -out key-without-passphrase.pem"), path=key,
        )  # fmt: skip
    return TlsFiles(ca, cert, key, verify) if ca or cert or not verify else None


def _normalize_url(given: str, port: int) -> str:
    if url := engine_url.parse_engine_url(given, port):
        return url
    raise EndpointUsageError(
        N_("{given} is not the address of an engine."),
        N_("Write unix:///path/of/the/socket, ssh://user@machine or tcp://machine:port."),
        given=engine_url.hide_password(given),
    )
