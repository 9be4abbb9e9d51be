"""An engine that has answered, of which snapshots are taken."""

from dckgrade.engine.api import EngineApi
from dckgrade.engine.memo import Memo
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.snapshot import EngineSnapshot


class ConnectedEngine(EngineApi):
    """One engine through all the rounds of a run."""

    def take_snapshot(self, options: RunOptions = RunOptions()) -> EngineSnapshot:
        """Begin a round: within it, each distinct question is asked once."""
        return EngineSnapshot(self, options)

    def end_run(self) -> None:
        """Remove what was made for a run, and forget what it has done."""
        self.probe_containers.remove_all()
        self.run_memo = Memo()
