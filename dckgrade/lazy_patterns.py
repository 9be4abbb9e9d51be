"""Regular expressions that are compiled when they are first used: a command uses few of those it imports."""

import re
from typing import Any, AnyStr, cast


def compile_lazily(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` returns, but for a wrong pattern: that is an error at the first use."""
    return cast("re.Pattern[AnyStr]", _LazyPattern(pattern, flags))


class _LazyPattern:
    """Becomes the pattern at the first look at any of its attributes; `re`'s own functions do not take it."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._source), name)  # `re` itself keeps what it has compiled
        setattr(self, name, found)
        return found
