"""Read the file of a lab as bytes, and their digest; what is in it is for others to say."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from dckgrade.i18n import N_, UserError

MAX_YAML_BYTES = 256 * 1024


class LabSource(NamedTuple):
    """What stands in a lab's file: MAX_YAML_BYTES and one more at most, just enough to be refused."""

    path: Path
    raw: bytes
    digest: str
    """`sha256:` and the digest of the bytes: reports name the lab that judged them by it."""


def read_lab_source(path: Path) -> LabSource:
    """Read the file; raises `UserError` when it cannot be read."""
    raw = read_lab_bytes(path)
    return LabSource(path, raw, digest_lab(raw))


def digest_lab(raw: bytes) -> str:
    """Return the digest of a lab's bytes, by which reports name it."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def read_lab_bytes(path: Path) -> bytes:
    """Read the file, or just enough of it to be refused."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
