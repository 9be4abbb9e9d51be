"""Tell those who look at a class that it has changed, at most twice a second."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dckgrade.board.class_view import ClassViews
from dckgrade.board.judging import CHANNEL, Change, decode_changes

MIN_INTERVAL_S = 0.5
RECONNECT_S = 1.0
LOG = logging.getLogger("dckgrade.board")


class LiveUpdates:
    """Gathers changes, has them read, and wakes those who wait."""

    def __init__(self, views: ClassViews) -> None:
        self.views = views
        self.loop: asyncio.AbstractEventLoop | None = None
        self.gathered: dict[Change, None] = {}
        self.changed = asyncio.Event()
        self.pulses: dict[int, asyncio.Event] = {}
        self.watching = 0
        self.has_ended = False

    def add_changes(self, changes: Iterable[Change]) -> None:
        """Take note of changes, from whatever thread."""
        noted = list(changes)
        if self.loop and noted:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self.loop.call_soon_threadsafe(self.note, noted)

    def add_whole_classes(self) -> None:
        """Take note that anything may have changed of the classes that somebody looks at."""
        self.add_changes([Change(class_id, "") for class_id in list(self.views.loaded)])

    def note(self, changes: Sequence[Change]) -> None:
        """Take note of changes."""
        self.gathered |= dict.fromkeys(changes)
        self.changed.set()

    async def run(self) -> None:
        """Read what has changed and tell, until cancelled."""
        self.loop = asyncio.get_running_loop()
        while True:
            await self.changed.wait()
            self.changed.clear()
            changes, self.gathered = self.gathered, {}
            try:
                await asyncio.to_thread(self.views.refresh, changes)
            except SQLAlchemyError:
                LOG.warning("the database cannot be read; trying again")
                self.note(list(changes))
            for class_id in {change.class_id for change in changes}:
                self.wake(class_id)
            await asyncio.sleep(MIN_INTERVAL_S)

    def wake(self, class_id: int) -> None:
        """Wake those who look at a class."""
        if pulse := self.pulses.pop(class_id, None):
            pulse.set()

    def end(self) -> None:
        """Have every page let go."""
        self.has_ended = True
        for class_id in list(self.pulses):
            self.wake(class_id)

    async def iter_versions(self, class_id: int) -> AsyncIterator[int]:
        """Yield the version of a class now, and each time that it has changed."""
        shown = 0
        self.watching += 1
        try:
            while not self.has_ended and (state := await asyncio.to_thread(self.views.get, class_id)):
                if state.version != shown:
                    shown = state.version
                    yield shown
                current = self.views.loaded.get(class_id)
                if current and current.version == shown and not self.has_ended:
                    await self.pulses.setdefault(class_id, asyncio.Event()).wait()
        finally:
            self.watching -= 1


class ReplicaListener(threading.Thread):
    """Hears from PostgreSQL what the other replicas have changed."""

    def __init__(self, engine: Engine, live: LiveUpdates) -> None:
        super().__init__(name="board-listener", daemon=True)
        self.engine, self.live, self.stopped = engine, live, threading.Event()

    def run(self) -> None:
        """Listen; a connection that ends is made again, and all is read that may have been missed."""
        while not self.stopped.is_set():
            try:
                self.listen()
            except Exception:  # noqa: BLE001 - the driver's own errors, of a server that restarts
                LOG.warning("the database does not tell changes; connecting again")
                self.stopped.wait(RECONNECT_S)

    def listen(self) -> None:
        """Listen on one connection."""
        with contextlib.closing(self.engine.raw_connection()) as pooled:
            connection: Any = pooled.driver_connection
            pooled.detach()
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
            # What was told before is in what is read now.
            self.live.add_whole_classes()
            while not self.stopped.is_set():
                for heard in connection.notifies(timeout=RECONNECT_S):
                    self.live.add_changes(decode_changes(heard.payload))
