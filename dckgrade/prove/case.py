"""A folder of `fixtures/` → a case: what a trainee would type, and what the report must then say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from dckgrade.lab.spec import CheckId, Code, Duration, seconds
from dckgrade.lab.strict_yaml import read
from dckgrade.report import Report
from dckgrade.strict import Strict
from dckgrade.verdict import Line, Verdict

Named = dict[CheckId, Code | None]
"""Check → the code that must be named for it; null: none has a name for this."""


class Expectation(Strict, frozen=True, kw_only=True):
    """What `expect.yaml` says; every check that it does not name must pass."""

    failed: Named = field(default_factory=dict)
    blocked: list[CheckId] = field(default_factory=list)
    unknown: Named = field(default_factory=dict)
    remarks: dict[CheckId, Code] = field(default_factory=dict)
    timeout: Duration | None = None
    """The run's own deadline, for a state in which waiting would take minutes."""
    reason: Annotated[str, Meta(min_length=1)] | None = None
    """Why no engine of ours can be put into this state: such a case is hand-made and never applied."""

    @property
    def timeout_s(self) -> float:
        """Give the deadline in seconds."""
        return seconds(self.timeout) if self.timeout else 90.0


class Case(Struct, frozen=True):
    """One state of an engine: the solution of a lab, or one mistake."""

    lab: str
    name: str
    folder: Path
    expectation: Expectation

    @property
    def live(self) -> bool:
        """Say whether an engine can be put into this state."""
        return self.expectation.reason is None

    @property
    def recording(self) -> Path:
        """Say where the report of a real engine in this state is kept."""
        return self.folder / "recording.json"


def cases(fixtures: Path, lab: str) -> Iterator[Case]:
    """List the cases of *lab*: the untouched engine and the solution first, then each mistake."""
    home = fixtures / lab
    for folder in (
        home / "untouched",
        home / "solution",
        *sorted(home.glob("mistakes/*")),
        *sorted(home.glob("handmade/*")),
    ):
        yield case(lab, folder)


def case(lab: str, folder: Path) -> Case:
    """Read one folder; without an `expect.yaml` every check must pass."""
    written = folder / "expect.yaml"
    data = read(written.read_bytes()).data if written.exists() else {}
    return Case(lab=lab, name=folder.name, folder=folder, expectation=msgspec.convert(data, Expectation))


def differences(expectation: Expectation, report: Report) -> list[str]:
    """Compare a report with what was expected; each difference is a sentence."""
    named = {Verdict.FAILED: expectation.failed, Verdict.UNKNOWN: expectation.unknown}
    wanted = {check: verdict for verdict, checks in named.items() for check in checks}
    wanted |= dict.fromkeys(expectation.blocked, Verdict.BLOCKED)
    codes: Named = {**expectation.failed, **expectation.unknown}
    found = []
    for line in report.checks:
        verdict = wanted.get(line.id, Verdict.PASSED)
        if line.verdict is not verdict:
            found.append(f"{line.id}: expected {verdict}, is {line.verdict} ({evidence(line)})")
        elif code(line) != codes.get(line.id):
            found.append(f"{line.id}: expected the mistake {codes.get(line.id)}, {code(line)} was named")
        remark = expectation.remarks.get(line.id)
        if [remark] * bool(remark) != [one.code for one in line.remarks]:
            found.append(f"{line.id}: expected the remark {remark}, are {[one.code for one in line.remarks]}")
    return found


def code(line: Line) -> str | None:
    """Give the code of the mistake that was named."""
    return line.diagnosis.code if line.diagnosis else None


def evidence(line: Line) -> str:
    """Give in short why *line* is what it is."""
    misses = [f"{miss.fact}={miss.found!r}" for miss in line.misses]
    return ", ".join([*misses, *line.blocked_by, *([line.reason.code] if line.reason else [])]) or "no miss"
