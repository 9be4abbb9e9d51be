"""What probes may ask of an engine and of the machine that grades."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dckgrade.engine.answers import (
    Address,
    Certificate,
    CertificateFault,
    HttpAnswer,
    HttpsAnswer,
    Json,
    Login,
    ParserAnswer,
    ProcessFile,
)
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.reader import ResourceReader
from dckgrade.engine.saved_image import SavedArchive
from dckgrade.engine.side_effects import SideEffects
from dckgrade.report.observation import EngineInfo


class Engine(ResourceReader, SideEffects, Protocol):
    """
    A snapshot of an engine: within it, each distinct request is made once.

    Every method may raise `OutOfReach`; those about one object may raise `NotThere`.
    """

    engine: EngineInfo
    inputs: Mapping[str, str]
    """What the lab asks of its user, by the names under its `inputs:`; passwords too: never to be shown."""
    lab_containers: Mapping[str, str | None]
    """The containers that the run's labs name, each with its image, where the lab gives one."""

    def now(self) -> datetime:
        """Return the time by the engine's clock (aware, UTC)."""
        ...

    def read_apparmor_label(self, ref: str) -> str:
        """Read the AppArmor label of a container's first process, where the engine is on this machine."""
        ...

    def read_process_file(self, ref: str, name: ProcessFile) -> str:
        """
        Read what the kernel says of a container's first process, without running anything in it.

        `NotThere` where the engine's processes are not this machine's, or hidden from us.
        """
        ...

    def read_file(self, name: str) -> bytes:
        """Read a file of the trainee's working folder, 256 KiB at most."""
        ...

    def read_large_file(self, name: str) -> bytes:
        """Read a file of the trainee's working folder, 64 MiB at most."""
        ...

    def read_image_file(self, name: str) -> SavedArchive:
        """
        Read a file of the trainee's working folder that should be an image's archive; not its layers.

        Packed archives are read up to 256 MiB. `kind` says what the file is.
        """
        ...

    def read_apparmor_profile(self, name: str) -> bytes:
        """Read an AppArmor profile in `/etc/apparmor.d`, where the engine is on this machine."""
        ...

    def read_apparmor_include(self, written: str) -> Sequence[bytes]:
        """
        Read what a profile includes, by `<name>` or by a path: a file, or each file of a folder.

        `NotThere` is said only where the engine is on this machine, which has AppArmor's own files.
        """
        ...

    def ask_apparmor_parser(self, content: bytes) -> ParserAnswer:
        """
        Ask this machine's `apparmor_parser` of a profile: it is not loaded. `NotThere` without that program.
        """
        ...

    def is_on_this_machine(self) -> bool:
        """Whether the engine's kernel and files are this machine's."""
        ...

    def read_work_files(self, is_wanted: Callable[[bytes], bool]) -> Sequence[tuple[str, bytes | None]]:
        """
        Return name and content of the files in and below the working folder whose beginning is wanted.

        None: larger than 16 MiB, or a `*.json` that may not be read.
        """
        ...

    def has_program(self, name: str) -> bool:
        """Whether the trainee has a program of that name, on the PATH or beside it; it is not run."""
        ...

    def read_tool_cache(self, tool: str, folder: str, name: str) -> bytes:
        """
        Read a file in a folder of `list_cache_folders`, 64 MiB at most.

        Raises `OutOfReach` also where the cache may be another user's, above all root's, whose folders are
        closed.
        """
        ...

    def list_cache_folders(self, tool: str) -> Sequence[str]:
        """Return the folders in which such a cache may be, with `~` for the home folder."""
        ...

    def read_volume_file(self, folder: str, name: str) -> bytes:
        """Read a file of the volume that the engine keeps in *folder*, 64 MiB at most, where that is here."""
        ...

    def read_daemon_files(self) -> DaemonFiles:
        """
        Read the `daemon.json` of an engine on this machine, whether the engine answers or not.

        Raises `NotThere` where it reads none here, or which one it reads is unknown.
        """
        ...

    def read_last_words(self, since: float) -> str:
        """
        Return the error with which dockerd ended after *since* (seconds since 1970); mostly ''.
        """
        ...

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        """Return where *port* (TCP) of this inspected container is reached from here, the likeliest first."""
        ...

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        """
        Send a GET request for *path* to *address*, no redirect, no proxy; `NoAnswer` when nothing serves.

        Bodies are capped at 256 KiB, for an account at 2 MiB. An account that was refused (401) is not tried
        again while this engine is being graded: services lock out whoever fails too often.
        """
        ...

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        """
        Send a GET request to 127.0.0.1 inside a running container, by its own curl or wget.

        For containers that are not reached from here. Raises `OutOfReach` where it has neither program, and
        under `--passive`.
        """
        ...

    def request_https(self, address: Address, name: str | None, path: str) -> HttpsAnswer:
        """
        Send a GET request for *path* to *address* over TLS, nothing verified, and no account sent.

        *name* is what the service is called by; it is told to the service, and never looked up.
        """
        ...

    def verify_certificate(
        self, address: Address, name: str, authorities: bytes | None
    ) -> CertificateFault | None:
        """
        Tell what is wrong with the certificate at *address* for who calls it *name*; None: nothing.

        *authorities* are trusted, as PEM; None: those that this machine trusts. The name is never looked up.
        """
        ...

    def read_certificate(self, address: Address, name: str | None, certificate: bytes) -> Certificate:
        """Read the *certificate* that `request_https` has brought from *address*."""
        ...

    def read_trusted_authorities(self, registry: str) -> bytes:
        """
        Read the authorities, as PEM, that the engine trusts for the registry called HOST:PORT.

        `NotThere`: it trusts none but its machine's. Raises `OutOfReach` where its folder is not on this
        machine, or unknown.
        """
        ...

    def find_hosts_addresses(self, name: str) -> Sequence[str]:
        """
        Return the addresses that the hosts file of the engine's machine gives to *name*; nobody is asked.

        Raises `OutOfReach` where that file is not on this machine, or not to be read.
        """
        ...

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        """Send *sent* over TCP and read up to *count* bytes; `NoAnswer` when nothing comes."""
        ...
