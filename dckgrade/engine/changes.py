"""Watch an engine and a folder, and wait for something to change."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.probe_container_form import PROBE_LABEL

QUIET_PERIOD_S, MAX_SETTLE_S = 0.3, 2.0
"""Compose makes twenty events in a row: wait until they end, but not for ever."""
FILE_POLL_INTERVAL_S = 1.0
MAX_WATCHED_FILES = 500
RECONNECT_DELAY_S = 2.0
"""A lost stream is requested again after this long; meanwhile the engine is inspected as often."""
IGNORED_ACTION_PREFIXES = ("exec_", "top", "archive-path", "attach", "resize")
"""Actions that change nothing, as those of grading: one grade would cause the next for ever."""


class EventSource(Protocol):
    """An engine whose events can be listened to."""

    def stream_events(self) -> Iterator[Mapping[str, Any]]:
        """
        Yield each event of the engine as it happens; ends, or raises `OutOfReach`, when the stream does.
        """
        ...


class ChangeWatcher:
    """Listens from its creation on; `wait_for_change` reports what happened since it last returned."""

    def __init__(self, source: EventSource, folder: Path | None) -> None:
        self._folder, self._file_stamps = folder, read_file_stamps(folder)
        self._happened = threading.Event()
        self.listening = threading.Event()
        """Cleared while the stream is lost."""
        threading.Thread(target=self._listen_to_events, args=(source,), daemon=True).start()

    def wait_for_change(self, seconds: float) -> bool:
        """
        Wait until something changes, *seconds* at most; return whether it did.

        While the event stream is lost, it waits only `RECONNECT_DELAY_S`, so that the engine is inspected as
        often.
        """
        until = time.monotonic() + (seconds if self.listening.is_set() else min(seconds, RECONNECT_DELAY_S))
        while (left_s := until - time.monotonic()) > 0:
            if self._happened.wait(min(left_s, FILE_POLL_INTERVAL_S)) or self._have_files_changed():
                self._wait_until_quiet()
                return True
        return False

    def _wait_until_quiet(self) -> None:
        until = time.monotonic() + MAX_SETTLE_S
        while True:
            self._happened.clear()
            if not self._happened.wait(QUIET_PERIOD_S) or time.monotonic() > until:
                return

    def _have_files_changed(self) -> bool:
        before, self._file_stamps = self._file_stamps, read_file_stamps(self._folder)
        return before != self._file_stamps

    def _listen_to_events(self, source: EventSource) -> None:
        while True:
            try:
                for event in source.stream_events():
                    self.listening.set()
                    if is_relevant_event(event):
                        self._happened.set()
            except OutOfReach:
                pass
            self.listening.clear()
            # Events may have been missed meanwhile.
            self._happened.set()
            time.sleep(RECONNECT_DELAY_S)


def is_relevant_event(event: Mapping[str, Any]) -> bool:
    """Whether *event* may change what a lab observes; an empty one only says that the stream is open."""
    action = str(event.get("Action") or "")
    attributes = (event.get("Actor") or {}).get("Attributes") or {}
    return bool(action) and not action.startswith(IGNORED_ACTION_PREFIXES) and PROBE_LABEL not in attributes


def read_file_stamps(folder: Path | None) -> dict[str, tuple[int, int]]:
    """
    Return size and modification time of the files in *folder*, not below it: a lab's own files are there.
    """
    if folder is None:
        return {}
    stamps: dict[str, tuple[int, int]] = {}
    try:
        for path in sorted(folder.iterdir())[:MAX_WATCHED_FILES]:
            status = path.stat()
            stamps[path.name] = (status.st_size, status.st_mtime_ns)
    except OSError:
        # A file was removed meanwhile: the next poll will not list it.
        return stamps
    return stamps
