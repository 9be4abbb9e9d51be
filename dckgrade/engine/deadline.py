"""Make calls with a deadline, on threads of their own, which are abandoned when it is over."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MAX_THREADS = 32


class Outcome(Generic[T]):
    """
    What a call returned or raised, for threads that wait for it.

    `concurrent.futures` has the like, and loads `logging`: that takes longer than all calls of a grade.
    """

    def __init__(self) -> None:
        self._settled = threading.Event()
        self._results: list[T] = []
        self._error: BaseException | None = None

    def settle(self, call: Callable[[], T]) -> None:
        """Make the call, and keep what it returns or raises."""
        try:
            self._results.append(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits receives it
            self._error = error
        self._settled.set()

    def wait(self, seconds: float | None = None) -> BaseException | None:
        """Return what the call raised, None where it returned; `OutOfReach(DEADLINE)` where it is late."""
        if not self._settled.wait(seconds):
            return OutOfReach(UnobservableReason.DEADLINE)
        return self._error

    def get(self) -> T:
        """Return or raise what the call did, as soon as it did."""
        if error := self.wait():
            try:
                raise error
            finally:
                del error, self  # the traceback of the error holds this frame
        return self._results[0]


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Return or raise what *call* does; when it is late, abandon it and raise `OutOfReach(DEADLINE)`."""
    if seconds <= 0:
        raise OutOfReach(UnobservableReason.DEADLINE)
    outcome: Outcome[T] = Outcome()
    _start_thread(lambda: outcome.settle(call))
    error = outcome.wait(seconds)
    if error is not None:
        raise error
    return outcome.get()


def call_all_within(calls: Mapping[K, Callable[[], T]], seconds: float) -> dict[K, T | Exception]:
    """
    Make the calls in parallel, started in this order (slow ones first).

    Returns what each returned or raised in time, and `OutOfReach(DEADLINE)` for the late ones.
    """
    until = time.monotonic() + seconds
    outcomes: dict[K, Outcome[T | Exception]] = {key: Outcome() for key in calls}
    waiting = deque((outcomes[key], call) for key, call in calls.items())

    def work() -> None:
        while time.monotonic() < until:
            try:
                outcome, call = waiting.popleft()
            except IndexError:
                return
            outcome.settle(call)

    for _ in range(min(MAX_THREADS, len(calls))):
        _start_thread(work)
    return {key: _await_outcome(outcome, until - time.monotonic()) for key, outcome in outcomes.items()}


def _await_outcome(outcome: Outcome[T | Exception], seconds: float) -> T | Exception:
    error = outcome.wait(max(seconds, 0))
    if error is None:
        return outcome.get()
    if isinstance(error, Exception):
        return error
    raise error


def _start_thread(work: Callable[[], None]) -> None:
    # A daemon thread: concurrent.futures joins its own at exit, where a stuck call would hang the program.
    threading.Thread(target=work, daemon=True).start()
