"""Create and remove probe containers: harmless, capped, labelled, and never left behind."""

import contextlib
import os
import platform
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dckgrade.engine import log_frames, resources
from dckgrade.engine.answers import CommandResult, Json, NotThere, OutOfReach
from dckgrade.engine.probe_container_form import (
    PROBE_LABEL,
    PROBE_NAME_PREFIX,
    build_neighbour_container,
    build_probe_container,
    build_still_container,
    is_probe_container_entry,
)
from dckgrade.engine.resources import Resource
from dckgrade.report.observation import UnobservableReason

MAX_PROBE_CONTAINER_AGE = timedelta(minutes=3)
"""A started probe container ends by itself after 120 s; an older one has been left behind."""
_MAX_NEIGHBOUR_S, _POLL_INTERVAL_S = 6.5, 0.05
"""Looking up a name that Docker does not know takes up to 6.0 s (measured); trying an address takes 2 s."""
MAX_CLEANUP_S = 20.0
"""Of removing all, unless the run says how long it has left: what is being created is waited for."""
_MAX_REMOVAL_S = 10.0
STILL_RUNNING = 124
"""The exit code that stands for a command that had to be ended, as `timeout` of coreutils gives it."""
_PROGRAM_MISSING = "executable file not found"

T = TypeVar("T")


def make_marker() -> str:
    """Return a word that nobody has ever logged: one token for Elasticsearch's standard analyzer."""
    return f"dckgrade{secrets.token_hex(6)}"


class ProbeContainerEngine(Protocol):
    """What managing probe containers needs of an engine."""

    def now(self) -> datetime:
        """Return the time by the engine's clock."""
        ...

    def list_all_containers(self) -> Sequence[Json]:
        """List all containers, probe containers too."""
        ...

    def inspect_container(self, ref: str) -> Json:
        """Inspect one container."""
        ...

    def read_path_stat(self, ref: str, path: str) -> Json:
        """Tell what is at a path inside a container."""
        ...

    def read(self, resource: Resource[T], *refs: str, **query: str) -> T:
        """Request *resource* now."""
        ...

    def create_container(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a probe container; return its id."""
        ...

    def adopt_container(self, entry: Json) -> None:
        """Allow a probe container that an earlier run left behind to be removed."""
        ...

    def start_container(self, ref: str) -> None:
        """Start a probe container."""
        ...

    def remove_container(self, ref: str, within_s: float) -> None:
        """Remove a probe container, with its log and its volumes."""
        ...


class ProbeContainers:
    """The probe containers that exist on one engine. Safe for several threads."""

    def __init__(self, api: ProbeContainerEngine) -> None:
        self._api, self._lock = api, threading.Lock()
        self._created_ids: list[str] = []
        self._has_swept = self._is_closed = False
        self._cleanup_until: float | None = None
        """Since something was created, when to stop removing it (monotonic); None: nobody has begun."""

    def inspect_started(self, image: str) -> Json:
        """
        Create and start a container, and return what inspect then says of it, also where the engine refused
        to start it; it is removed at once.
        """
        with self._lock:
            ref = self._create_container(
                lambda owner: build_probe_container(image, make_marker(), owner, None)
            )
            try:
                self._start_if_possible(ref)
                return self._api.inspect_container(ref)
            finally:
                self._remove_container(ref)

    def start_speaking(self, image: str, words: str, log: Json | None) -> str:
        """Start a container that prints *words* until it is removed; return its id."""
        with self._lock:
            ref = self._create_container(lambda owner: build_probe_container(image, words, owner, log))
            try:
                self._api.start_container(ref)
            except BaseException:
                self._remove_container(ref)
                raise
            return ref

    def run_beside(self, image: str, target_id: str, argv: Sequence[str]) -> CommandResult:
        """
        Run *argv* in the network of the container with *target_id*, in a container of *image* of its own.

        Raises `NotThere` where the image lacks the program; a command that does not end is ended, and its
        exit code is `STILL_RUNNING`.
        """
        with self._lock:
            ref = self._create_container(
                lambda owner: build_neighbour_container(image, target_id, argv, owner)
            )
            try:
                self._start_neighbour(ref, argv[0])
                exit_code = self._wait_for_exit_code(ref)
                output = log_frames.decode_log(self._api.read(resources.LOG, ref), tty=False)
                return CommandResult(exit_code, output)
            finally:
                self._remove_container(ref)

    def stat_paths(self, image: str, paths: Sequence[str]) -> dict[str, Json]:
        """Describe those of *paths* that an image holds, by a container of it that is never started."""
        with self._lock:
            ref = self._create_container(lambda owner: build_still_container(image, owner))
            try:
                return dict(self._iter_path_stats(ref, paths))
            finally:
                self._remove_container(ref)

    def remove_all(self, within_s: float = MAX_CLEANUP_S) -> None:
        """Remove all of them; what cannot be removed *within_s* seconds is removed by a later run."""
        # Whoever tries again, at the end of the program, has no more time than there was.
        if self._cleanup_until is None:
            self.limit_cleanup(within_s)
        until = self._cleanup_until or 0.0
        # Wait for a creation that is under way, or its container would stay.
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):
            return
        try:
            for ref in list(self._created_ids):
                self._remove_container(ref, until - time.monotonic())
        finally:
            self._lock.release()

    def limit_cleanup(self, within_s: float) -> None:
        """Have a later removal of all end *within_s* seconds from now."""
        self._cleanup_until = time.monotonic() + within_s

    def close(self) -> None:
        """Remove all of them, and create no more."""
        self._is_closed = True
        self.remove_all()

    def _create_container(self, build_body: Callable[[str], Mapping[str, Any]]) -> str:
        """Create a container whose body *build_body* makes of the name of its owner; return its id."""
        if self._is_closed:
            raise OutOfReach(UnobservableReason.DEADLINE)
        if not self._has_swept:
            self._remove_left_behind()
        self._cleanup_until = None
        ref = self._api.create_container(
            f"{PROBE_NAME_PREFIX}{secrets.token_hex(6)}", build_body(_name_owner())
        )
        self._created_ids.append(ref)
        return ref

    def _iter_path_stats(self, ref: str, paths: Sequence[str]) -> Iterator[tuple[str, Json]]:
        """Yield what the engine tells of each path that is there."""
        for path in paths:
            with contextlib.suppress(NotThere):
                yield path, self._api.read_path_stat(ref, path)

    def _start_if_possible(self, ref: str) -> None:
        """Start it; a refusal is told by inspect."""
        try:
            self._api.start_container(ref)
        except OutOfReach as refusal:
            if refusal.why is not UnobservableReason.ENGINE_ERROR:
                raise
        except NotThere:
            pass  # So some engines answer for a program that the image lacks.

    def _start_neighbour(self, ref: str, program: str) -> None:
        """Start it; `NotThere` where its image lacks *program*."""
        try:
            self._api.start_container(ref)
        except OutOfReach as refusal:
            if _PROGRAM_MISSING in refusal.detail:
                raise NotThere(program) from None
            raise

    def _wait_for_exit_code(self, ref: str) -> int:
        """Return with what it ended; `STILL_RUNNING` where it does not in time."""
        deadline = time.monotonic() + _MAX_NEIGHBOUR_S
        while time.monotonic() < deadline:
            state = self._api.inspect_container(ref).get("State") or {}
            if not state.get("Running") and state.get("Status") == "exited":
                return int(state.get("ExitCode") or 0)
            time.sleep(_POLL_INTERVAL_S)
        return STILL_RUNNING

    def _remove_container(self, ref: str, within_s: float = _MAX_REMOVAL_S) -> None:
        if within_s <= 0:
            return
        with contextlib.suppress(OutOfReach, NotThere):
            self._api.remove_container(ref, min(within_s, _MAX_REMOVAL_S))
            self._created_ids.remove(ref)

    def _remove_left_behind(self) -> None:
        """Remove those of a run that was killed."""
        for entry in self._api.list_all_containers():
            if is_probe_container_entry(entry) and is_left_behind(entry, self._api.now()):
                self._api.adopt_container(entry)
                with contextlib.suppress(OutOfReach, NotThere):
                    self._api.remove_container(str(entry.get("Id") or ""), _MAX_REMOVAL_S)
        self._has_swept = True


def is_left_behind(entry: Json, now: datetime) -> bool:
    """Whether its maker has ended; for a maker on another machine, whether the container is too old."""
    pid, _, machine = str(entry["Labels"][PROBE_LABEL]).partition("@")
    if machine == _name_owner().partition("@")[2] and pid.isdecimal() and Path("/proc/self").exists():
        return not Path("/proc", pid).exists()
    return now - datetime.fromtimestamp(float(entry.get("Created") or 0), UTC) > MAX_PROBE_CONTAINER_AGE


def _name_owner() -> str:
    machine = re.sub(r"[^\w.-]", "", platform.node(), flags=re.ASCII)[:64]
    return f"{os.getpid()}@{machine}"
