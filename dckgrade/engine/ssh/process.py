"""Run ssh processes that end when this program does: none is ever left behind."""

import atexit
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, Protocol

_END_TIMEOUT_S = 1.0
_MAX_STDERR_BYTES = 4096


class ProgramEnding(Exception):
    """This program is ending: nothing more may be started."""


class Closable(Protocol):
    """Something to be closed before this program ends."""

    def close(self) -> None:
        """End the processes, remove the folder."""
        ...


_LOCK = threading.Lock()
_REGISTERED: set[Closable] = set()
_ending = threading.Event()


def register_open(closable: Closable) -> None:
    """Have *closable* closed at the end of the program; raises `ProgramEnding` if that has begun."""
    with _LOCK:
        if _ending.is_set():
            raise ProgramEnding
        if not _REGISTERED:
            atexit.register(close_all)
        _REGISTERED.add(closable)


def forget_closed(closable: Closable) -> None:
    """Forget *closable*, which is closed."""
    with _LOCK:
        _REGISTERED.discard(closable)


def close_all() -> None:
    """Close all that is open, whichever thread opened it; from then on nothing can be registered."""
    with _LOCK:
        _ending.set()
        still_open = list(_REGISTERED)
    for closable in still_open:
        closable.close()


class SshProcess:
    """One ssh, in a process group of its own: Ctrl-C reaches us first, and its ProxyJump ends with it."""

    def __init__(self, argv: Sequence[str], stdio: int | None = None) -> None:
        output = subprocess.DEVNULL if stdio is None else stdio
        self.popen = subprocess.Popen(
            argv, stdin=output, stdout=output, stderr=subprocess.PIPE, start_new_session=True
        )
        self._stderr_bytes = bytearray()
        self._reader = threading.Thread(target=self._read_stderr, args=(self.popen.stderr,), daemon=True)
        self._reader.start()

    def read_stderr(self) -> str:
        """Return the first 4 KiB of what it wrote to standard error; call it once the process has ended."""
        self._reader.join(_END_TIMEOUT_S)
        return bytes(self._stderr_bytes).decode(errors="replace")

    def terminate(self) -> None:
        """End the process and its children. Given SIGTERM first, ssh removes its control socket."""
        self._signal_group(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(_END_TIMEOUT_S)
        self._signal_group(signal.SIGKILL)
        self.popen.wait()

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)

    def _read_stderr(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        with contextlib.suppress(OSError, ValueError), stream:
            while chunk := stream.read1(1024):  # type: ignore[attr-defined]
                self._stderr_bytes += chunk[: _MAX_STDERR_BYTES - len(self._stderr_bytes)]
