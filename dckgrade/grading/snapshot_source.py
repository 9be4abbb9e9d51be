"""What a run needs of an engine: to be looked at again and again."""

from typing import Protocol

from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import RunOptions
from dckgrade.report.observation import EngineInfo


class SnapshotSource(Protocol):
    """An engine that can be looked at as often as needed."""

    @property
    def engine(self) -> EngineInfo:
        """Which engine this is."""
        ...

    def take_snapshot(self, options: RunOptions = ...) -> Engine:
        """Begin a new look, which remembers nothing of the last."""
        ...

    def end_run(self, within_s: float, *, keep: bool = False) -> None:
        """
        Remove what the run has created, in at most *within_s*, and forget what was done once a run.

        *keep*: leave that to the next run, or to the end of the program, which has as much time for it.
        """
        ...
