"""A private Docker engine: dockerd in namespaces of its own, offline, gone after use."""

import atexit
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.engine.owned_folders import name_this_process
from dckgrade.prove.engines import cleanup as remains
from dckgrade.prove.engines import dockerd_process
from dckgrade.prove.engines.docker_command import BUILT_IN_NETWORKS
from dckgrade.prove.engines.network_namespace import inside_network_of, raise_loopback

_REQUIRED_TOOLS = (
    "dockerd",
    "containerd",
    "runc",
    "iptables",
    "unshare",
    "setpriv",
    "mount",
    "realpath",
    "hostname",
)
_MAX_FOLDER_CHARS = 60
_READY_TIMEOUT_S, _GONE_TIMEOUT_S, _CALL_TIMEOUT_S, _LOAD_TIMEOUT_S = 30.0, 30.0, 20.0, 600.0
_LOOK_AGAIN_S = 0.2
_TASKS_FILTER = '{"label":["com.docker.swarm.task.id"]}'
_DEFAULT_DAEMON_JSON = b"{}"
"""What its daemon.json says unless a case has another."""


class PrivateEngineFailed(Exception):
    """The message says what happened, what was expected and what to try."""


class PrivateEngine:
    """A dockerd in network, pid and mount namespaces of its own; it cannot outlive this process."""

    host: str = ""

    def __init__(
        self, hostname: str = "", programs: Path | None = None, *, containerd_store: bool = False
    ) -> None:
        self.hostname, self.programs, self.containerd_store = hostname, programs, containerd_store
        self._folder: Path | None = None
        self._dockerd_thread: threading.Thread | None = None
        self._launcher_pid = 0
        self._cgroup = ""
        self._settings = _DEFAULT_DAEMON_JSON
        self._launch_lock, self._is_stopping = threading.Lock(), False
        """A thread that restarts it must not bring back what another one stops."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Sweep what dead owners left, then bring the engine up; once it is up, do nothing."""
        if self._folder is not None:
            return
        if reason := find_private_engine_obstacle():
            raise PrivateEngineFailed(f"No private engine was started: {reason}")
        remains.sweep(_choose_base_folder())
        atexit.register(self.stop)
        self._is_stopping = False
        try:
            self._make_folder()
            self._launch(_DEFAULT_DAEMON_JSON)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kill everything inside, then remove the folder and the control groups."""
        atexit.unregister(self.stop)
        with self._launch_lock:
            self._is_stopping = True
        self._signal_and_wait(signal.SIGKILL)
        if self._folder is not None:
            remains.remove_remains(self._folder, self._cgroup)
        self._folder, self._dockerd_thread, self._launcher_pid, self._cgroup, self.host = (
            None,
            None,
            0,
            "",
            "",
        )

    @contextlib.contextmanager
    def enter_network(self) -> Iterator[None]:
        """Put the calling thread, and what it starts meanwhile, inside the engine's network namespace."""
        if self._folder is None:
            raise PrivateEngineFailed("The private engine is not running. Call start() first.")
        with inside_network_of(self._launcher_pid):
            yield

    def load(self, archive: Path) -> None:
        """Load the images of a `docker save` archive."""
        with archive.open("rb") as content:
            answer = self._call("POST", "/images/load?quiet=1", content, within=_LOAD_TIMEOUT_S)
        for line in answer.splitlines():
            if error := json.loads(line).get("error"):
                raise PrivateEngineFailed(f"The engine refused {archive}: {error}. Make the archive again.")

    def remove_services(self) -> None:
        """Remove the services of the swarm that it manages, if it manages one that can decide anything."""
        swarm = json.loads(self._call("GET", "/info"))["Swarm"]
        if swarm["ControlAvailable"] and not swarm["Error"]:
            for service in json.loads(self._call("GET", "/services")):
                self._call("DELETE", f"/services/{service['ID']}", tolerated=(404,))

    def remove_tasks(self) -> None:
        """
        Remove the containers of services that are gone, then the swarm's networks; wait until they are gone.

        An engine that leaves a swarm with a network in use is never rid of it again (20.10, measured).
        """
        deadline = time.monotonic() + _GONE_TIMEOUT_S
        while time.monotonic() < deadline:
            tasks = json.loads(self._call("GET", f"/containers/json?all=1&filters={quote(_TASKS_FILTER)}"))
            networks = [
                network
                for network in json.loads(self._call("GET", "/networks"))
                if network["Scope"] == "swarm" and network["Name"] not in BUILT_IN_NETWORKS
            ]
            if not tasks and not networks:
                return
            for container in tasks:
                self._call("DELETE", f"/containers/{container['Id']}?force=1&v=1", tolerated=(404, 409))
            for network in networks:
                # The manager's to remove, once no task has it any more.
                self._call("DELETE", f"/networks/{network['Id']}", tolerated=(400, 403, 404, 409, 500, 503))
            time.sleep(_LOOK_AGAIN_S)

    def empty(self) -> None:
        """
        Leave the swarm, force-remove containers with their volumes, user networks, volumes; trust nobody,
        and know no other machine.
        """
        self._clear_trust()
        self._call("POST", "/swarm/leave?force=1", tolerated=(503,), within=_GONE_TIMEOUT_S)  # 503: in none
        deadline = time.monotonic() + _GONE_TIMEOUT_S
        while containers := json.loads(self._call("GET", "/containers/json?all=1")):
            if time.monotonic() > deadline:
                names = ", ".join(container["Names"][0] for container in containers)
                raise PrivateEngineFailed(
                    f"Containers that should be gone are still there: {names}. Use stop()."
                )
            for container in containers:
                self._call("DELETE", f"/containers/{container['Id']}?force=1&v=1", tolerated=(404, 409))
        for network in json.loads(self._call("GET", "/networks")):
            if network["Name"] not in BUILT_IN_NETWORKS:
                self._call("DELETE", f"/networks/{network['Id']}", tolerated=(404,))
        for volume in json.loads(self._call("GET", "/volumes"))["Volumes"] or ():
            self._call("DELETE", f"/volumes/{quote(volume['Name'])}?force=1", tolerated=(404,))

    @property
    def dockerd(self) -> OwnDockerd:
        """Return where its configuration is, and what it prints."""
        folder = self._folder or Path()
        return OwnDockerd(folder / "daemon.json", folder / "dockerd.log")

    @property
    def script_environment(self) -> Mapping[str, str]:
        """
        Return the variables of an `apply.sh` that say where the engine's files are: its configuration,
        what is `/etc/docker/certs.d` for it, and what is `/etc/hosts`.
        """
        folder = self._folder or Path()
        return {
            "DAEMON_JSON": str(self.dockerd.daemon_json_path),
            "CERTS_D": str(folder / dockerd_process.AUTHORITIES_FOLDER),
            "HOSTS_FILE": str(folder / dockerd_process.HOSTS_FILE),
        }

    def restart(self, settings: bytes) -> bool:
        """
        End dockerd as systemd does, so that it stops its containers, and start it with *settings* as its
        `daemon.json`; say whether it has come up.
        """
        try:
            self._restart(settings)
        except PrivateEngineFailed:
            if self._folder is None or self._is_alive():
                raise
            return False
        return True

    def restore_daemon_json(self) -> None:
        """Restart it with its own `daemon.json`, if a case has started it with another or edited that."""
        if (
            self._settings != _DEFAULT_DAEMON_JSON
            or self.dockerd.daemon_json_path.read_bytes() != _DEFAULT_DAEMON_JSON
        ):
            self._restart(_DEFAULT_DAEMON_JSON)

    def _restart(self, settings: bytes) -> None:
        if self._folder is None:
            raise PrivateEngineFailed("The private engine is not running. Call start() first.")
        self._signal_and_wait(signal.SIGTERM)
        # What is left of one that is killed, or that gives up while it starts, keeps the next one from
        # starting where its id is borne again. Containerd's is in /run, which each one has of its own.
        (self._folder / "docker.pid").unlink(missing_ok=True)
        self._launch(settings)
        self._wait_until_ready()

    def _make_folder(self) -> None:
        folder = self._folder = Path(
            tempfile.mkdtemp(prefix=remains.FOLDER_PREFIX, dir=_choose_base_folder())
        )
        owner = name_this_process()
        (folder / "owner").write_text(owner)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self._clear_trust()
        (folder / "tmp").mkdir()
        self._cgroup = remains.cgroup_name(folder, owner)
        self.host = f"unix://{folder}/docker.sock"

    def _clear_trust(self) -> None:
        folder = self._folder or Path()
        authorities = folder / dockerd_process.AUTHORITIES_FOLDER
        # The folder itself is mounted where dockerd looks: only what is in it may go.
        authorities.mkdir(exist_ok=True)
        for registry in authorities.iterdir():
            shutil.rmtree(registry) if registry.is_dir() else registry.unlink()
        # As on the machines that grade: with `::1` too, a log driver would send to that first.
        (folder / dockerd_process.HOSTS_FILE).write_text("127.0.0.1 localhost\n")

    def _launch(self, settings: bytes) -> None:
        with self._launch_lock:
            if self._is_stopping or self._folder is None:
                raise PrivateEngineFailed("The private engine was stopped while it was starting.")
            self._settings = settings
            self.dockerd.daemon_json_path.write_bytes(settings)
            folder, launched = self._folder, Future[int]()
            words = dockerd_process.build_dockerd_command(
                folder, self.host, self._cgroup, self.hostname, self.programs
            )
            self._dockerd_thread = threading.Thread(
                target=dockerd_process.run_dockerd,
                args=(words, folder, launched),
                kwargs={"containerd_store": self.containerd_store},
                daemon=True,
            )
            self._dockerd_thread.start()
            self._launcher_pid = launched.result()

    def _is_alive(self) -> bool:
        return self._dockerd_thread is not None and self._dockerd_thread.is_alive()

    def _signal_and_wait(self, how: signal.Signals) -> None:
        if self._dockerd_thread is None or not self._is_alive():
            return
        remains.thaw(self._cgroup)
        remains.signal_namespace(self._launcher_pid, how)
        self._dockerd_thread.join(_GONE_TIMEOUT_S)
        if self._is_alive():
            raise PrivateEngineFailed(
                f"The engine in {self._folder} still has a process {_GONE_TIMEOUT_S:.0f} s after {how.name}; "
                "it was expected to end sooner. Look for one in state D with ps, then stop() again."
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while self._is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if dockerd_process.send_engine_request(self.host, "GET", "/_ping", None, 2.0)[1] == b"OK":
                    with self.enter_network():
                        raise_loopback()
                    return
            time.sleep(0.05)
        lines = self.dockerd.log_path.read_text(errors="replace").splitlines()
        raise PrivateEngineFailed(
            f"dockerd did not answer on {self.host}; it was expected within {_READY_TIMEOUT_S:.0f} s. "
            "Try `dockerd --version`, and read the end of its log:\n" + "\n".join(lines[-15:])
        )

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        tolerated: tuple[int, ...] = (),
        within: float = _CALL_TIMEOUT_S,
    ) -> bytes:
        if self._folder is None:
            raise PrivateEngineFailed("The private engine is not running. Call start() first.")
        try:
            status, answer = dockerd_process.send_engine_request(self.host, method, path, body, within)
        except (OSError, http.client.HTTPException) as error:
            raise PrivateEngineFailed(
                f"{method} {path} got no answer from the private engine: {error!r}"
            ) from error
        if status >= http.HTTPStatus.BAD_REQUEST and status not in tolerated:
            raise PrivateEngineFailed(
                f"{method} {path} was refused ({status}): {answer.decode(errors='replace')}"
            )
        return answer


def find_private_engine_obstacle() -> str | None:
    """Return in one line why no private engine can be started here, or None when one can."""
    if not sys.platform.startswith("linux"):
        return "this machine does not run Linux."
    if os.geteuid() != 0:
        return "it needs root, for namespaces of its own."
    if missing := [
        tool for tool in _REQUIRED_TOOLS if shutil.which(tool, path=dockerd_process.TOOL_SEARCH_PATH) is None
    ]:
        return f"{', '.join(missing)} not found. On Debian: apt-get install docker.io iptables util-linux."
    if not any(os.access(root, os.W_OK) for root in remains.cgroup_roots()):
        return "no control group file system here can be written to."
    trial = subprocess.run(
        ["unshare", *dockerd_process.NAMESPACE_OPTIONS, "true"], capture_output=True, text=True, check=False
    )
    return f"namespaces are refused here: {trial.stderr.strip()}" if trial.returncode else None


def _choose_base_folder() -> Path:
    # A Unix socket's path may have 107 bytes, and /run is hidden from the engine.
    usual = Path(tempfile.gettempdir()).resolve()
    return usual if len(str(usual)) < _MAX_FOLDER_CHARS and usual.parts[1] != "run" else Path("/tmp")  # noqa: S108
