"""
Decode to msgspec's Struct classes, from any thread.

msgspec 0.22 describes a class to itself when it is first decoded to. A second thread that comes meanwhile
reads a half-filled description, and the process dies (SIGSEGV). Here each class is described under a lock,
before it is used; the linter forbids msgspec's own functions elsewhere.
"""

from _thread import allocate_lock
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

# The lock of threading without the rest of it: what judges loads nothing that starts threads.
_LOCK = allocate_lock()
_DESCRIBED: set[Any] = set()


DecodeHook = Callable[[type, Any], Any]
"""Makes an object of a type that msgspec does not know of plain data."""


def convert_data(data: Any, kind: type[T], hook: DecodeHook | None = None) -> T:
    """Convert plain *data* to *kind*; raises `msgspec.ValidationError`."""
    describe_once(kind)
    return msgspec.convert(data, kind, dec_hook=hook)  # noqa: TID251 - the one place


def parse_msgpack(raw: bytes, kind: type[T], hook: DecodeHook | None = None) -> T:
    """Parse MessagePack as *kind*; raises `msgspec.DecodeError` and `RecursionError`."""
    describe_once(kind)
    return msgspec.msgpack.decode(raw, type=kind, dec_hook=hook)  # noqa: TID251 - the one place


@overload
def parse_json(raw: bytes | str) -> Any: ...
@overload
def parse_json(raw: bytes | str, kind: type[T]) -> T: ...
def parse_json(raw: bytes | str, kind: Any = Any) -> Any:
    """
    Parse JSON as *kind*, by default as plain data.

    Raises `msgspec.DecodeError` (`ValidationError`, which is one, for another type), `UnicodeDecodeError`,
    and `RecursionError` for what is nested too deeply.
    """
    describe_once(kind)
    return msgspec.json.decode(raw, type=kind)  # noqa: TID251 - the one place


def describe_once(kind: Any) -> None:
    """Have msgspec describe *kind*, and every class in it, to itself."""
    if kind in _DESCRIBED:
        return
    with _LOCK:
        if kind not in _DESCRIBED:
            with suppress(msgspec.ValidationError):
                msgspec.convert(None, kind)  # noqa: TID251 - the one place
            _DESCRIBED.add(kind)
