"""The one thread that writes: what waits is committed together, and told only when it is written."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

MAX_WAITING, MAX_TOGETHER = 2000, 100
"""Operations that may wait, and that are committed together."""
GATHERING_S = 0.005
"""How long the first waits for others: a commit costs as much as all else that taking a report takes."""
LOG = logging.getLogger("dckgrade.board")

Operation = Callable[[Connection], Any]


class WriterBusy(Exception):
    """More waits to be written than is kept in memory."""


class _Waiting(NamedTuple):
    """An operation, and who waits for what it returns."""

    operation: Operation
    future: "Future[Any]"


class Writer:
    """Runs operations in the order in which they come."""

    def __init__(self, engine: Engine, *, after_commit: Callable[[], None] = lambda: None) -> None:
        self.engine, self.after_commit = engine, after_commit
        self.waiting: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self.thread = threading.Thread(target=self.run, name="board-writer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self.waiting.put(None)
        self.thread.join()

    def submit(self, operation: Operation) -> "Future[Any]":
        """
        Have *operation* run; the future is done when it is committed, or has failed.

        Raises `WriterBusy`.
        """
        future: Future[Any] = Future()
        try:
            self.waiting.put_nowait(_Waiting(operation, future))
        except queue.Full:
            raise WriterBusy from None
        return future

    def run(self) -> None:
        """Write until told to stop."""
        while True:
            together, is_last = self.take()
            if together:
                self.write(together)
                self.follow_up()
            if is_last:
                return

    def take(self) -> tuple[list[_Waiting], bool]:
        """Wait for something to write; returns it, and whether nothing comes after it."""
        first = self.waiting.get()
        together = [first] if first else []
        if first:
            time.sleep(GATHERING_S)
        while first and len(together) < MAX_TOGETHER:
            try:
                following = self.waiting.get_nowait()
            except queue.Empty:
                return together, False
            if following is None:
                return together, True
            together.append(following)
        return together, first is None

    def write(self, together: list[_Waiting]) -> None:
        """Commit all together; where that fails, each by itself, so that none spoils another's."""
        try:
            self.commit(together)
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            if len(together) == 1:
                together[0].future.set_exception(error)
            else:
                for alone in together:
                    self.write([alone])

    def commit(self, together: list[_Waiting]) -> None:
        """Run and commit *together*, then tell."""
        with self.engine.begin() as connection:
            results = [waiting.operation(connection) for waiting in together]
        for waiting, result in zip(together, results, strict=True):
            waiting.future.set_result(result)

    def follow_up(self) -> None:
        """Do what comes after a commit; what fails there is tried again after the next."""
        try:
            self.after_commit()
        except Exception:
            LOG.exception("what was written is to be judged later")
