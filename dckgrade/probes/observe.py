"""Run probes on an engine, each distinct one once, all at the same time; judge nothing."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.deadline import call_all_within
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.redaction.words import mask_words
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.probes.registry import get_asking_order
from dckgrade.report.observation import Observation, Seen, Unobservable, UnobservableReason


def observe_probes(probes: Iterable[Probe], engine: Engine, seconds: float) -> dict[str, Observation]:
    """Make every distinct observation, all of them within *seconds*; what takes longer is unobservable."""
    distinct = {
        observation_key(probe): probe
        for probe in sorted(probes, key=lambda probe: get_asking_order(type(probe)))
    }
    calls: dict[str, Callable[[], Observation]] = {
        name: lambda probe=probe: observe_with_duration(probe, engine)  # type: ignore[misc]
        for name, probe in distinct.items()
    }
    seen = call_all_within(calls, seconds)
    return {
        name: mask_observation(convert_outcome(kind_of(distinct[name]), result))
        for name, result in seen.items()
    }


def mask_observation(seen: Observation) -> Observation:
    """Mask what a probe has left of secrets: whatever leaves here may be shown, kept and mailed."""
    match seen:
        case Seen():
            return replace(seen, facts=mask_texts(seen.facts))
        case Unobservable():
            return replace(seen, detail=mask_texts(seen.detail))
        case _:
            return seen


def mask_texts(value: Any) -> Any:
    """Mask the texts in *value*, those in a list as the words of a command."""
    match value:
        case str():
            return mask_secrets(value)
        case [str(), *_] if all(isinstance(word, str) for word in value):
            return mask_words(value)
        case list() | tuple():
            return [mask_texts(element) for element in value]
        case dict():
            return {key: mask_texts(element) for key, element in value.items()}
        case _:
            return value


def observe_with_duration(probe: Probe, engine: Engine) -> Observation:
    """Return the observation with its duration in milliseconds."""
    start = time.perf_counter()
    seen = probe.observe(engine)
    return replace(seen, duration_ms=round((time.perf_counter() - start) * 1000))


def convert_outcome(name: str, result: Observation | Exception) -> Observation:
    """Return the observation; for an exception, or a late call, one that says why nothing was seen."""
    match result:
        case OutOfReach():
            return Unobservable(kind=name, why=result.why, detail=result.detail)
        case Exception():
            # A bug of ours, or an answer that no engine has given so far: it costs nobody a point.
            return Unobservable(
                kind=name, why=UnobservableReason.CRASH, detail=f"{type(result).__name__}: {result}"[:200]
            )
        case _:
            return result
