"""Bound how often something may be tried."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MAX_SOURCES = 10_000


class RateLimit:
    """Allows each source so many tries in so many seconds, and all sources together so many."""

    def __init__(
        self, most: int, together: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.together, self.seconds, self.clock = most, together, seconds, clock
        self.tries: OrderedDict[str, deque[float]] = OrderedDict()
        self.all_tries: deque[float] = deque()

    def is_exceeded(self, source: str) -> bool:
        """Return whether *source* has to wait."""
        since = self.clock() - self.seconds
        own = self.tries.get(source, deque())
        for tries in (own, self.all_tries):
            while tries and tries[0] <= since:
                tries.popleft()
        return len(own) >= self.most or len(self.all_tries) >= self.together

    def count(self, source: str) -> None:
        """Count a try of *source*."""
        now = self.clock()
        self.tries.setdefault(source, deque()).append(now)
        self.tries.move_to_end(source)
        self.all_tries.append(now)
        while len(self.tries) > MAX_SOURCES:
            self.tries.popitem(last=False)
