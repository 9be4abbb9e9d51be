"""Removes what a private engine leaves behind: its processes, its control groups and its folder."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from dckgrade.engine.owned_folders import is_abandoned, is_process_alive, read_stat

# fixtures/images imports it from here: a change there would have every image built anew.
from dckgrade.engine.owned_folders import make_owned_folder as make_owned_folder  # noqa: PLC0414

FOLDER_PREFIX = "dckgrade-engine-"
_CGROUP_PREFIX = "dckgrade-"
_CGROUPS = Path("/sys/fs/cgroup")
_OUR_PROGRAMS = {b"setpriv", b"unshare", b"dockerd"}
_GONE_TIMEOUT_S = 5.0


def cgroup_name(folder: Path, owner: str) -> str:
    """Name the control group of the engine in this folder; the name says who owns it."""
    return f"{_CGROUP_PREFIX}{owner}-{folder.name.removeprefix(FOLDER_PREFIX)}"


def cgroup_roots() -> list[Path]:
    """List every mounted hierarchy: one with cgroup v2, one per controller with v1."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return [root for root in _CGROUPS.glob("*") if (root / "cgroup.procs").exists() and not root.is_symlink()]


def signal_namespace(launcher: int, how: signal.Signals) -> None:
    """
    Send a signal to the init that `unshare --fork` started: when that ends, the kernel kills all it contains,
    then unshare ends.
    """
    children = [pid for pid in _processes() if _parent(pid) == launcher]
    for pid in children or [launcher]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def thaw(cgroup: str) -> None:
    """Let paused containers run again: SIGKILL does not end a process that cgroup v1 keeps frozen."""
    awake = {"freezer.state": "THAWED", "cgroup.freeze": "0"}
    # A neighbour may be removing the very same remains: `walk` passes over what is gone.
    for folder, _, files in chain.from_iterable(os.walk(root / cgroup) for root in cgroup_roots()):
        for file in awake.keys() & set(files):
            with contextlib.suppress(OSError):
                Path(folder, file).write_text(awake[file])


def remove_remains(folder: Path, cgroup: str) -> None:
    """Remove the folder and the control groups of an engine whose processes are gone."""
    shutil.rmtree(folder, ignore_errors=True)
    _remove_cgroups(cgroup)


def sweep(base: Path) -> None:
    """Remove what engines left whose owner is dead."""
    for folder in base.glob(FOLDER_PREFIX + "*"):
        if is_abandoned(folder):
            _kill_all_from(folder)
            shutil.rmtree(folder, ignore_errors=True)
    for name in {path.name for root in cgroup_roots() for path in root.glob(_CGROUP_PREFIX + "*-*-*")}:
        pid, started, _ = name.removeprefix(_CGROUP_PREFIX).split("-", 2)
        if not is_process_alive(f"{pid}-{started}"):
            thaw(name)
            _remove_cgroups(name)


def _kill_all_from(folder: Path) -> None:
    # Needed only when the owner died in the instant before the death signal was set.
    found = [pid for pid in _processes() if _launches_from(pid, folder)]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_TIMEOUT_S
    while any(_launches_from(pid, folder) for pid in found) and time.monotonic() < deadline:
        time.sleep(0.02)


def _launches_from(pid: int, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return argv[0].rpartition(b"/")[2] in _OUR_PROGRAMS and f"--data-root={folder}/data".encode() in argv
    return False


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _parent(pid: int) -> int:
    return int((read_stat(pid) or ["", "0"])[1])


def _remove_cgroups(name: str) -> None:
    for top in [root / name for root in cgroup_roots()]:
        for folder, _, _ in os.walk(top, topdown=False):
            _remove_cgroup(Path(folder))


def _remove_cgroup(folder: Path) -> None:
    deadline = time.monotonic() + _GONE_TIMEOUT_S
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:  # the kernel still counts a process that has just died
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)
