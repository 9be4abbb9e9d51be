"""Have a hostile archive or folder collected, and tell what is not as it should be."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.classroom.submissions import read_submissions
from tests.support.hostile_archives import Shape

MAX_CPU_S = 2.0
MAX_ROWS = 5_100


class Outcome(NamedTuple):
    """What came of it."""

    kept: set[str]
    rows: list[str]
    """The reasons."""
    cpu_s: float


def try_shape(shape: Shape, folder: Path) -> Outcome:
    """Have it collected."""
    path = folder / shape.file
    content = shape.build()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        for name, raw in content.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(raw)
    gathered = GatheredClass(GatherOptions(lang="en"), Roster())
    begun = time.process_time()
    for submission in read_submissions([path]):
        gathered.add_submission(submission)
    report = gathered.make_class_report()
    cpu_s = time.process_time() - begun
    kept = {row.trainee for row in report.rows}
    return Outcome(kept, [refused.reason for refused in report.refused], cpu_s)


def find_failures(shape: Shape, outcome: Outcome) -> Iterator[str]:
    """Yield what is not as it should be."""
    if outcome.kept != shape.kept:
        yield f"kept {sorted(outcome.kept)}, not {sorted(shape.kept)}"
    if bool(outcome.rows) != shape.is_told:
        yield "told nothing" if shape.is_told else f"told {outcome.rows[0]}"
    if len(outcome.rows) > MAX_ROWS:
        yield f"{len(outcome.rows)} rows"
    if outcome.cpu_s > MAX_CPU_S:
        yield f"{outcome.cpu_s:.1f} s of CPU"
