"""The body of an engine's answer → the object or the objects in it, or `OutOfReach` where it holds none."""

from typing import Any

import msgspec

from dckgrade.observation import Why
from dckgrade.world.port import Json, OutOfReach


def decoded(body: bytes) -> Any:
    """Read JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise OutOfReach(Why.UNREADABLE, f"not JSON: {error}") from error


def read_object(body: bytes) -> Json:
    """Read one object."""
    content = decoded(body)
    if not isinstance(content, dict):
        raise OutOfReach(Why.UNREADABLE, "not a JSON object")
    return content


def read_objects(body: bytes) -> list[Json]:
    """Read a list of objects."""
    content = decoded(body)
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise OutOfReach(Why.UNREADABLE, "not a JSON list of objects")
    return content
