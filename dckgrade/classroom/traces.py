"""Compute small numbers of what two trainees cannot have in common by chance: only those need be kept."""

from collections.abc import Iterator
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from dckgrade.report.observation import Observation, Seen
from dckgrade.report.report import Report

IDENTITY_FACTS = {"id", "node_id"}
"""Facts that name one thing in all the world: random numbers of the engine."""
MIN_IDENTITY_CHARS = 12
"""Of an id that is not short for another."""
MIN_TIMING_BITS = 32
"""Of chance in how long the observations took, for no two engines to agree in all of that and all facts."""
SPREAD_BITS = 2
"""Of a duration that differ on any two engines are so many fewer than it has."""
DIGEST_BYTES = 8


def compute_traces(report: Report) -> Iterator[int]:
    """Yield digests of what is nobody else's, where anything was seen."""
    yield from compute_lasting_traces(report)
    if any(isinstance(seen, Seen) for seen in report.observations.values()):
        yield compute_moment_trace(report)


def compute_lasting_traces(report: Report) -> Iterator[int]:
    """Yield digests of the engine's random ids, and of all that was seen by its timing, without a date."""
    facts = [seen.facts for seen in report.observations.values() if isinstance(seen, Seen)]
    yield from map(compute_trace_digest, find_identity_values(facts))
    if facts and count_timing_bits(report) >= MIN_TIMING_BITS:
        yield compute_trace_digest(list_observations(report))


def compute_moment_trace(report: Report) -> int:
    """Compute a digest of all that was seen, and when."""
    return compute_trace_digest([report.started_at, report.duration_ms, list_observations(report)])


def list_observations(report: Report) -> list[tuple[str, Observation]]:
    """List them in an order of their own."""
    return sorted(report.observations.items(), key=itemgetter(0))


def count_timing_bits(report: Report) -> int:
    """Count the bits of chance in the durations, carefully."""
    return sum(max(0, seen.duration_ms.bit_length() - SPREAD_BITS) for seen in report.observations.values())


def find_identity_values(facts: list[Any]) -> list[str]:
    """Find the ids among facts, however deep."""
    found: list[str] = []
    waiting: list[Any] = [*facts]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            named = (value[name] for name in IDENTITY_FACTS & value.keys())
            found += [given for given in named if isinstance(given, str) and len(given) >= MIN_IDENTITY_CHARS]
            value = value.values()
        waiting += [item for item in value if isinstance(item, (dict, list))]
    return found


def compute_trace_digest(value: object) -> int:
    """Make a small number of it."""
    try:
        content = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        # No encoder takes every number and every string that a hostile report may hold.
        content = ascii(value).encode()
    return int.from_bytes(blake2b(content, digest_size=DIGEST_BYTES).digest(), "big")
