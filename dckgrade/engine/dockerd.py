"""The files of an engine's own program, dockerd."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class OwnDockerd(Struct, frozen=True):
    """The files of a dockerd that this program has started."""

    daemon_json_path: Path
    log_path: Path


class DaemonFiles(Struct, frozen=True, kw_only=True):
    """The `daemon.json` that an engine reads, and the others on its machine."""

    path: str
    """For display: with `~` for the home folder."""
    content: bytes | None
    """None: there is no such file."""
    changed_at: float = 0.0
    """Seconds since 1970."""
    version: str | None = None
    """Of the dockerd that is installed, where that is known without asking it."""
    flags: Sequence[str] = ()
    """The options on dockerd's command line, without dashes, as far as they are known."""
    others: Mapping[str, bytes] = {}
    """The contents of those at usual places that this engine does not read, by path."""
