"""The process that grades one machine: whatever kills it, the other machines are graded all the same."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import connection as pipes
from multiprocessing.connection import Connection
from pathlib import Path

from dckgrade.engine.owned_folders import mark_folder, remove_abandoned_folders
from dckgrade.engine.ssh.process import close_all

# A process that is forked while threads run may hang, and one that begins anew takes a second to import all
# that is needed: the fork server has imported it once, and has no threads.
if sys.platform == "win32":
    CONTEXT = multiprocessing.get_context("spawn")
else:
    CONTEXT = multiprocessing.get_context("forkserver")
_FOLDER_PREFIX = "pymp-"
"""What multiprocessing calls its temporary folders, in other programs too."""
SendEvent = Callable[[object], None]


class MachineProcess:
    """A process that does *work*, and what it sends."""

    def __init__(self, work: Callable[[SendEvent], None]) -> None:
        self.events, sending = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(target=run_work, args=(work, sending), daemon=True)
        try:
            self.process.start()
        except BaseException:
            self.events.close()
            raise
        finally:
            # Ours would keep the pipe from ending with the process.
            sending.close()

    def receive(self) -> object | None:
        """Return the next event, for which it waits; None: the process has ended without another."""
        try:
            return self.events.recv()  # type: ignore[no-any-return]
        except (EOFError, OSError):
            return None

    def describe_end(self, within_s: float) -> str:
        """Wait until it has ended, at most so many seconds, and name the signal or the code with which."""
        self.process.join(within_s)
        code = self.process.exitcode
        if code is None or code >= 0:
            return str(code)
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"


def start_fork_server(modules: Iterable[str]) -> None:
    """Start the process of which the others are copies, with *modules* imported."""
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver, util

    CONTEXT.set_forkserver_preload(list(modules))
    # Ctrl-C reaches all processes of a terminal. Ours ends the others, which need not hear of it themselves.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
    # Its socket's folder, which nobody removes where this process is killed.
    folder = Path(util.get_temp_dir())
    mark_folder(folder)
    remove_abandoned_folders(folder.parent, _FOLDER_PREFIX, marked_only=True)


def wait_for_events(processes: Sequence[MachineProcess], timeout_s: float) -> list[MachineProcess]:
    """Wait until one of them has sent something or has ended, at most so many seconds; return those."""
    ready = pipes.wait([process.events for process in processes], timeout_s)
    return [process for process in processes if process.events in ready]


def stop_processes(processes: Iterable[MachineProcess], grace_s: float) -> None:
    """Ask those that still run to end, which closes their ssh; kill those that have not after *grace_s*."""
    running = [machine.process for machine in processes if machine.process.is_alive()]
    for process in running:
        process.terminate()
    until = time.monotonic() + grace_s
    for process in running:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join(grace_s)


def run_work(work: Callable[[SendEvent], None], events: Connection) -> None:
    """Do *work* in this process, which is one of its own."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, end_process)
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        work(events.send)
    except (BrokenPipeError, ConnectionResetError):
        pass  # nobody is interested any longer
    finally:
        close_all()


def end_process(number: int, _frame: object) -> None:
    """End this process from within, so that what is open is closed."""
    raise SystemExit(128 + number)


def end_with_parent() -> None:
    """Wait until the process that has started this one is gone; then end, as nobody will ask us to."""
    if parent := multiprocessing.parent_process():
        pipes.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
