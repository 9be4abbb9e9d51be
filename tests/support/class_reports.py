"""Build reports of invented trainees from the recordings of the labs' cases, and classes of them."""

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace

from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.classroom.submissions import Submission
from dckgrade.report import codec
from dckgrade.report.class_report import ClassReport, ClassRow
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.report import Report
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab


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
    seen = {name: replace_engine_id(observation, dice) for name, observation in report.observations.items()}
    today = replace(report.lab, digest=load_built_in_lab(lab).digest)
    return replace(report, trainee=trainee, started_at=at, observations=seen, lab=today)


def replace_engine_id(seen: Observation, dice: random.Random) -> Observation:
    """Give it the ids of another engine."""
    if isinstance(seen, Seen) and "id" in seen.facts:
        return replace(seen, facts=seen.facts | {"id": f"{dice.getrandbits(256):064x}"})
    return seen


def encode_report(report: Report) -> bytes:
    """Write a report as a trainee hands it in."""
    return codec.to_json(report)


NAMES: Sequence[str] = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")


def make_submission(report: Report | bytes, within: str = "") -> Submission:
    content = report if isinstance(report, bytes) else encode_report(report)
    name = within or f"{random.random()}.json"  # noqa: S311
    return Submission(source=f"class/{name}", path_within=name, raw=content)


def gather_class(
    *reports: Report | bytes | Submission, roster: Roster | None = None, **terms: Any
) -> ClassReport:
    made = GatheredClass(GatherOptions(lang="en", **terms), roster or Roster())
    for report in reports:
        made.add_submission(report if isinstance(report, Submission) else make_submission(report))
    return made.make_class_report()


def find_row(report: ClassReport, trainee: str) -> ClassRow:
    return next(row for row in report.rows if row.trainee == trainee)
