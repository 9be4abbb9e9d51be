"""Decode the bodies of the engine's answers; `OutOfReach` where one cannot be read."""

import base64
import io
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from dckgrade.engine.answers import ApiAnswer, Json, OutOfReach
from dckgrade.engine.redaction import mask_secrets
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason


def decode_response(body: bytes) -> Any:
    """Decode any JSON."""
    try:
        return parse_json(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"not JSON: {error}") from error


def decode_json_object(body: bytes) -> Json:
    """Decode one JSON object."""
    content = decode_response(body)
    if not isinstance(content, dict):
        raise OutOfReach(UnobservableReason.UNREADABLE, "not a JSON object")
    return content


def decode_json_objects(body: bytes) -> list[Json]:
    """Decode a JSON list of objects."""
    content = decode_response(body)
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise OutOfReach(UnobservableReason.UNREADABLE, "not a JSON list of objects")
    return content


def read_tar_file(body: bytes) -> bytes:
    """Return the content of the one file in a tar; raises `OutOfReach` for what is no plain file."""
    return _read_tar_member(body)[0]


def read_tar_date(body: bytes) -> datetime:
    """Return when the one file in a tar was last changed."""
    return _read_tar_member(body)[1]


def _read_tar_member(body: bytes) -> tuple[bytes, datetime]:
    # Late: few labs look into a container's files.
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as tar:
            member = tar.next()
            content = tar.extractfile(member) if member and member.isreg() else None
            if member and content is not None:
                return content.read(), datetime.fromtimestamp(member.mtime, UTC)
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"not a tar: {error}") from error
    raise OutOfReach(UnobservableReason.UNREADABLE, "not a file")


def decode_path_stat(header: bytes) -> Json:
    """Decode what the engine tells of a file in a container: base64 of `{"name", "size", "mode", …}`."""
    try:
        return decode_json_object(base64.b64decode(header, validate=True))
    except ValueError as error:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"not a path's stat: {error}") from error


def read_error_message(answer: ApiAnswer) -> tuple[str, bool]:
    """Return the text of an error, masked, and whether it has the form that the engine uses."""
    try:
        content = parse_json(answer.body)
        return mask_secrets(content["message"]), True
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, UnicodeError):
        plain_text = re.sub(r"<[^<>]*>|\s+", " ", answer.body[:2000].decode(errors="replace"))
        return mask_secrets(" ".join(plain_text.split()))[:200], False
