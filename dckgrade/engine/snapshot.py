"""A snapshot of an engine: each distinct request is made once, whichever probe asks first."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from dckgrade.engine import (
    apparmor_files,
    daemon_files,
    exec_http,
    hosts_file,
    local_files,
    rejected_logins,
    service_client,
    tls_client,
    tool_cache,
    trusted_authorities,
)
from dckgrade.engine.addresses import find_service_addresses
from dckgrade.engine.answers import (
    OTHER_USERS_DETAIL,
    Address,
    Certificate,
    CertificateFault,
    CommandResult,
    HttpAnswer,
    HttpsAnswer,
    Json,
    Login,
    NotThere,
    OutOfReach,
    ParserAnswer,
    ProcessFile,
)
from dckgrade.engine.api import EngineApi
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.memo import Memo
from dckgrade.engine.reader import ResourceReader
from dckgrade.engine.resources import IMAGE_EXPORT, Resource
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.saved_image import SavedArchive, read_saved_archive
from dckgrade.report.observation import UnobservableReason

T = TypeVar("T")


class EngineSnapshot(ResourceReader):
    """The engine as probes use it during one round."""

    def __init__(self, api: EngineApi, options: RunOptions) -> None:
        self.engine, self.inputs, self._options = api.engine, options.inputs, options
        self.lab_containers = options.lab_containers
        self._api, self._memo = api, Memo()

    def now(self) -> datetime:
        """Return the time by the engine's clock."""
        return self._api.now()

    def read(self, resource: Resource[T], *refs: str, **query: str) -> T:
        """Request *resource* once; later calls return or raise the same."""
        key = (resource.name, refs, tuple(sorted(query.items())))
        return self._memo.get_or_call(key, lambda: self._api.read(resource, *refs, **query))

    def read_apparmor_label(self, ref: str) -> str:
        """Read the label of a container's first process, where the engine is on this machine."""
        self._require_same_machine(ref)
        pid = (self.inspect_container(ref).get("State") or {}).get("Pid")
        return self._memo.get_or_call(
            ("label", ref), lambda: local_files.read_process_label(local_files.PROC_FOLDER, pid, ref)
        )

    def read_process_file(self, ref: str, name: ProcessFile) -> str:
        """Read a file about a container's first process, where the engine is on this machine."""
        self._require_same_machine(ref)
        inspected = self.inspect_container(ref)
        pid, container = (inspected.get("State") or {}).get("Pid"), str(inspected.get("Id") or "")
        return self._memo.get_or_call(
            ("process", ref, name),
            lambda: local_files.read_process_file(local_files.PROC_FOLDER, pid, container, name),
        )

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        """Run a command in a container, unless the container shares the host's processes."""
        self._require_exec(ref)
        return self._memo.get_or_call(("run", ref, tuple(argv)), lambda: self._api.run_command(ref, argv))

    def _require_active(self) -> None:
        if self._options.passive:
            raise OutOfReach(UnobservableReason.NOT_TRIED, "--passive")

    def _require_exec(self, ref: str) -> None:
        self._require_active()
        if (self.inspect_container(ref).get("HostConfig") or {}).get("PidMode") == "host":
            raise OutOfReach(UnobservableReason.NOT_TRIED, "the container shares the host's processes")

    def inspect_started_container(self, image: str) -> Json:
        """Start and inspect a new container of *image*, once per run."""
        self._require_active()
        return self.call_once_per_run(
            ("started", image), lambda: self._api.probe_containers.inspect_started(image)
        )

    def start_marker_container(self, image: str, words: str, log: Json | None) -> str:
        """Start a probe container that prints *words*."""
        self._require_active()
        return self._api.probe_containers.start_speaking(image, words, log)

    def run_beside(self, ref: str, image: str, argv: Sequence[str]) -> CommandResult:
        """Run a look-up or a connection in the network of a container, by a container of our own."""
        self._require_active()
        target = str(self.inspect_container(ref).get("Id") or "")
        return self._memo.get_or_call(
            ("beside", target, image, tuple(argv)),
            lambda: self._api.probe_containers.run_beside(image, target, argv),
        )

    def stat_image_paths(self, image: str, paths: Sequence[str]) -> Mapping[str, Json]:
        """Describe those of *paths* that an image holds."""
        self._require_active()
        return self.call_once_per_run(
            ("image paths", image, tuple(paths)),
            lambda: self._api.probe_containers.stat_paths(image, paths),
        )

    def export_image(self, image: str, words: Sequence[bytes]) -> SavedArchive:
        """Read what is in each layer of an image, and look for *words*."""
        self._require_active()
        resource = replace(IMAGE_EXPORT, parse_stream=lambda stream: read_saved_archive(stream, words))
        return self.call_once_per_run(
            ("image layers", image, tuple(words)), lambda: self._api.read(resource, image)
        )

    def call_once_per_run(self, key: Hashable, call: Callable[[], T]) -> T:
        """Return or raise what *call* did the first time in this run."""
        return self._api.run_memo.get_or_call(key, call)

    def read_file(self, name: str) -> bytes:
        """Read a file of the working folder."""
        return self._read_workdir_file(name, local_files.MAX_FILE_BYTES)

    def read_large_file(self, name: str) -> bytes:
        """Read a file of the working folder that may be large."""
        return self._read_workdir_file(name, local_files.MAX_LARGE_FILE_BYTES)

    def _read_workdir_file(self, name: str, max_bytes: int) -> bytes:
        self._require_own_machine(name)
        workdir = self._options.workdir
        if workdir is None:
            raise NotThere(name)
        return self._memo.get_or_call(
            ("file", name, max_bytes), lambda: local_files.read_workdir_file(workdir, name, max_bytes)
        )

    def read_image_file(self, name: str) -> SavedArchive:
        """Read a file of the working folder that should be an image's archive."""
        self._require_own_machine(name)
        workdir = self._options.workdir
        if workdir is None:
            raise NotThere(name)
        return self._memo.get_or_call(
            ("image file", name), lambda: local_files.read_image_file(workdir, name)
        )

    def read_apparmor_profile(self, name: str) -> bytes:
        """Read a profile of this machine, where the engine is on it."""
        self._require_own_machine(name)
        self._require_same_machine(name)
        return self._memo.get_or_call(
            ("policy", name), lambda: local_files.read_workdir_file(local_files.APPARMOR_FOLDER, name)
        )

    def read_apparmor_include(self, written: str) -> Sequence[bytes]:
        """Read what a profile includes, where the engine is on this machine."""
        self._require_own_machine(written)
        if not self.is_on_this_machine():
            raise OutOfReach(UnobservableReason.NOT_TRIED, written)
        return self._memo.get_or_call(
            ("include", written),
            lambda: apparmor_files.read_policy_include(written, self._options.workdir),
        )

    def ask_apparmor_parser(self, content: bytes) -> ParserAnswer:
        """Ask this machine's parser once per content in a run."""
        return self.call_once_per_run(
            ("apparmor_parser", content), lambda: apparmor_files.ask_parser(content, self._options.workdir)
        )

    def is_on_this_machine(self) -> bool:
        """Whether the engine's kernel and files are this machine's."""
        return self._api.endpoint.reaches_own_addresses

    def _require_own_machine(self, what: str) -> None:
        if self._options.elsewhere:
            raise OutOfReach(UnobservableReason.ELSEWHERE, what)

    def _require_same_machine(self, what: str) -> None:
        if not self.is_on_this_machine():
            raise NotThere(what)

    def read_work_files(self, is_wanted: Callable[[bytes], bool]) -> Sequence[tuple[str, bytes | None]]:
        """Return name and content of the files of the working folder whose beginning is wanted."""
        self._require_own_machine("files")
        workdir = self._options.workdir
        return (
            self._memo.get_or_call(
                ("work files", is_wanted), lambda: local_files.read_work_files(workdir, is_wanted)
            )
            if workdir
            else ()
        )

    def has_program(self, name: str) -> bool:
        """Whether the trainee has the program."""
        self._require_own_machine(name)
        return tool_cache.has_program(name, self._options.environment, self._options.workdir)

    def read_tool_cache(self, tool: str, folder: str, name: str) -> bytes:
        """Read a file of the tool's cache."""
        self._require_own_machine(f"~/.cache/{tool}")
        path = self._find_cache_folders(tool).get(folder)
        if path is None:
            raise NotThere(folder)
        return self._memo.get_or_call(("cached", path, name), lambda: tool_cache.read_cache_file(path, name))

    def list_cache_folders(self, tool: str) -> Sequence[str]:
        """Return the folders in which the tool's cache may be."""
        return () if self._options.elsewhere else list(self._find_cache_folders(tool))

    def _find_cache_folders(self, tool: str) -> Mapping[str, Path]:
        options = self._options
        return self._memo.get_or_call(
            ("cache folders", tool),
            lambda: tool_cache.find_cache_folders(tool, options.environment, options.workdir),
        )

    def read_volume_file(self, folder: str, name: str) -> bytes:
        """Read a file of a volume, where the engine is on this machine."""
        self._require_own_machine(name)
        endpoint = self._api.endpoint
        if not endpoint.socket or endpoint.is_forwarded:
            raise OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL)
        return self._memo.get_or_call(
            ("volume file", folder, name), lambda: local_files.read_volume_file(Path(folder), name)
        )

    def read_daemon_files(self) -> DaemonFiles:
        """Read the `daemon.json` of an engine on this machine."""
        return self._memo.get_or_call("daemon.json", self._find_daemon_files)

    def _find_daemon_files(self) -> DaemonFiles:
        try:
            info = self.inspect_engine()
        except OutOfReach as error:
            if error.why is not UnobservableReason.ENGINE_OUT_OF_REACH:
                raise
            info = None
        options = self._options
        return daemon_files.find_daemon_files(self._api.endpoint, info, options.environment, options.dockerd)

    def read_last_words(self, since: float) -> str:
        """Return the error with which dockerd ended."""
        options = self._options
        return daemon_files.find_last_words(self._api.endpoint, since, options.environment, options.dockerd)

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        """Return where *port* is reached from here; `--network container:…` has its lender's addresses."""
        mode = (inspected.get("HostConfig") or {}).get("NetworkMode") or ""
        lender = inspected
        if mode.startswith("container:"):
            try:
                lender = self.inspect_container(mode.removeprefix("container:"))
            except NotThere:
                # The container itself is there: it keeps the network of one that was removed.
                raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, mode) from None
        running = (inspected.get("State") or {}).get("Running")
        return find_service_addresses(lender, port, self._api.endpoint) if running else ()

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        """
        Send a GET request; a rejected account is not tried again, in later rounds either.

        Once it was let in, a 401 is the word of another service to which this one has passed the question.
        """
        if login and (refused := self._api.refused_logins.get((address, login))):
            return refused
        container, environment = login.guessed_for if login else "", self._options.environment
        if login and container and rejected_logins.was_rejected_lately(container, login.user, environment):
            return HttpAnswer(status=HTTPStatus.UNAUTHORIZED, headers={}, body=b"")
        answer = self._memo.get_or_call(
            ("http", address, path, login),
            lambda: service_client.get_http_answer(
                address, path, login=login, tunnel_socket=self._api.find_forwarded_socket(address)
            ),
        )
        if login and answer.status != HTTPStatus.UNAUTHORIZED:
            self._api.accepted_logins.add((address, login))
        elif login and (address, login) not in self._api.accepted_logins:
            self._api.refused_logins[address, login] = answer
            if container:
                rejected_logins.remember_rejection(container, login.user, environment)
        return answer

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        """Send a GET request inside a container, by the first command whose program it has."""
        self._require_exec(ref)
        return self._memo.get_or_call(
            ("http inside", ref, port, path), lambda: self._request_inside(ref, port, path)
        )

    def _request_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        for argv in exec_http.iter_http_commands(port, path):
            if answer := exec_http.parse_command_answer(argv, self._api.run_command_raw(ref, argv)):
                return answer
        raise OutOfReach(
            UnobservableReason.ADDRESS_OUT_OF_REACH, f"{port}: no curl and no wget in the container"
        )

    def request_https(self, address: Address, name: str | None, path: str) -> HttpsAnswer:
        """Send a GET request over TLS."""
        return self._memo.get_or_call(
            ("https", address, name, path),
            lambda: tls_client.get_https_answer(
                address, name, path, self._api.find_forwarded_socket(address)
            ),
        )

    def verify_certificate(
        self, address: Address, name: str, authorities: bytes | None
    ) -> CertificateFault | None:
        """Tell what is wrong with the certificate at *address*."""
        return self._memo.get_or_call(
            ("verify", address, name, authorities),
            lambda: tls_client.verify_certificate(
                address, name, authorities, self._api.find_forwarded_socket(address)
            ),
        )

    def read_certificate(self, address: Address, name: str | None, certificate: bytes) -> Certificate:
        """Read what the certificate at *address* says."""
        return self._memo.get_or_call(
            ("certificate", address, name, certificate),
            lambda: tls_client.read_certificate(
                address, name, certificate, self._api.find_forwarded_socket(address)
            ),
        )

    def read_trusted_authorities(self, registry: str) -> bytes:
        """Read the authorities that the engine trusts for a registry."""
        self._require_own_machine(registry)
        options = self._options
        return self._memo.get_or_call(
            ("authorities", registry),
            lambda: trusted_authorities.read_trusted_authorities(
                self._api.endpoint, self.inspect_engine(), options.environment, options.dockerd, registry
            ),
        )

    def find_hosts_addresses(self, name: str) -> Sequence[str]:
        """Read what the hosts file says of a name, where the engine is on this machine."""
        self._require_own_machine(name)
        if not self.is_on_this_machine():
            raise OutOfReach(UnobservableReason.NOT_TRIED, name)
        return self._memo.get_or_call(("hosts", name), lambda: hosts_file.find_hosts_addresses(name))

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        """Send bytes over TCP and read up to *count*."""
        return self._memo.get_or_call(
            ("exchange", address, sent, count),
            lambda: service_client.exchange_tcp(
                address, sent, count, tunnel_socket=self._api.find_forwarded_socket(address)
            ),
        )
