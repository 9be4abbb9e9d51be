"""Ask each distinct question once, whoever asks and from whichever thread."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

from dckgrade.engine.deadline import settle_future

T = TypeVar("T")


class Memo:
    """The memory of one look at the world; a failure is an answer too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def get_or_call(self, key: Hashable, call: Callable[[], T]) -> T:
        """Give the answer to *key*: the first asker makes the call, those who come meanwhile wait for it."""
        with self._lock:
            first = key not in self._answers
            answer: Future[T] = self._answers.setdefault(key, Future())
        if first:
            settle_future(answer, call)
        return answer.result()
