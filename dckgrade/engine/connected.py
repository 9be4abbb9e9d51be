"""An engine for the length of a run, of which snapshots are taken."""

from dckgrade.engine.api import EngineApi
from dckgrade.engine.memo import Memo
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.snapshot import EngineSnapshot


class ConnectedEngine(EngineApi):
    """One engine through all rounds of a run."""

    def take_snapshot(self, options: RunOptions = RunOptions()) -> EngineSnapshot:
        """Begin a round: within it, each distinct request is made once."""
        return EngineSnapshot(self, options)

    def end_run(self, within_s: float, *, keep: bool = False) -> None:
        """
        Remove the probe containers of this run *within_s*, and forget what was called once per run.

        *keep*: another run goes on with both; `close` removes what is left, by the same time.
        """
        if keep:
            self.probe_containers.limit_cleanup(within_s)
            return
        self.probe_containers.remove_all(within_s)
        self.run_memo = Memo()
