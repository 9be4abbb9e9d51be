"""What the class report says, `dckgrade-class/1`: every form of it reads this document and no more."""

from typing import Literal

from msgspec import Struct, field

from dckgrade.i18n import Lang
from dckgrade.report.result import Score, Verdict

CLASS_SCHEMA: Literal["dckgrade-class/1"] = "dckgrade-class/1"

Trust = Literal["declared", "corroborated", "observed"]
"""The trainee says so; the trainee's own key signed it and nobody shares it; the trainer looked."""

Flag = Literal[
    "copy",
    "same-engine",
    "other-lab",
    "claimed-otherwise",
    "incomplete",
    "name-differs",
    "no-name",
    "unreached",
    "bad-signature",
    "published",
    "impossible-time",
    "wrong-kind",
    "unknown-version",
]
"""Worth a look: shares what cannot be shared by chance; has an engine in common; graded by another lab file;
claims another score than its recording; cut off by a deadline; written under another name than handed in;
says no name, so that its folder or file does; the engine was not reached. And what cannot be as it says: a
signature that is not of these bytes and the trainee's key; a recording that we publish; a time; observations
that are not of their kind; a version of dckgrade that is not known here."""


class PastAttempt(Struct, frozen=True, kw_only=True):
    """An attempt that does not count, kept as history."""

    source: str
    started_at: str
    score: Score


class Stuck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a trainee is stuck in a lab: the first check that fails and follows from no other."""

    check: str
    code: str = ""
    """Of the mistake; empty where it has no name."""
    since: str = ""
    """When it was first seen not to pass, without a pass since; empty where the reports tell no time."""
    minutes: int = 0
    """From then to the newest report of the class."""
    attempts: int = 1
    """In how many reports it was seen not to pass since then."""


class ClassCell(Struct, frozen=True, kw_only=True):
    """One trainee in one lab: the attempt that counts."""

    score: Score
    source: str
    started_at: str
    trust: Trust
    verdicts: dict[str, Verdict]
    mistakes: dict[str, str]
    """Codes, by check."""
    stuck: Stuck | None = None
    """None where nothing fails."""
    flags: list[Flag] = field(default_factory=list)
    unreached: str = ""
    """Why nothing could be seen of the engine; empty where it was reached."""
    shared_with: list[str] = field(default_factory=list)
    """The trainees with whom it shares what two cannot have in common by chance."""
    history: list[PastAttempt] = field(default_factory=list)
    """The other attempts, oldest first."""


class ClassRow(Struct, frozen=True, kw_only=True):
    """One trainee."""

    trainee: str
    surname: str = ""
    """As the roster has it, part of *trainee*; empty where it does not."""
    email: str = ""
    username: str = ""
    id_number: str = ""
    expected: bool = True
    """The roster has them, or there is none."""
    cells: dict[str, ClassCell]
    """By lab; one that was not handed in is not there."""
    score: Score


class ClassCheck(Struct, frozen=True, kw_only=True):
    """One check over the whole class."""

    id: str
    title: str
    points: int
    counts: dict[Verdict, int]
    suspicious: Literal["nobody-passes", "everybody-passes"] | None = None
    """Too few to tell below five trainees."""


class MistakeVariant(Struct, frozen=True, kw_only=True):
    """What is said of a mistake with some of its trainees: a name, a port, a program's own words."""

    message: str
    trainees: list[str]


class SharedMistake(Struct, frozen=True, kw_only=True):
    """A mistake, and who has it to mend: what to explain on the board next."""

    code: str
    lab: str
    check: str
    message: str
    """As the lab writes it; what it names of each trainee is left blank, and stands in *variants*."""
    hint: str
    why: str = ""
    look: str = ""
    source: str = ""
    """Why, look and source as `dckgrade explain` has them: the concept, how to look, the documentation."""
    trainees: list[str]
    variants: list[MistakeVariant] = field(default_factory=list)
    """The most shared first."""


class ClassLab(Struct, frozen=True, kw_only=True):
    """One lab over the whole class."""

    id: str
    title: str
    possible: int
    handed_in: int
    average: float | None
    """Points earned, over those who handed in."""
    checks: list[ClassCheck]


class RefusedFile(Struct, frozen=True, kw_only=True):
    """A file that is no report of this class, and why."""

    source: str
    reason: str


class ClassReport(Struct, frozen=True, kw_only=True):
    """A class: labs across, trainees down."""

    schema: Literal["dckgrade-class/1"] = CLASS_SCHEMA
    dckgrade: str
    lang: Lang
    labs: list[ClassLab]
    rows: list[ClassRow]
    mistakes: list[SharedMistake]
    """The most shared first."""
    refused: list[RefusedFile]
    reports: int
    """How many were read, those that do not count too."""
