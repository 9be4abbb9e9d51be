"""What a run leaves on the machine: processes, mounts, namespaces, control groups, temporary files."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from dckgrade.prove.engines.cleanup import cgroup_roots


def left(folder: Path, pid: int) -> list[str]:
    """List what is there of the run *pid* whose temporary files go to *folder*."""
    return sorted(
        [
            *(f"process {pid} {text}" for pid, text in processes(folder)),
            *(f"mount {line}" for line in mounts() if str(folder) in line),
            *(f"control group {path}" for root in cgroup_roots() for path in root.glob(f"dckgrade-{pid}-*")),
            *(f"file {path}" for path in folder.iterdir()),
        ]
    )


def processes(folder: Path) -> Iterator[tuple[int, str]]:
    """Find the processes that have *folder* in their words or in their environment."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal():
                words = (entry / "cmdline").read_bytes()
                if str(folder).encode() in words + (entry / "environ").read_bytes():
                    yield int(entry.name), words.replace(b"\0", b" ").decode(errors="replace")


def namespaces(pids: Iterator[int] | list[int]) -> set[str]:
    """Name the network and mount namespaces that these processes are in."""
    found = set()
    for pid in pids:
        for kind in ("net", "mnt"):
            with contextlib.suppress(OSError):
                found.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
    return found


def older_than(ticks: int) -> list[int]:
    """List the processes that were there by then: a later one may be in a namespace of the same number."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and int(started(entry)) <= ticks:
                found.append(int(entry.name))
    return found


def started(entry: Path) -> str:
    """Tell when a process was started, in clock ticks since the machine was (proc(5), stat, field 22)."""
    return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[19]


def ticks_now() -> int:
    """Tell the time as `started` does."""
    seconds = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    return int(seconds * os.sysconf("SC_CLK_TCK"))


def mounts() -> list[str]:
    """List what is mounted where we are."""
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
