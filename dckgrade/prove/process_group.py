"""Where an `apply.sh` and the builders run: what they start and forget ends with them, or with us."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

RUNNING_GROUPS: set[int] = set()
"""Every `apply.sh` of ours that is running now, each with a process group of its own."""
# What an `apply.sh` starts and forgets, or was doing when we were killed, dies with it.
CONTAINMENT_PREFIX = (
    *("setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--kill-child=KILL"),
    *("--mount", "--mount-proc", "--propagation", "private"),
)


class CaseNotApplied(Exception):
    """An `apply.sh` that did not run through; says what it printed."""


def kill_group(group: int) -> None:
    """Kill an `apply.sh` and what it left in the background."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@contextlib.contextmanager
def kill_groups_on_interrupt() -> Iterator[None]:
    """Kill every `apply.sh` when whoever waits is interrupted; not otherwise, they may be another lab's."""
    try:
        yield
    except BaseException:
        for group in list(RUNNING_GROUPS):
            kill_group(group)
        raise


@cache
def find_containment_prefix() -> tuple[str, ...]:
    """Return what an `apply.sh` runs in, where we may build it."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which(CONTAINMENT_PREFIX[0]):
        return ()
    trial = subprocess.run(
        [*CONTAINMENT_PREFIX, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return () if trial.returncode else CONTAINMENT_PREFIX
