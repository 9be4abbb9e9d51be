"""The body of an engine's answer → the object or the objects in it, or `OutOfReach` where it holds none."""

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from dckgrade.observation import Why
from dckgrade.world.port import Filed, Json, OutOfReach
from dckgrade.world.secrets import masked

if TYPE_CHECKING:
    from dckgrade.world.client import Answer


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


def archived(body: bytes) -> Filed:
    """Take the one file out of the archive in which the engine gives it; a folder or a link is none."""
    import tarfile  # for one lab only

    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
            member = archive.next()
            content = archive.extractfile(member) if member and member.isreg() else None
            if member is None or content is None:
                raise OutOfReach(Why.UNREADABLE, "not a file")
            return Filed(content.read(), datetime.fromtimestamp(member.mtime, UTC))
    except (tarfile.TarError, ValueError, OverflowError, OSError) as error:
        raise OutOfReach(Why.UNREADABLE, f"not an archive: {error}") from error


def read_message(answer: "Answer") -> tuple[str, bool]:
    """Give the engine's error text, and whether it is in the form that the engine uses."""
    try:
        content = msgspec.json.decode(answer.body)
        return masked(content["message"]), True
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, UnicodeError):
        shown = re.sub(r"<[^<>]*>|\s+", " ", answer.body[:2000].decode(errors="replace"))
        return masked(" ".join(shown.split()))[:200], False
