"""
Make an engine behind ssh answer on a local socket.

One `ssh` logs in, by the user's own agent, keys and `~/.ssh/config`; everything else goes through it (ssh(1),
ControlMaster). The engine's socket is forwarded (`-L`); where that is not allowed, or the engine listens
elsewhere, each connection gets a `docker system dial-stdio` at the other end, as the Docker CLI does.
"""

import contextlib
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal

from dckgrade.engine.answers import Address, OutOfReach
from dckgrade.engine.endpoint import EngineError
from dckgrade.engine.owned_folders import mark_folder, remove_abandoned_folders
from dckgrade.engine.ssh import errors
from dckgrade.engine.ssh.address import DEFAULT_SOCKET, SshAddress
from dckgrade.engine.ssh.process import ProgramEnding, SshProcess, forget_closed, register_open
from dckgrade.report.observation import UnobservableReason

_HOST_CHECKING_OPTIONS = ("BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectionAttempts=1")
_KEEPALIVE_OPTIONS = ("ServerAliveInterval=5", "ServerAliveCountMax=2", "TCPKeepAlive=yes")
_RESTRICTING_OPTIONS = (
    *("LogLevel=ERROR", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none"),
    *("ControlPersist=no", "ForwardAgent=no", "ForwardX11=no"),
)
_CONNECT_TIMEOUT_S, _POLL_INTERVAL_S, _PING_TIMEOUT_S, _CONTROL_TIMEOUT_S = 10.0, 0.02, 3.0, 5.0
_MAX_SESSIONS = 8
"""OpenSSH allows ten on one login (sshd_config(5), MaxSessions)."""
_FOLDER_PREFIX, _MAX_FOLDER_CHARS = "dckgrade-ssh-", 60
_PING_REQUEST = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"

PingOutcome = Literal["answers", "silent", "shut"]


class SshTunnel:
    """One login on one machine, and the sockets forwarded through it; `close` leaves nothing behind."""

    def __init__(self, address: SshAddress) -> None:
        self.address, self.socket, self.folder = address, Path(), Path()
        self._lock, self._closed, self._closing = threading.Lock(), False, threading.Lock()
        self._processes: list[SshProcess] = []
        self._forwards: dict[str, Path] = {}
        self._sessions = threading.BoundedSemaphore(_MAX_SESSIONS)
        self._listener: socket.socket | None = None
        with self._lock:
            # `close` waits for the lock, so that a folder made while the program ends is removed too.
            register_open(self)
            self.folder = make_short_folder()

    def open(self, seconds: float) -> None:
        """Log in and find the engine within *seconds*; raises an `EngineError` that says what is wrong."""
        until = time.monotonic() + seconds
        try:
            self._log_in(until, seconds)
            self.socket = self._forward_socket(self.address.socket or DEFAULT_SOCKET)
            if ping_socket(self.socket, until) == "shut":
                self.socket = self._start_bridge()
                if ping_socket(self.socket, until) == "shut":
                    raise errors.explain_missing_engine(self.address, self._find_last_stderr())
        except FileNotFoundError as error:
            raise errors.explain_missing_ssh(self.address) from error
        except subprocess.TimeoutExpired as error:
            raise errors.explain_timeout(self.address, seconds) from error

    def explain_ended_bridge(self) -> EngineError | None:
        """Return why no engine answers, once the other machine's docker has said so and ended; else None."""
        with self._lock:
            ended = [process for process in self._processes[1:] if process.popen.poll()]
        said = next(filter(str.strip, (process.read_stderr() for process in ended)), None)
        return errors.explain_missing_engine(self.address, said) if said else None

    def open_socket_to(self, address: Address) -> Path:
        """Return a local socket that leads to *address* as the other machine sees it."""
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            return self._forward_socket(f"{host}:{address.port}")
        except (OSError, subprocess.TimeoutExpired, ProgramEnding) as error:
            raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{host}:{address.port}") from error

    def close(self) -> None:
        """End every process and remove the folder; may be called again, and by any thread, which waits."""
        with self._closing:
            with self._lock:
                self._closed = True
                processes, self._processes = self._processes, []
            if self._listener:
                with contextlib.suppress(OSError):
                    self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
            for process in processes:
                process.terminate()
            if self.folder.name:
                shutil.rmtree(self.folder, ignore_errors=True)
            forget_closed(self)

    def _log_in(self, until: float, seconds: float) -> None:
        connect_s = max(1, min(int(_CONNECT_TIMEOUT_S), int(until - time.monotonic())))
        options = (
            *_HOST_CHECKING_OPTIONS,
            *_KEEPALIVE_OPTIONS,
            *_RESTRICTING_OPTIONS,
            f"ConnectTimeout={connect_s}",
        )
        master = self._start_process(
            [*self._build_ssh_command("-nNTM", *options), *self._build_destination()]
        )
        while not (self.folder / "ctl").exists():
            if master.popen.poll() is not None:
                raise errors.explain_login_failure(self.address, master.read_stderr())
            if time.monotonic() > until:
                raise errors.explain_timeout(self.address, seconds)
            time.sleep(_POLL_INTERVAL_S)

    def _build_ssh_command(self, flags: str, *options: str) -> list[str]:
        control = str(self.folder / "ctl").replace("%", "%%")
        return ["ssh", flags, "-S", control, *(word for option in options for word in ("-o", option))]

    def _build_destination(self) -> list[str]:
        user_arguments = ["-l", self.address.user] if self.address.user else []
        port_arguments = ["-p", str(self.address.port)] if self.address.port else []
        return [*user_arguments, *port_arguments, "--", self.address.host]

    def _build_client_command(self, flags: str) -> list[str]:
        # If the login has ended, ssh would log in anew, which it must not; no configuration is read.
        return [
            *self._build_ssh_command(flags, "BatchMode=yes", "ControlMaster=no", "ProxyCommand=false"),
            "-F",
            "none",
        ]

    def _forward_socket(self, remote: str) -> Path:
        with self._lock:
            if self._closed:
                raise ProgramEnding
            if remote not in self._forwards:
                local_socket = self.folder / f"{len(self._forwards)}.sock"
                argv = [
                    *self._build_client_command("-T"),
                    "-O",
                    "forward",
                    "-L",
                    f"{local_socket}:{remote}",
                    "--",
                    self.address.host,
                ]
                subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_CONTROL_TIMEOUT_S,
                    check=False,
                )
                self._forwards[remote] = local_socket
            return self._forwards[remote]

    def _start_bridge(self) -> Path:
        bridge_socket = self.folder / "bridge.sock"
        with self._lock:
            # When `close` ends the login, its sockets shut; what is made then would be left behind.
            if self._closed:
                raise ProgramEnding
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(bridge_socket))
            self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return bridge_socket

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._carry_connection, args=(connection,), daemon=True).start()

    def _carry_connection(self, connection: socket.socket) -> None:
        host = ["--host", f"unix://{self.address.socket}"] if self.address.socket else []
        command = shlex.join(["docker", *host, "system", "dial-stdio"])
        with self._sessions, connection, contextlib.suppress(OSError, ProgramEnding):
            process = self._start_process(
                [*self._build_client_command("-T"), "--", self.address.host, command], connection.fileno()
            )
            process.popen.wait()
            # The reader sees the end only once the last copy is shut down.
            connection.shutdown(socket.SHUT_RDWR)

    def _start_process(self, argv: list[str], stdio: int | None = None) -> SshProcess:
        with self._lock:
            if self._closed:
                raise ProgramEnding
            self._processes = [*self._processes[:1], *self._list_kept_processes()]
            process = SshProcess(argv, stdio)
            self._processes.append(process)
            return process

    def _list_kept_processes(self) -> list[SshProcess]:
        """
        Return the processes after the login that run, and the last one, whose standard error may say why.
        """
        return [
            process
            for process in self._processes[1:]
            if process.popen.poll() is None or process is self._processes[-1]
        ]

    def _find_last_stderr(self) -> str:
        with self._lock:
            return self._processes[-1].read_stderr() if self._processes else ""


def make_short_folder() -> Path:
    """
    Make a temporary folder for sockets, whose paths may have 104 bytes; ssh first makes longer ones.

    Those of runs that were killed are removed before.
    """
    usual = tempfile.gettempdir()
    parent = usual if len(usual) < _MAX_FOLDER_CHARS else "/tmp"  # noqa: S108
    remove_abandoned_folders(Path(parent), _FOLDER_PREFIX)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=parent))
    mark_folder(folder)
    return folder


def ping_socket(path: Path, until: float) -> PingOutcome:
    """Ping the engine. An ssh that reaches nothing accepts the connection, and closes it without a word."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(max(0.1, min(_PING_TIMEOUT_S, until - time.monotonic())))
        try:
            connection.connect(str(path))
            connection.sendall(_PING_REQUEST)
            return "answers" if connection.recv(1) else "shut"
        except TimeoutError:
            return "silent"
        except OSError:
            return "shut"
