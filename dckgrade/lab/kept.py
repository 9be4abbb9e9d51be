"""
What is kept of labs that were checked, as MessagePack: beside those of the wheel, and in the user's cache.

A kept lab is used where the same code has checked the same bytes, and nobody but the user could write it.
"""

import contextlib
import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from dckgrade.lab.source import MAX_YAML_BYTES, LabSource, read_lab_source
from dckgrade.lab.tool import PACKAGE, digest_tool
from dckgrade.report.decode import DecodeHook, parse_msgpack
from dckgrade.report.text import Text

SUFFIX = ".msgpack"
MAX_KEPT_BYTES = 2 * MAX_YAML_BYTES
MAX_KEPT_LABS = 64
"""In the user's cache; the oldest go."""
DIGEST_BYTES = 32


class LabHead(Struct, frozen=True, kw_only=True):
    """What is shown of a lab that is not graded: to read it needs neither the lab nor the kinds of probes."""

    source: str
    """The digest of the YAML that was checked."""
    tool: str
    """The digest of the code that checked it."""
    title: Text
    points: int
    inputs: list[dict[str, Any]]
    """As they are written in the lab, each value as text."""


T = TypeVar("T", bound=LabHead)


def find_kept_head(path: Path) -> LabHead | None:
    """Return what is shown of the lab in *path* where it was checked before."""
    return find_kept(read_lab_source(path), LabHead)


def find_kept(source: LabSource, kind: type[T], hook: DecodeHook | None = None) -> T | None:
    """Find what was kept of *source*: beside it where it came in the wheel, else in the user's cache."""
    if source.path.parent == PACKAGE / "checks":
        found = decode_kept(read_kept(source.path.with_suffix(SUFFIX)), kind, hook)
        if found and found.source == source.digest and found.tool == digest_tool(with_times=False):
            return found
    folder = get_cache_folder()
    if not is_private(folder):
        return None
    found = decode_kept(read_kept(folder / name_kept(source.digest), private=True), kind, hook)
    return found if found and found.source == source.digest else None


def keep_content(content: bytes, source: LabSource) -> None:
    """Keep what `encode_kept` made of *source* in the user's cache, where that can be written."""
    # Late: once for each change of a lab.
    import tempfile

    folder = get_cache_folder()
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(folder):
            return
        # A temporary file is its owner's alone, and stays so.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                Path(file.name).replace(folder / name_kept(source.digest))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        remove_oldest(folder)


def encode_kept(checked: LabHead) -> bytes:
    """Write *checked*, after a digest of it: a file that was cut or damaged is not used."""
    content = msgspec.msgpack.encode(checked)
    return hashlib.sha256(content).digest() + content


def decode_kept(raw: bytes, kind: type[T], hook: DecodeHook | None = None) -> T | None:
    """Read what `encode_kept` wrote; None for anything else."""
    content = raw[DIGEST_BYTES:]
    if not content or hashlib.sha256(content).digest() != raw[:DIGEST_BYTES]:
        return None
    try:
        return parse_msgpack(content, kind, hook)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def read_kept(path: Path, *, private: bool = False) -> bytes:
    """Read a kept lab; b"" where there is none, or where it may be another user's and must be *private*."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a file that is no link
            seen = os.fstat(file.fileno())
            if not stat.S_ISREG(seen.st_mode) or (private and not is_owners_alone(seen)):
                return b""
            raw = file.read(MAX_KEPT_BYTES + 1)
    except OSError:
        return b""
    return raw if len(raw) <= MAX_KEPT_BYTES else b""


def is_private(folder: Path) -> bool:
    """Return whether *folder* is a folder that nobody but the user can write to."""
    try:
        seen = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(seen.st_mode) and is_owners_alone(seen)


def is_owners_alone(seen: os.stat_result) -> bool:
    """Return whether the user owns it, and nobody else can write to it; elsewhere than on POSIX always."""
    if os.name != "posix":
        return True
    return seen.st_uid == os.geteuid() and not seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def get_cache_folder() -> Path:
    """Return the folder of the user's cache, which need not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("dckgrade") / "labs"


def name_kept(source_digest: str) -> str:
    """Name the file of a lab in the user's cache by all that its checking depends on."""
    versions = (sys.version_info[:2], msgspec.__version__)
    parts = (source_digest, digest_tool(with_times=True), repr(versions))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest() + SUFFIX


def remove_oldest(folder: Path) -> None:
    """Keep the newest: each change of a lab or of the code adds a file."""
    dated = [(path.stat().st_mtime_ns, path) for path in folder.iterdir()]
    for _, path in sorted(dated)[:-MAX_KEPT_LABS]:
        path.unlink(missing_ok=True)
