"""Remember what calls returned, for several threads."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from dckgrade.engine.deadline import Outcome

T = TypeVar("T")


class Memo:
    """Makes each distinct call once; an exception is remembered too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Outcome[Any]] = {}

    def get_or_call(self, key: Hashable, call: Callable[[], T]) -> T:
        """Return what *call* returned for *key*; the first thread makes the call, others wait for it."""
        with self._lock:
            is_first = key not in self._answers
            outcome: Outcome[T] = self._answers.setdefault(key, Outcome())
        if is_first:
            outcome.settle(call)
        return outcome.get()
