"""Name the mistake of a check as a run does, by what a fake engine answers."""

from collections.abc import Sequence

from dckgrade.engine.protocol import Engine
from dckgrade.judge.diagnose import find_first_diagnosis, iter_pending_probes, word_mistake
from dckgrade.lab.model import Lab
from dckgrade.probes.base import Probe, observation_key
from dckgrade.report.observation import EngineInfo, Observation, Recording
from dckgrade.report.result import NamedMistake


def name_mistake(lab: Lab, engine: Engine, check_id: str) -> NamedMistake | None:
    """Look at what the check needs, as a run does, and name its mistake."""
    check = next(check for check in lab.checks if check.id == check_id)
    observations: dict[str, Observation] = {}
    recording = Recording(
        engine=EngineInfo(endpoint="unix:///x"),
        started_at="2026-01-01T10:00:00Z",
        complete=True,
        passive=False,
        observations=observations,
    )
    wanted: Sequence[Probe | None] = [check.observe]
    while probes := [probe for probe in wanted if probe]:
        observations |= {observation_key(probe): probe.observe(engine) for probe in probes}
        wanted = [next(iter_pending_probes(lab, check, check.diagnoses, recording), None)]
    found = find_first_diagnosis(lab, check, check.diagnoses, recording)
    if found is None:
        return None
    told = [check.observe, *(also.observe for also in found.also)]
    return word_mistake(found, told, [observations.get(observation_key(probe)) for probe in told], "en")
