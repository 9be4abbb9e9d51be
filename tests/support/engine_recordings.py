"""Recordings of real engines, made by `dckgrade record --active`: untouched, and with a lab's solution."""

from typing import Any

from msgspec.structs import replace

from dckgrade.grading.draft import read_probe
from dckgrade.report.observation import EngineInfo, Observation, Recording, Seen
from dckgrade.report.recording import RECORDING_SCHEMA, EngineRecording, parse_engine_recording
from tests.support.fake_engine import ANSWERS

RECORDINGS = ANSWERS.parent / "recordings"
SOLVED_LABS = ("ch1", "ch3", "ch4", "tp5")


def read_pair(lab: str) -> tuple[EngineRecording, EngineRecording]:
    """Read what was recorded of an untouched engine, and of one on which *lab* is solved."""
    untouched, solved = (
        parse_engine_recording((RECORDINGS / f"{lab}-{case}.json").read_bytes(), case)
        for case in ("untouched", "solution")
    )
    return untouched, solved


def make_recording(*seen: tuple[dict[str, Any], dict[str, Any]], passive: bool = True) -> EngineRecording:
    """Make the recording of probes, each as a lab writes it, with the facts that were seen."""
    probes: dict[str, dict[str, Any]] = {}
    observations: dict[str, Observation] = {}
    for written, facts in seen:
        probe = read_probe(written)
        assert probe is not None
        probes[probe.observation_key] = written
        observations[probe.observation_key] = Seen(kind=written["kind"], facts=facts)
    return EngineRecording(
        schema=RECORDING_SCHEMA,
        dckgrade="1",
        probes=probes,
        recording=Recording(
            engine=EngineInfo(endpoint="unix:///run/docker.sock"),
            started_at="2026-01-01T10:00:00Z",
            passive=passive,
            observations=observations,
        ),
    )


def observe_as(document: EngineRecording, key: str, observation: Observation | None) -> EngineRecording:
    """Return *document* with another observation at *key*; None: without it."""
    others = {name: seen for name, seen in document.recording.observations.items() if name != key}
    changed = {**others, key: observation} if observation else others
    return replace(document, recording=replace(document.recording, observations=changed))
