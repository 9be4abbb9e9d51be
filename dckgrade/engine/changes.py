"""An engine and a folder → a wait that ends when either may look otherwise than before."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.probe_container_form import OURS

QUIET_S, AT_MOST_S = 0.3, 2.0
"""Compose makes twenty events in a row: they are waited out, but not for ever."""
FILES_EVERY_S = 1.0
FILES_AT_MOST = 500
AGAIN_S = 2.0
"""A lost stream is asked for again after this long; meanwhile the engine is looked at as often."""
NO_CHANGE = ("exec_", "top", "archive-path", "attach", "resize")
"""Actions that only look, our own among them: a grade that caused the next one would never end."""


class Source(Protocol):
    """Where events come from."""

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Give each event of the engine as it happens; ends, or raises `OutOfReach`, when the stream does."""
        ...


class Changes:
    """Listens from the moment it is made; `wait` tells of what happened since it last returned."""

    def __init__(self, source: Source, folder: Path | None) -> None:
        self._folder, self._files = folder, stamps(folder)
        self._happened = threading.Event()
        self.listening = threading.Event()
        """Clear while the stream is lost."""
        threading.Thread(target=self._listen, args=(source,), daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until something changes, for *seconds* at most; without a stream, for a short time only."""
        until = time.monotonic() + (seconds if self.listening.is_set() else min(seconds, AGAIN_S))
        while (left := until - time.monotonic()) > 0:
            if self._happened.wait(min(left, FILES_EVERY_S)) or self._files_changed():
                self._settle()
                return True
        return False

    def _settle(self) -> None:
        until = time.monotonic() + AT_MOST_S
        while True:
            self._happened.clear()
            if not self._happened.wait(QUIET_S) or time.monotonic() > until:
                return

    def _files_changed(self) -> bool:
        before, self._files = self._files, stamps(self._folder)
        return before != self._files

    def _listen(self, source: Source) -> None:
        while True:
            try:
                for event in source.events():
                    self.listening.set()
                    if matters(event):
                        self._happened.set()
            except OutOfReach:
                pass
            self.listening.clear()
            # What happened while nobody listened was missed: look.
            self._happened.set()
            time.sleep(AGAIN_S)


def matters(event: Mapping[str, Any]) -> bool:
    """Say whether *event* may change what a lab sees; an empty one tells only that the stream is open."""
    action = str(event.get("Action") or "")
    attributes = (event.get("Actor") or {}).get("Attributes") or {}
    return bool(action) and not action.startswith(NO_CHANGE) and OURS not in attributes


def stamps(folder: Path | None) -> dict[str, tuple[int, int]]:
    """Note size and time of the files in *folder*, not below it: a lab's own files lie there."""
    if folder is None:
        return {}
    found: dict[str, tuple[int, int]] = {}
    try:
        for path in sorted(folder.iterdir())[:FILES_AT_MOST]:
            status = path.stat()
            found[path.name] = (status.st_size, status.st_mtime_ns)
    except OSError:
        # Removed while it was looked at: it will be gone at the next look.
        return found
    return found
