"""What the user chose for one run, and whom it looks at and tells."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field

from dckgrade.engine.answers import Login
from dckgrade.engine.dockerd import Dockerd
from dckgrade.engine.protocol import Engine, Given
from dckgrade.i18n import Lang
from dckgrade.report.observation import EngineInfo


class SnapshotSource(Protocol):
    """An engine that can be looked at as often as need be."""

    @property
    def engine(self) -> EngineInfo:
        """Which engine this is."""
        ...

    def take_snapshot(self, given: Given = ...) -> Engine:
        """Begin a new look, which remembers nothing of the last."""
        ...

    def end_run(self) -> None:
        """Remove what looking has made, and forget what was done once."""
        ...


class Choice(Struct, frozen=True, kw_only=True):
    """What the user chose for one run."""

    lang: Lang = "fr"
    only: list[str] = field(default_factory=list)
    passive: bool = False
    at_once: bool = False
    """Judge now: what is still inside its budget is said to be starting."""
    timeout_s: float = 90.0
    trainee: str | None = None
    workdir: Path | None = None
    """Where the trainee's own files are; None: nowhere."""
    elsewhere: bool = False
    """The trainee's files are on another machine than the one that grades."""
    environment: Mapping[str, str] | None = None
    """Where the trainee's programs and caches are (PATH, HOME…); None: our own environment."""
    container: str | None = None
    """The container to grade where a lab leaves it unnamed; None: chosen by facts."""
    grafana: Login | None = None
    """Grafana's account; None: what its container says of itself, else what the image comes with."""
    dockerd: Dockerd | None = None
    """The engine is one that we have started; None: its files are where facts say."""


ProgressCallback = Callable[[Sequence[str], float], None]
"""Told, at each round of waiting, what is waited for, and the longest budget left in seconds."""


def ignore_progress(_titles: Sequence[str], _left_s: float) -> None:
    """Show no progress."""
