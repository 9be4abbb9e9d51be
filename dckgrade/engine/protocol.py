"""What a probe may ask of the world, and the only two ways in which the world may fail to answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from dckgrade.engine.dockerd import DaemonFiles, Dockerd
from dckgrade.engine.side_effects import SideEffects
from dckgrade.report.observation import EngineInfo, Why

Json = Mapping[str, Any]
"""An object of the engine's API, as it came: read it with `.get`, since versions differ."""


class NotThere(Exception):
    """The world answered: there is no such thing (HTTP 404)."""


class OutOfReach(Exception):
    """The world did not answer, refused, or answered what cannot be read; *why* says which."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why, self.detail = why, detail


Via = Literal["published", "own", "inside"]
"""Reached by a published port, by the container's own address, or by a command inside the container."""
NoAnswerHow = Literal["refused", "reset", "silent", "garbled"]
"""Nobody listens; published, but nobody listens behind it; connected, then nothing; another protocol."""


class Address(Struct, frozen=True):
    """Where a service is reached: always taken from inspect, never guessed."""

    host: str
    port: int
    via: Via


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """The answer of a container's HTTP server: header names in lower case, the body capped at 256 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False


class Ran(Struct, frozen=True):
    """What a command inside a container came to: its exit code, and both streams, secrets masked, capped."""

    exit_code: int
    output: str


class Printed(Struct, frozen=True):
    """The same, byte for byte: for output that is read by a program."""

    exit_code: int
    output: bytes
    errors: bytes


class NoAnswer(Exception):
    """The address was reached and did not serve; *how* tells in which way."""

    def __init__(self, how: NoAnswerHow) -> None:
        super().__init__(how)
        self.how = how


class Login(Struct, frozen=True):
    """An account of a service. It is sent to that service, and never shown, recorded or written."""

    user: str
    password: str
    guessed_for: str = ""
    """The container whose account this may be; empty for one that the user named, which is always tried."""

    def __repr__(self) -> str:
        return "Login(***)"


class Given(Struct, frozen=True, kw_only=True):
    """What the user gives to a look."""

    workdir: Path | None = None
    """Where the trainee's own files are; None: nowhere."""
    container: str | None = None
    """The container to grade where a lab leaves it unnamed; None: chosen by facts."""
    passive: bool = False
    """Run nothing in a container."""
    grafana: Login | None = None
    """Whom Grafana knows, where that is not what the container says of itself."""
    elsewhere: bool = False
    """The trainee's files are on another machine: none of ours is theirs, and none is said to be missing."""
    environment: Mapping[str, str] | None = None
    """Where the trainee's programs and caches are (PATH, HOME…); None: our own environment."""
    dockerd: Dockerd | None = None
    """The engine is one that we have started; None: its files are where facts say."""


OF_ANOTHER = "another user's"
"""The detail of `OutOfReach` where a cache may be in a folder that we may not look into."""


class Engine(SideEffects, Protocol):
    """
    One look at the world: within it, each distinct question is asked once.

    Every method may raise `OutOfReach`; those about one object may raise `NotThere`.
    """

    engine: EngineInfo
    asked: str | None
    """The container that the user chose by `--container`, where a lab leaves it unnamed."""
    grafana: Login | None
    """The account that the user named for Grafana."""

    def now(self) -> datetime:
        """Tell the time by the engine's clock (aware, UTC)."""
        ...

    def list_containers(self) -> Sequence[Json]:
        """List all containers but our own, stopped ones too (`GET /containers/json?all=1`)."""
        ...

    def inspect_container(self, ref: str) -> Json:
        """Inspect one container (`GET /containers/{ref}/json`)."""
        ...

    def inspect_image(self, ref: str) -> Json:
        """Inspect one image (`GET /images/{ref}/json`)."""
        ...

    def list_images(self) -> Sequence[Json]:
        """List all images (`GET /images/json`)."""
        ...

    def read_archive(self, ref: str, path: str) -> bytes:
        """Read a file inside a container, stopped ones too (`GET /containers/{ref}/archive`), to 64 MiB."""
        ...

    def inspect_engine(self) -> Json:
        """Describe the engine and its part in a swarm (`GET /info`)."""
        ...

    def list_nodes(self) -> Sequence[Json]:
        """List the nodes of the swarm that this engine manages (`GET /nodes`); only a manager answers."""
        ...

    def inspect_volume(self, name: str) -> Json:
        """Inspect one volume (`GET /volumes/{name}`)."""
        ...

    def read_modified_at(self, ref: str, path: str) -> datetime:
        """
        Tell when a file inside a container was last changed, stopped ones too (aware, UTC); what a running
        program has open may be older (`GET /containers/{ref}/archive`).
        """
        ...

    def list_processes(self, ref: str, columns: str) -> Sequence[Sequence[str]]:
        """
        Let the engine's machine list a container's processes (`GET /containers/{ref}/top`), a row each in the
        order of *columns*, as its `ps` calls them; what has spaces comes last. Nothing runs in the container.
        """
        ...

    def read_apparmor_label(self, ref: str) -> str:
        """Read what `/proc` says of an engine's process 1 of a container, where both are on this machine."""
        ...

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        """Read a container's last lines, both streams, capped; '' where the driver keeps none."""
        ...

    def sample_stats(self, ref: str) -> Json:
        """Take one sample of resources (`GET /containers/{ref}/stats?stream=false&one-shot=1`)."""
        ...

    def read_file(self, name: str) -> bytes:
        """Read a file of the trainee's working folder, 256 KiB at most."""
        ...

    def read_apparmor_profile(self, name: str) -> bytes:
        """Read an AppArmor profile in `/etc/apparmor.d`, where the engine is on this machine."""
        ...

    def read_json_reports(self) -> Sequence[tuple[str, bytes | None]]:
        """Give name and content of the newest `*.json` of the working folder; None: larger than 16 MiB."""
        ...

    def has_program(self, name: str) -> bool:
        """Say whether the trainee's PATH has a program of that name; it is not run."""
        ...

    def read_tool_cache(self, tool: str, name: str) -> bytes:
        """
        Read a file of the cache that *tool* keeps on this machine, 64 MiB at most; `OutOfReach` also where
        it may be another user's, root's above all, whose folders cannot be looked into.
        """
        ...

    def list_cache_folders(self, tool: str) -> Sequence[str]:
        """Name the folders in which such a cache is looked for, the home folder as `~`."""
        ...

    def read_daemon_files(self) -> DaemonFiles:
        """
        Read the `daemon.json` of an engine on this machine, whether that answers or not; `NotThere` where it
        reads none here, or none that we could name.
        """
        ...

    def read_last_words(self, since: float) -> str:
        """
        Tell what dockerd ended with because of its file, in its own words, if that was after *since* (seconds
        since 1970); mostly empty.
        """
        ...

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        """Say where *port* (TCP) of this inspected container is reached from here, the likeliest first."""
        ...

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        """
        Ask for *path* at *address*, no redirect, no proxy; `NoAnswer` when it does not serve.

        Bodies are capped at 256 KiB, for an account at 2 MiB. An account that was refused (401) is not tried
        again for as long as the engine is looked at: services lock out whoever fails too often.
        """
        ...

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        """
        Ask for *path* at 127.0.0.1 inside a running container, by its own curl or wget: for where no address
        of it is reached from here. `OutOfReach` where it has neither, and under `--passive`.
        """
        ...

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        """Send *sent* over TCP and read up to *count* bytes; `NoAnswer` when nothing comes."""
        ...
