"""Scenes of topic swarm: recorded managers of a swarm with a service that waits, runs or is updated."""

from collections.abc import Mapping, Sequence

from dckgrade.probes.swarm.swarm_service import SwarmService
from dckgrade.probes.swarm.swarm_task import SwarmTask
from dckgrade.probes.swarm.swarm_update import SwarmUpdate
from tests.support.recorded_swarm import ENGINES, RecordedSwarm
from tests.support.scenes import Scene, SceneBuilder


def show(probe: SwarmService | SwarmUpdate, *states: str) -> Sequence[Scene]:
    """Show *probe* the states on every engine."""
    return [Scene(probe, RecordedSwarm(engine, state)) for engine in ENGINES for state in states]


SCENES: Mapping[str, SceneBuilder] = {
    "swarm-service": lambda: show(SwarmService(name="web"), "pending"),
    "swarm-update": lambda: show(SwarmUpdate(service="web"), "paused"),
    "swarm-task": lambda: [Scene(SwarmTask(service="web"), RecordedSwarm(engine)) for engine in ENGINES],
}
