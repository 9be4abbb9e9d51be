"""Build reports of invented trainees from the recordings of the labs' cases, and classes of them."""

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from dckgrade.classroom.forgeries import SignatureVerifier
from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.classroom.submissions import Submission
from dckgrade.classroom.traces import find_identity_values
from dckgrade.report import codec
from dckgrade.report.class_report import ClassReport, ClassRow
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.report import Report
from dckgrade.report.signature import TraineeKey
from tests.support.built_in_labs import load_built_in_lab

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def read_recorded_report(lab: str, case: str) -> Report:
    """Read one recording."""
    path = next(FIXTURES.glob(f"{lab}/**/{case}/recording.json"), None) or next(
        FIXTURES.glob(f"{lab}/{case}/recording.json")
    )
    return codec.from_json(path.read_bytes(), case)


def make_trainee_report(
    trainee: str | None, lab: str = "tp5", case: str = "solution", *, at: str = "2026-11-24T10:00:00Z"
) -> Report:
    """Make a report of *trainee* on an engine of their own, graded by the lab as it is today."""
    report = read_recorded_report(lab, case)
    dice = random.Random(f"{trainee} {at}")  # noqa: S311 - to tell engines apart, not to keep a secret
    facts = [seen.facts for seen in report.observations.values() if isinstance(seen, Seen)]
    written = msgspec.json.encode(report.observations)
    for identity in sorted(set(find_identity_values(facts))):
        written = written.replace(identity.encode(), make_identity(dice, len(identity)).encode())
    seen = msgspec.json.decode(written, type=dict[str, Observation])
    return replace(
        report,
        trainee=trainee,
        started_at=at,
        observations={name: vary_duration(found, dice) for name, found in seen.items()},
        lab=replace(report.lab, digest=load_built_in_lab(lab).digest),
    )


def make_identity(dice: random.Random, length: int) -> str:
    """Make an id as engines do: Swarm's are of 25 digits and letters, all others hexadecimal."""
    return "".join(dice.choice("0123456789abcdef") for _ in range(length))


def vary_duration(seen: Observation, dice: random.Random) -> Observation:
    """Have it take about as long on another engine."""
    return replace(seen, duration_ms=round(seen.duration_ms * dice.uniform(0.8, 1.2)))


def encode_report(report: Report) -> bytes:
    """Write a report as a trainee hands it in."""
    return codec.to_json(report)


NAMES: Sequence[str] = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")


def make_submission(report: Report | bytes, within: str = "") -> Submission:
    content = report if isinstance(report, bytes) else encode_report(report)
    name = within or f"{random.random()}.json"  # noqa: S311
    return Submission(source=f"class/{name}", path_within=name, raw=content)


def gather_class(
    *reports: Report | bytes | Submission,
    roster: Roster | None = None,
    keys: Sequence[TraineeKey] = (),
    **terms: Any,
) -> ClassReport:
    made = GatheredClass(
        GatherOptions(**{"lang": "en", **terms}), roster or Roster(), SignatureVerifier(keys)
    )
    for report in reports:
        made.add_submission(report if isinstance(report, Submission) else make_submission(report))
    return made.make_class_report()


def find_row(report: ClassReport, trainee: str) -> ClassRow:
    return next(row for row in report.rows if row.trainee == trainee)
