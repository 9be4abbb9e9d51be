"""
Tell what in a report cannot be as it says: signatures, times, kinds, versions, published recordings.

No more than a flag for the trainer to look at: a clock may be wrong, a file saved again by an editor.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from dckgrade import __version__
from dckgrade.classroom.people import fold_name
from dckgrade.classroom.traces import DIGEST_BYTES, compute_lasting_traces, compute_moment_trace
from dckgrade.report import signature
from dckgrade.report.class_report import Flag
from dckgrade.report.report import Report
from dckgrade.report.signature import TraineeKey

PUBLISHED_PATH = Path(__file__).with_name("published.bin")
"""Digests of what our published recordings do not have in common with any engine by chance."""
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""Before the first dckgrade."""
CLOCK_TOLERANCE = timedelta(days=1)
"""A time zone taken for another, and a clock that is wrong by hours."""
MAX_DURATION_MS = 24 * 60 * 60 * 1000
TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
VERSION_PATTERN = re.compile(r"(\d{1,4}(?:\.\d{1,4}){1,3})(?:(?:a|b|rc|\.dev|\.post)\d{1,4})?", re.ASCII)

SignatureState = Literal["absent", "unverified", "valid", "broken"]
"""There is none; nobody gave the keys; it is of the trainee's key and these bytes; it is not."""


class SignatureVerifier:
    """Verifies signatures with the class's keys; without any, only what can be no signature is broken."""

    def __init__(self, keys: Sequence[TraineeKey] = ()) -> None:
        self.keys = {fold_name(key.trainee): key for key in keys}
        self.seen: dict[str, bytes] = {}
        self.copied: set[str] = set()

    def verify(self, report: Report, raw: bytes, trainee: str) -> SignatureState:
        """Verify the signature in *raw*, the bytes of *report*; remember it, to know a copy of it again."""
        mac = signature.get_mac(report)
        if mac is None:
            return "absent"
        if not signature.is_mac(mac):
            return "broken"
        digest = blake2b(raw, digest_size=16).digest()
        if self.seen.setdefault(mac, digest) != digest:
            self.copied.add(mac)
        if not self.keys:
            return "unverified"
        key = self.keys.get(fold_name(trainee))
        return "valid" if key and signature.has_valid_signature(report, raw, key) else "broken"


def find_forgery_flags(report: Report, traces: frozenset[int], now: datetime) -> Iterator[Flag]:
    """Yield what cannot be, the signature apart."""
    if parse_time(report.started_at, now) is None or not are_durations_possible(report):
        yield "impossible-time"
    if any(key.partition(" ")[0] != seen.kind for key, seen in report.observations.items()):
        yield "wrong-kind"
    if not is_known_version(report.dckgrade):
        yield "unknown-version"
    if traces & load_published_traces():
        yield "published"


def parse_time(text: str, now: datetime) -> datetime | None:
    """Return the time if a run of dckgrade can have begun then; None for any other text."""
    try:
        found = datetime.fromisoformat(text) if TIME_PATTERN.fullmatch(text) else None
    except ValueError:
        return None
    return found if found and EARLIEST <= found <= now + CLOCK_TOLERANCE else None


def are_durations_possible(report: Report) -> bool:
    """Return whether all took some time, and no longer than a day."""
    durations = [report.duration_ms, *(seen.duration_ms for seen in report.observations.values())]
    durations += [check.duration_ms for check in report.checks]
    return all(0 <= duration <= MAX_DURATION_MS for duration in durations)


def is_known_version(text: str) -> bool:
    """Return whether it is a version of dckgrade up to this one: what came after it is not known here."""
    found, ours = VERSION_PATTERN.fullmatch(text), VERSION_PATTERN.match(__version__)
    return bool(found and ours and split_version(found[1]) <= split_version(ours[1]))


def split_version(text: str) -> list[int]:
    """Return the numbers of a version, without zeros at its end."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


@cache
def load_published_traces() -> frozenset[int]:
    """Load what `fixtures/published.py` has written."""
    raw = PUBLISHED_PATH.read_bytes()
    return frozenset(
        int.from_bytes(raw[at : at + DIGEST_BYTES], "big") for at in range(0, len(raw), DIGEST_BYTES)
    )


def encode_published_traces(reports: Sequence[Report]) -> bytes:
    """Encode the traces by which *reports* are known again, by their moment where there is nothing else."""
    traces = {
        trace
        for report in reports
        for trace in list(compute_lasting_traces(report)) or [compute_moment_trace(report)]
    }
    return b"".join(trace.to_bytes(DIGEST_BYTES, "big") for trace in sorted(traces))
