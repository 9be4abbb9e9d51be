"""The parts of a lab as types: inputs, checks that observe and expect, diagnoses that name the mistake."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from dckgrade.lab.any_probe import AnyProbe
from dckgrade.lab.inputs import INPUT_NAME_PATTERN, InputType
from dckgrade.lab.matchers import Expect, FactReference, iter_fact_references
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Probe, Strict
from dckgrade.report.text import Text
from dckgrade.typography import typeset

LabId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,31}$")]
InputName = Annotated[str, Meta(pattern=INPUT_NAME_PATTERN)]
CheckId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,47}$")]
MistakeCode = Annotated[str, Meta(pattern="^[A-Z]{2,4}-[0-9]{2}$")]
MistakeName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,47}$")]
Duration = Annotated[str, Meta(pattern="^[1-9][0-9]{0,3}(ms|s|m)$")]
Points = Annotated[int, Meta(ge=0, le=100)]
DocumentationUrl = Annotated[
    str, Meta(pattern="^https?://[A-Za-z0-9][A-Za-z0-9.-]*/[A-Za-z0-9/._~%#?=&+-]*$", max_length=300)
]
"""A page of documentation. It becomes a link: only http(s), and no character with a meaning in HTML."""

Markdown = Annotated[str, Meta(pattern=r"\S", max_length=12_000)]
"""CommonMark and tables. Headings begin at `##`, below the lab's title; HTML is shown as typed."""

Condition = Expect | Literal["absent"]
"""Matchers of the facts, or `absent`: the thing that was looked for is not there."""
Conditions = Annotated[list[Expect], Meta(min_length=1, max_length=20)]

PLACEHOLDER_PATTERN = compile_lazily(r"\{([a-z_]+)\}")
"""In a text, `{fact}` stands for the value of the check's fact, else of one that is looked at `also`."""

QUOTATION_FACTS = ("program", "text", "place")
"""Facts of a kind that a diagnosis can quote from."""


class Input(Strict, frozen=True, kw_only=True):
    """One thing that the lab asks of its user, as an option, a variable or a setting."""

    # Runs read it by `lab.inputs`, which needs nothing else of the lab and is light enough for help.

    name: InputName
    """`grafana-password` is the option `--grafana-password` and the variable `DCKGRADE_GRAFANA_PASSWORD`."""
    type: InputType
    """Which values it takes; a secret comes by option or variable alone, and is never shown or kept."""
    help: Text
    default: Annotated[str, Meta(min_length=1, max_length=200)] | Annotated[int, Meta(ge=0)] | None = None


class FurtherObservation(Strict, frozen=True, kw_only=True):
    """
    A further observation, and what must be seen of it.

    One that a diagnosis needs is made only once the rest of the diagnosis fits.
    """

    observe: AnyProbe
    when: Condition


class Diagnosis(Strict, frozen=True, kw_only=True):
    """
    A mistake that is known by name.

    It is written in full once in a lab. Elsewhere in the same lab `code` alone refers to it, so that a
    mistake which several checks can meet has its texts in one place.
    """

    code: MistakeCode
    name: MistakeName | None = None
    when: Condition | Conditions | None = None
    """What must be observed; of a list of conditions, one is enough."""
    also: Annotated[list[FurtherObservation], Meta(max_length=5)] = field(default_factory=list)
    message: Text | None = None
    hint: Text | None = None
    """Where to look; never the answer."""
    why: Text | None = None
    """The concept: why this happens at all."""
    look: Text | None = None
    """How to look for oneself: what to ask of the machine, and what to read in its answer."""
    source: DocumentationUrl | None = None
    """Where the documentation is."""
    blocks: bool = True
    """False: what requires this check can still be judged (a wrong name prevents nothing else)."""
    transient: bool = False
    """True: it may pass by itself within the check's budget; any other mistake ends the wait at once."""
    quotes: bool = False
    """True: the program's own words follow, from the facts `program`, `text` and `place`."""
    verdict: Literal["failed", "unknown"] = "failed"
    """unknown: a limit of the machine, not a mistake; the points stay undecided."""

    def list_conditions(self) -> list[Condition]:
        """List the conditions on its check's own facts; one is enough."""
        written = self.when if isinstance(self.when, list) else [self.when]
        return [condition for condition in written if condition is not None]

    def list_probes(self) -> list[Probe]:
        """List what is observed for it: what it looks at too, and what facts are compared with."""
        conditions = [*self.list_conditions(), *(also.when for also in self.also)]
        return [*(also.observe for also in self.also), *list_compared_probes(conditions)]


Diagnoses = Annotated[list[Diagnosis], Meta(max_length=50)]


class Check(Strict, frozen=True, kw_only=True):
    """One thing that must hold, and what it is worth."""

    id: CheckId
    title: Text
    points: Points
    observe: AnyProbe
    expect: Expect
    requires: Annotated[list[CheckId], Meta(max_length=20)] = field(default_factory=list)
    settled_by: Annotated[list[FurtherObservation], Meta(max_length=5)] = field(default_factory=list)
    """
    The effect, where it is more than `expect` demands: where all of this is seen the check passes, whatever
    else is seen, and whatever became of the checks that it requires.
    """
    within: Duration | None = None
    """How long after the container's own start this may take; polled until it holds or the time is up."""
    diagnoses: Diagnoses = field(default_factory=list)
    """The first that fits names the mistake."""
    remarks: Diagnoses = field(default_factory=list)
    """Worth saying although the check passed."""

    @property
    def within_s(self) -> float:
        """The waiting budget in seconds; 0 without one."""
        return parse_duration_s(self.within) if self.within else 0.0

    @property
    def is_passive(self) -> bool:
        """Whether it only reads: its own observation, and those that it is compared with."""
        return self.observe.passive and all(probe.passive for probe in list_compared_probes([self.expect]))

    def list_probes(self) -> list[Probe]:
        """List what is observed to judge it: its own observation, those that settle it, those compared."""
        effects = self.settled_by
        compared = list_compared_probes([self.expect, *(effect.when for effect in effects)])
        return [self.observe, *(effect.observe for effect in effects), *compared]


class Sheet(Strict, frozen=True, kw_only=True):
    """What the trainee is asked to do, in Markdown: what is wanted, never how. Both languages are needed."""

    fr: Markdown
    en: Markdown

    def in_language(self, lang: str) -> str:
        """Return the Markdown in *lang*, typeset."""
        return self.en if lang == "en" else typeset(self.fr, "fr")


class Lab(Strict, frozen=True, kw_only=True, dict=True):
    """A lab: the content of `checks/<id>.yaml`."""

    version: Literal[1]
    id: LabId
    title: Text
    inputs: Annotated[list[Input], Meta(max_length=20)] = field(default_factory=list)
    checks: Annotated[list[Check], Meta(min_length=1, max_length=100)]
    sheet: Sheet | None = None
    """Shown by `dckgrade sheet`, and folded in the report's page; best at the end of the file."""

    def find_diagnosis(self, code: str) -> Diagnosis | None:
        """Return the diagnosis that is written in full under *code*."""
        return self.written_diagnoses.get(code)

    @cached_property
    def written_diagnoses(self) -> dict[str, Diagnosis]:
        """The diagnoses by their code, each where it is written in full."""
        written = [diagnosis for diagnosis in self.list_diagnoses() if diagnosis.message]
        # Lint refuses a code that is written twice; until then the first counts.
        return {diagnosis.code: diagnosis for diagnosis in reversed(written)}

    def list_diagnoses(self) -> list[Diagnosis]:
        """List every diagnosis and remark, references too, in the order of the file."""
        return [diagnosis for check in self.checks for diagnosis in (*check.diagnoses, *check.remarks)]

    def list_probes(self) -> list[Probe]:
        """List the probes of the checks, then those that diagnoses look at too."""
        further = (probe for diagnosis in self.list_diagnoses() for probe in diagnosis.list_probes())
        return [*(probe for check in self.checks for probe in check.list_probes()), *further]


class LoadedLab(Struct, frozen=True):
    """A lab that was checked, and the digest of the bytes that it was read from."""

    lab: Lab
    digest: str
    path: Path


def list_compared_probes(conditions: Iterable[Condition]) -> list[Probe]:
    """List the observations that the facts of *conditions* are compared with."""
    return [reference.observe for condition in conditions for reference in iter_references(condition)]


def iter_references(condition: Condition) -> Iterator[FactReference]:
    """Yield the facts of other observations that *condition* compares with."""
    return iter(()) if isinstance(condition, str) else iter_fact_references(condition)


def parse_duration_s(duration: str) -> float:
    """Return the seconds of `500ms`, `20s` or `2m`."""
    number = int(duration.rstrip("ms"))
    return (
        number / 1000
        if duration.endswith("ms")
        else number * 60.0
        if duration.endswith("m")
        else float(number)
    )
