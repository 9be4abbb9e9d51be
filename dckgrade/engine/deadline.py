"""Make calls with a deadline, on threads of their own, which are abandoned when it is over."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MAX_THREADS = 32


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Return or raise what *call* does; when it is late, abandon it and raise `OutOfReach(DEADLINE)`."""
    if seconds <= 0:
        raise OutOfReach(UnobservableReason.DEADLINE)
    future: Future[T] = Future()
    _start_thread(lambda: settle_future(future, call))
    error = _await_error(future, seconds)
    if error is not None:
        raise error
    return future.result()


def call_all_within(calls: Mapping[K, Callable[[], T]], seconds: float) -> dict[K, T | Exception]:
    """
    Make the calls in parallel, started in this order (slow ones first).

    Returns what each returned or raised in time, and `OutOfReach(DEADLINE)` for the late ones.
    """
    until = time.monotonic() + seconds
    futures: dict[K, Future[T | Exception]] = {key: Future() for key in calls}
    waiting = deque((futures[key], call) for key, call in calls.items())

    def work() -> None:
        while time.monotonic() < until:
            try:
                future, call = waiting.popleft()
            except IndexError:
                return
            settle_future(future, call)

    for _ in range(min(MAX_THREADS, len(calls))):
        _start_thread(work)
    return {key: _await_outcome(future, until - time.monotonic()) for key, future in futures.items()}


def settle_future(future: Future[T], call: Callable[[], T]) -> None:
    """Make the call and store what it returns or raises in *future*."""
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whoever asked receives it
        future.set_exception(error)
    else:
        future.set_result(result)


def _await_outcome(future: Future[T], seconds: float) -> T | Exception:
    error = _await_error(future, max(seconds, 0))
    if error is None:
        return future.result()
    if isinstance(error, Exception):
        return error
    raise error


def _await_error(future: Future[T], seconds: float) -> BaseException | None:
    try:
        # Not `result`, which raises the call's own TimeoutError as well as its own.
        return future.exception(seconds)
    except TimeoutError:
        return OutOfReach(UnobservableReason.DEADLINE)


def _start_thread(work: Callable[[], None]) -> None:
    # A daemon thread: concurrent.futures joins its own at exit, where a stuck call would hang the program.
    threading.Thread(target=work, daemon=True).start()
