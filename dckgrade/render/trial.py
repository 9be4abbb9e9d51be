"""Build, encode and print what `dckgrade try` found: every fact, and which expectations hold."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.matchers import FactReference, iter_fact_references
from dckgrade.lab.model import Check
from dckgrade.lab.reference import describe_fields
from dckgrade.probes.base import observation_key
from dckgrade.probes.registry import find_kind
from dckgrade.render.text import console as on_console
from dckgrade.render.text import messages
from dckgrade.render.text.mismatches import Observed, capitalize_first, is_about_list
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.render.text.values import MAX_VALUE_CHARS, describe_wanted, format_lab_value
from dckgrade.report.codec import encode_document
from dckgrade.report.observation import Absent, EngineInfo, Observation, Seen, Unobservable
from dckgrade.report.report import Report
from dckgrade.report.result import CheckResult, Reason, Verdict

TRIAL_SCHEMA: Literal["dckgrade-trial/1"] = "dckgrade-trial/1"


MIN_TABLE_COLUMNS = 70
"""On a narrower terminal, facts are listed below one another, not in a table."""


class TrialFact(Struct, frozen=True, kw_only=True):
    """One fact of the kind that was looked at."""

    name: str
    type: str
    about: str
    value: Any | UnsetType = UNSET
    """What was seen; left out where nothing was."""


class TrialExpectation(Struct, frozen=True, kw_only=True):
    """One expectation of the check."""

    fact: str
    wanted: Any
    """As labs write it."""
    holds: bool | None
    """Null where nothing was seen."""


class ComparedFact(Struct, frozen=True, kw_only=True):
    """A fact of another observation, with which the check compares one of its own."""

    observe: dict[str, Any]
    """The kind and its parameters, as labs write them."""
    fact: str
    observation: Observation | None
    """What was seen there; null where it was not looked at."""
    value: Any | UnsetType = UNSET
    """What was seen of the fact; left out where nothing was."""


class Trial(Struct, frozen=True, kw_only=True):
    """What `dckgrade try` found; the JSON document."""

    schema: Literal["dckgrade-trial/1"] = TRIAL_SCHEMA
    engine: EngineInfo
    observe: dict[str, Any]
    """The kind and its parameters, as labs write them."""
    about: str
    """What the kind does."""
    observation: Observation
    facts: list[TrialFact]
    demands: list[TrialExpectation]
    compared: list[ComparedFact]
    check: CheckResult | None
    """What a report would say; null for a probe that no lab asks for."""


def build_trial(check: Check, report: Report, *, of_a_lab: bool) -> Trial:
    """Build the trial of *check* from its *report*."""
    observation = report.observations[observation_key(check.observe)]
    facts = observation.facts if isinstance(observation, Seen) else None
    (judged,) = (result for result in report.checks if result.id == check.id)
    mismatched = {mismatch.fact for mismatch in judged.misses}
    return Trial(
        engine=report.engine,
        observe=msgspec.to_builtins(check.observe),
        about=" ".join((type(check.observe).__doc__ or "").split()),
        observation=observation,
        facts=[
            TrialFact(
                name=fact.name,
                type=fact.type,
                about=fact.about,
                value=UNSET if facts is None else facts[fact.name],
            )
            for fact in describe_fields(check.observe.facts)
        ],
        demands=[
            TrialExpectation(
                fact=name,
                wanted=msgspec.to_builtins(matcher),
                holds=None if facts is None else name not in mismatched,
            )
            for name, matcher in check.expect.items()
        ],
        compared=[
            describe_compared_fact(reference, report) for reference in iter_fact_references(check.expect)
        ],
        check=judged if of_a_lab else None,
    )


def describe_compared_fact(reference: FactReference, report: Report) -> ComparedFact:
    """Describe what was seen of a fact of another observation."""
    seen = report.observations.get(observation_key(reference.observe))
    return ComparedFact(
        observe=msgspec.to_builtins(reference.observe),
        fact=reference.fact,
        observation=seen,
        value=seen.facts.get(reference.fact, UNSET) if isinstance(seen, Seen) else UNSET,
    )


def encode_trial(trial: Trial) -> bytes:
    """Encode it as one JSON document."""
    return encode_document(trial)


def format_fact_value(fact: TrialFact | ComparedFact) -> str:
    """Format a value as a lab writes it, to be copied into one."""
    match fact.value:
        case UnsetType():
            return ""
        case list() as found:
            return sanitize_line(f"[{format_lab_value(found)}]", MAX_VALUE_CHARS)
        case found:
            return sanitize_line(format_lab_value(found), MAX_VALUE_CHARS) or '""'


def describe_fact(fact: TrialFact) -> str:
    """Name a fact's type, and what it is."""
    return f"{fact.type}. {fact.about}" if fact.about else fact.type


def format_probe(observe: dict[str, Any]) -> str:
    """Format a probe as a lab writes it."""
    return f"observe: {{{', '.join(f'{name}: {value}' for name, value in observe.items())}}}"


def describe_observed(found: Trial | ComparedFact, lang: str) -> Observed:
    """Return what was looked at, as it is told."""
    return Observed(
        lang=lang,
        kind=find_kind(found.observe["kind"]),
        parameters={name: str(value) for name, value in found.observe.items() if name != "kind"},
        facts=found.observation.facts if isinstance(found.observation, Seen) else {},
    )


class TrialRenderable:
    """A trial to be printed."""

    def __init__(self, found: Trial, report: Report) -> None:
        self.trial, self.report = found, report
        self.lang, self.translate = report.lang, get_translator(report.lang)
        self.observed = describe_observed(found, report.lang)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.encoding, self.width = options.encoding, options.max_width
        yield from on_console.lay_out_parts(self.lay_out(), console, options)

    def make_text(self, text: str, style: str = "") -> Text:
        """Make a text safe to print."""
        return on_console.make_console_text(text, self.lang, self.encoding, style)

    def lay_out(self) -> Iterator[RenderableType]:
        """Lay out the engine, the probe, the facts, the expectations, and what a report would say."""
        yield self.make_text(
            messages.add_label(
                self.translate(messages.REPORT_LABELS["engine"]),
                messages.describe_engine(self.report),
                self.lang,
            )
        )
        yield self.make_text(format_probe(self.trial.observe), "bold")
        yield self.make_text(self.trial.about, "dim")
        yield from self.explain_no_values(self.trial.observation, self.observed)
        yield Text()
        yield self.make_heading(N_("Facts: what a check can test"))
        yield Padding(self.lay_out_facts(), (0, 0, 0, 2))
        if self.trial.demands:
            yield Text()
            yield self.make_heading(N_("What the check expects"))
            yield Padding(self.build_expectations_table(), (0, 0, 0, 2))
        for compared in self.trial.compared:
            yield Text()
            yield self.make_heading(N_("What it is compared with"))
            yield Padding(Group(*self.describe_compared(compared)), (0, 0, 0, 2))
        yield from self.describe_verdict()

    def make_heading(self, text: str) -> Text:
        """Make a heading."""
        return self.make_text(self.translate(text), "bold underline")

    def describe_compared(self, compared: ComparedFact) -> Iterator[Text]:
        """Describe a fact of another observation: where it is from, and its value, or why there is none."""
        yield self.make_text(format_probe(compared.observe), "bold")
        yield from self.explain_no_values(compared.observation, describe_observed(compared, self.lang))
        if compared.value is not UNSET:
            yield self.make_text(f"{compared.fact} ") + self.make_text(format_fact_value(compared), "cyan")

    def explain_no_values(self, observation: Observation | None, observed: Observed) -> Iterator[Text]:
        """Explain why there are no values, where there are none."""
        match observation:
            case Seen() | None:
                return
            case Unobservable() as unseen:
                reason = Reason(code=unseen.why, detail=unseen.detail)
                yield self.make_text(messages.describe_reason(reason, self.lang), "magenta")
            case Absent():
                absence = observed.describe_absence()
                yield self.make_text(capitalize_first(absence), "bold red")

    def lay_out_facts(self) -> RenderableType:
        """Lay out name, value and description of each fact; below one another on a narrow terminal."""
        rows = [
            (
                self.make_text(fact.name),
                self.make_text(format_fact_value(fact), "cyan"),
                self.make_text(describe_fact(fact), "dim"),
            )
            for fact in self.trial.facts
        ]
        if self.width < MIN_TABLE_COLUMNS:
            return Group(*(part for name, value, about in rows for part in (name + " " + value, about)))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(max_width=40)
        table.add_column()
        for row in rows:
            table.add_row(*row)
        return table

    def build_expectations_table(self) -> Table:
        """Build the table of the expectations, a line for each."""
        marks = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}
        table = Table.grid(padding=(0, 1))
        for expectation in self.trial.demands:
            speech = self.observed.get_speech(expectation.fact, of_list=is_about_list(expectation.wanted))
            text = f"{expectation.fact}: {describe_wanted(expectation.wanted, speech)}"
            table.add_row(
                self.make_text(messages.VERDICT_SYMBOLS[marks[expectation.holds]]), self.make_text(text)
            )
        return table

    def describe_verdict(self) -> Iterator[Text]:
        """Describe the verdict, and the mistakes that are named."""
        if result := self.trial.check:
            yield Text()
            yield self.make_text(
                messages.add_label(
                    result.title, messages.translate_verdict(result.verdict, self.lang), self.lang
                ),
                "bold",
            )
            for mistake in (*([result.diagnosis] if result.diagnosis else []), *result.remarks):
                yield self.make_text(f"{mistake.code}: {mistake.message}")
