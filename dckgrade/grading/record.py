"""Record an engine: look at all that the kinds of probes can see of the things that it holds."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec.structs import replace

from dckgrade import __version__
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.run import CLEANUP_S, format_now
from dckgrade.grading.snapshot_source import SnapshotSource
from dckgrade.probes.base import Probe, observation_key
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.registry import load_kinds, name_kind
from dckgrade.probes.support.inventory import read_inventory
from dckgrade.probes.support.supply import Inventory, Supply
from dckgrade.report.decode import convert_data
from dckgrade.report.observation import Observation, Recording
from dckgrade.report.recording import MAX_PROBES, RECORDING_SCHEMA, EngineRecording

BATCH_PROBES = 24
"""Asked at the same time, so that a small machine is not overrun."""

SETTLED_S = 20.0
"""A service that was started this long ago answers, on all but the slowest machines."""


class RecordProgress(Protocol):
    """What a recording tells of how far it is."""

    def wait(self, containers: Sequence[str], seconds: float) -> None:
        """The containers that have just been started are given some seconds."""
        ...

    def show(self, done: int, total: int) -> None:
        """Of so many observations, some are made."""
        ...


def record_engine(source: SnapshotSource, options: RunOptions, progress: RecordProgress) -> EngineRecording:
    """Look at everything once; raises `OutOfReach` where the engine does not tell what it holds."""
    started_at, start = format_now(), time.monotonic()
    until = start + options.timeout_s
    try:
        inventory = read_settled_inventory(source, options, until, progress)
        planned = list(plan_probes(inventory, passive=options.passive))
        # Each container stands for its own name, however near another one's is.
        named = replace(options, lab_containers={entry.name: None for entry in inventory.containers})
        seen = observe_in_batches(planned[:MAX_PROBES], source, named, until, progress)
    finally:
        source.end_run(max(0.0, until - time.monotonic()) + CLEANUP_S)
    return EngineRecording(
        schema=RECORDING_SCHEMA,
        dckgrade=__version__,
        probes={observation_key(probe): msgspec.to_builtins(probe) for probe in planned[:MAX_PROBES]},
        recording=Recording(
            engine=source.engine,
            started_at=started_at,
            duration_ms=round((time.monotonic() - start) * 1000),
            complete=len(planned) <= MAX_PROBES and time.monotonic() < until,
            passive=options.passive,
            observations=seen,
        ),
    )


def read_settled_inventory(
    source: SnapshotSource, options: RunOptions, until: float, progress: RecordProgress
) -> Inventory:
    """Read what the engine holds, once what has just been started has had its time."""
    inventory = read_inventory(source.take_snapshot(options))
    young = [entry for entry in inventory.containers if entry.up_s is not None and entry.up_s < SETTLED_S]
    if not young:
        return inventory
    # Half of the time is kept for looking.
    left_s = min(SETTLED_S - min(entry.up_s or 0.0 for entry in young), (until - time.monotonic()) / 2)
    progress.wait([entry.name for entry in young], left_s)
    time.sleep(max(0.0, left_s))
    return read_inventory(source.take_snapshot(options))


def observe_in_batches(
    probes: Sequence[Probe],
    source: SnapshotSource,
    options: RunOptions,
    until: float,
    progress: RecordProgress,
) -> dict[str, Observation]:
    """Observe *probes* until then, by the monotonic clock; for what comes later, no observation is made."""
    snapshot, seen = source.take_snapshot(options), dict[str, Observation]()
    for begin in range(0, len(probes), BATCH_PROBES):
        progress.show(begin, len(probes))
        batch = probes[begin : begin + BATCH_PROBES]
        seen |= observe_probes(batch, snapshot, max(0.0, until - time.monotonic()))
    return {observation_key(probe): seen[observation_key(probe)] for probe in probes}


def plan_probes(inventory: Inventory, *, passive: bool) -> Iterator[Probe]:
    """Yield a probe for each parameters that *inventory* supplies: the cheapest kinds first, each by name."""
    for kind in sorted(load_kinds(), key=lambda kind: (kind.cost, name_kind(kind))):
        if isinstance(kind.supply, Supply) and (kind.passive or not passive):
            for parameters in kind.supply.list_parameters(inventory):
                # A name that no lab can write is not looked at either.
                with suppress(msgspec.ValidationError):
                    yield convert_data({"kind": name_kind(kind), **parameters}, kind)
