"""A case, a folder of `fixtures/`: what a trainee would type, and what the report must then say."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from dckgrade.i18n import N_, UserError
from dckgrade.lab.load import LabInvalid
from dckgrade.lab.model import CheckId, Duration, MistakeCode, parse_duration_s
from dckgrade.lab.problem import Problem
from dckgrade.lab.shape import find_type_problems
from dckgrade.lab.strict_yaml import NotStrict, parse_strict_yaml
from dckgrade.probes.base import Strict
from dckgrade.prove.engines.release import INSTALLED, RELEASES
from dckgrade.report.decode import convert_data
from dckgrade.report.result import CheckResult, Verdict

ExpectedCodes = dict[CheckId, MistakeCode | None]
"""Check → the code that must be named for it; null: none has a name for this."""
NonEmptyText = Annotated[str, Meta(min_length=1)]
RENAMED_KEYS = {"shelf": "pullable_images", "spent": "needs_fresh_engine"}
"""Keys of earlier versions → what they are called now."""


class CaseKind(StrEnum):
    """What a case is to its lab."""

    UNTOUCHED = "untouched"
    SOLUTION = "solution"
    VARIANT = "variant"
    MISTAKE = "mistake"
    HANDMADE = "handmade"


class Derivation(Strict, frozen=True, kw_only=True):
    """How the recording of a hand-made case is made of another's: some facts of one kind become null."""

    from_: str
    kind: str
    nulls: list[str]


class Expectation(Strict, frozen=True, kw_only=True):
    """What `expect.yaml` says; every check that it does not name must pass."""

    failed: ExpectedCodes = field(default_factory=dict)
    blocked: list[CheckId] = field(default_factory=list)
    unknown: ExpectedCodes = field(default_factory=dict)
    remarks: dict[CheckId, MistakeCode] = field(default_factory=dict)
    timeout: Duration | None = None
    """The run's own deadline, for a state in which waiting would take minutes."""
    needs_fresh_engine: bool = field(default=False, name="needs_fresh_engine")
    """The engine cannot be emptied afterwards: the next case needs another."""
    budget: dict[CheckId, Duration] = field(default_factory=dict)
    """Check → at most how long it is waited for, where another case waits for the check's whole `within`."""
    reason: NonEmptyText | None = None
    """Why no engine of ours can be put into this state: such a case is hand-made and never applied."""
    derived: Derivation | None = None

    @property
    def timeout_s(self) -> float:
        """The deadline in seconds."""
        return parse_duration_s(self.timeout) if self.timeout else 90.0

    def get_expected_result(self, check: str) -> tuple[Verdict, str | None]:
        """Return the verdict and the code expected of *check*."""
        if check in self.failed:
            return Verdict.FAILED, self.failed[check]
        if check in self.unknown:
            return Verdict.UNKNOWN, self.unknown[check]
        return (Verdict.BLOCKED if check in self.blocked else Verdict.PASSED), None


class Case(Struct, frozen=True):
    """One state of an engine: untouched, a solution of a lab, or one mistake."""

    lab: str
    name: str
    kind: CaseKind
    folder: Path
    expectation: Expectation

    @property
    def can_be_applied(self) -> bool:
        """Return whether an engine can be put into this state."""
        return self.kind is not CaseKind.HANDMADE

    @property
    def daemon_json(self) -> bytes | None:
        """Return the `daemon.json` with which its engine is started; None: the engine as it is."""
        path = self.folder / "daemon.json"
        return path.read_bytes() if path.exists() else None

    @property
    def recording_path(self) -> Path:
        """Where the report of a real engine in this state is kept."""
        return self.get_recording_path(INSTALLED.name)

    def get_recording_path(self, engine: str) -> Path:
        """Return where the report of *engine* in this state is kept: the name of one of our releases."""
        return self.folder / ("recording.json" if engine == INSTALLED.name else f"recording.{engine}.json")

    def list_other_recordings(self) -> dict[str, Path]:
        """List the reports of other engines in this state, by the engine's name."""
        paths = {name: self.get_recording_path(name) for name in RELEASES if name != INSTALLED.name}
        return {name: path for name, path in paths.items() if path.exists()}


class Waiver(Strict, frozen=True, kw_only=True):
    """One thing forgiven: a check that nothing kills or a code that nothing triggers, until a day."""

    of: str
    reason: NonEmptyText
    until: date


class EngineException(Strict, frozen=True, kw_only=True):
    """Cases that are not applied on some engines, which cannot be put into that state."""

    cases: Annotated[list[str], Meta(min_length=1)]
    engines: Annotated[list[str], Meta(min_length=1)]
    reason: NonEmptyText


class Replacement(Strict, frozen=True, kw_only=True):
    """An image that the cases name in the place of another, which cannot work on some engines."""

    image: NonEmptyText
    by: NonEmptyText
    engines: Annotated[list[str], Meta(min_length=1)]
    reason: NonEmptyText


class ProofSettings(Strict, frozen=True, kw_only=True):
    """What `fixtures/<lab>/proof.yaml` says: what the cases need, and what is forgiven."""

    images: list[str] = field(default_factory=list)
    pullable_images: list[str] = field(default_factory=list, name="pullable_images")
    """Images that an `apply.sh` loads itself: it is told where the archive of each lies."""
    engines: Annotated[int, Meta(ge=1, le=5)] = 1
    """How many a case needs, on one network; the first is graded, an `apply.sh` is told of the others."""
    guest: bool = False
    """The engine needs a kernel with AppArmor: it runs on a guest machine."""
    waivers: list[Waiver] = field(default_factory=list)
    exceptions: list[EngineException] = field(default_factory=list)
    replacements: list[Replacement] = field(default_factory=list)

    def find_replacements(self, engine: str) -> dict[str, str]:
        """Return the images that cannot work on *engine*, each with what is named in its place."""
        return {one.image: one.by for one in self.replacements if engine in one.engines}

    def find_excepted_cases(self, engine: str) -> dict[str, str]:
        """Return the cases that are not applied on *engine*, each with the reason."""
        return {
            case: exception.reason
            for exception in self.exceptions
            if engine in exception.engines
            for case in exception.cases
        }


def list_cases(fixtures: Path, lab: str) -> list[Case]:
    """List the cases of *lab*: untouched, solution, variants, then the mistakes."""
    home = fixtures / lab
    if not (home / "solution").is_dir():
        raise UserError(
            N_("{path} holds no solution of {lab}."),
            N_("Name the folder of the fixtures with --fixtures."),
            path=home,
            lab=lab,
        )
    listed = list(read_case_folders(home, lab))
    names = [case.name for case in listed]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(
            N_("Two cases of {lab} are called {name}; one of them hides the other."), lab=lab, name=twice
        )
    return listed


def read_case_folders(home: Path, lab: str) -> Iterator[Case]:
    """Read the folders of one lab."""
    yield read_case(lab, home / "untouched", CaseKind.UNTOUCHED)
    yield read_case(lab, home / "solution", CaseKind.SOLUTION)
    for kind, pattern in (
        (CaseKind.VARIANT, "variants/*"),
        (CaseKind.MISTAKE, "mistakes/*"),
        (CaseKind.HANDMADE, "handmade/*"),
    ):
        yield from (read_case(lab, folder, kind) for folder in sorted(home.glob(pattern)) if folder.is_dir())


def read_case(lab: str, folder: Path, kind: CaseKind) -> Case:
    """Read one folder; without an `expect.yaml` every check must pass."""
    return Case(lab, folder.name, kind, folder, read_yaml_or_default(folder / "expect.yaml", Expectation))


def read_proof_settings(fixtures: Path, lab: str) -> ProofSettings:
    """Read the terms on which *lab* is proven."""
    return read_yaml_or_default(fixtures / lab / "proof.yaml", ProofSettings)


T = TypeVar("T", Expectation, ProofSettings)


def read_yaml_or_default(path: Path, cls: type[T]) -> T:
    """Read a small file beside the cases, as strictly as a lab; one that is not there says nothing."""
    if not path.exists():
        return cls()
    raw = path.read_bytes()
    try:
        document = parse_strict_yaml(raw)
    except NotStrict as refused:
        raise LabInvalid(path, refused.problems, raw) from None
    try:
        return convert_data(document.data, cls)
    except msgspec.ValidationError as error:
        found = find_type_problems(document, cls) or [Problem((1, 1), "{error}", error=error)]
        for problem in found:
            if renamed := RENAMED_KEYS.get(str(problem.values.get("key"))):
                problem.values["near"] = renamed
        raise LabInvalid(path, found, raw) from None


def get_diagnosis_code(line: CheckResult) -> str | None:
    """Return the code of the mistake that was named."""
    return line.diagnosis.code if line.diagnosis else None
