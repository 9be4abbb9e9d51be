"""Build, encode and print what `dckgrade try` found: every fact, and which expectations hold."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from dckgrade.i18n import N_, get_translator
from dckgrade.lab.matchers import FactReference, iter_fact_references
from dckgrade.lab.model import Check
from dckgrade.lab.reference import describe_fields
from dckgrade.probes.base import observation_key
from dckgrade.probes.registry import find_kind
from dckgrade.render.text import messages
from dckgrade.render.text.layout import EMPTY_LINE, Block, Grid, Indented, Line, Page, Stack, TextBlock
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
MAX_VALUE_COLUMNS = 40


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


def render_trial(found: Trial, report: Report) -> Block:
    """Render what was found."""
    return Stack(list(TrialLayout(found, report).lay_out()))


class TrialLayout:
    """The parts of a trial."""

    def __init__(self, found: Trial, report: Report) -> None:
        self.trial, self.report = found, report
        self.lang, self.translate = report.lang, get_translator(report.lang)
        self.observed = describe_observed(found, report.lang)

    def make_text(self, text: str, style: str = "") -> TextBlock:
        """Make a text in the language of the report."""
        return TextBlock(text, self.lang, style)

    def lay_out(self) -> Iterator[Block]:
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
        yield EMPTY_LINE
        yield self.make_heading(N_("Facts: what a check can test"))
        yield Indented(self.build_facts_table(), 2)
        if self.trial.demands:
            yield EMPTY_LINE
            yield self.make_heading(N_("What the check expects"))
            yield Indented(self.build_expectations_table(), 2)
        for compared in self.trial.compared:
            yield EMPTY_LINE
            yield self.make_heading(N_("What it is compared with"))
            yield Indented(Stack(list(self.describe_compared(compared))), 2)
        yield from self.describe_verdict()

    def make_heading(self, text: str) -> TextBlock:
        """Make a heading."""
        return self.make_text(self.translate(text), "bold underline")

    def describe_compared(self, compared: ComparedFact) -> Iterator[Block]:
        """Describe a fact of another observation: where it is from, and its value, or why there is none."""
        yield self.make_text(format_probe(compared.observe), "bold")
        yield from self.explain_no_values(compared.observation, describe_observed(compared, self.lang))
        if compared.value is not UNSET:
            value = self.make_text(format_fact_value(compared), "cyan")
            yield Grid([[self.make_text(compared.fact), value]], flexible=1)

    def explain_no_values(self, observation: Observation | None, observed: Observed) -> Iterator[Block]:
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

    def build_facts_table(self) -> Block:
        """Build the table of name, value and description of each fact."""
        rows = [
            (
                self.make_text(fact.name),
                self.make_text(format_fact_value(fact), "cyan"),
                self.make_text(describe_fact(fact), "dim"),
            )
            for fact in self.trial.facts
        ]
        return FactsTable(rows)

    def build_expectations_table(self) -> Block:
        """Build the table of the expectations, a line for each."""
        marks = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}
        rows = []
        for expectation in self.trial.demands:
            speech = self.observed.get_speech(expectation.fact, of_list=is_about_list(expectation.wanted))
            text = f"{expectation.fact}: {describe_wanted(expectation.wanted, speech)}"
            symbol = messages.VERDICT_SYMBOLS[marks[expectation.holds]]
            rows.append((self.make_text(symbol), self.make_text(text)))
        return Grid(rows, flexible=1)

    def describe_verdict(self) -> Iterator[Block]:
        """Describe the verdict, and the mistakes that are named."""
        if result := self.trial.check:
            yield EMPTY_LINE
            yield self.make_text(
                messages.add_label(
                    result.title, messages.translate_verdict(result.verdict, self.lang), self.lang
                ),
                "bold",
            )
            for mistake in (*([result.diagnosis] if result.diagnosis else []), *result.remarks):
                yield self.make_text(f"{mistake.code}: {mistake.message}")


class FactsTable(Block):
    """Name, value and description of facts; below one another on a narrow page."""

    def __init__(self, rows: Sequence[tuple[TextBlock, TextBlock, TextBlock]]) -> None:
        self.rows = rows

    def iter_lines(self, page: Page) -> Iterator[Line]:
        """Yield the lines of each fact."""
        if page.width >= MIN_TABLE_COLUMNS:
            return Grid(self.rows, flexible=2, gap=2, limits={1: MAX_VALUE_COLUMNS}).iter_lines(page)
        blocks = (
            block for name, value, about in self.rows for block in (Grid([(name, value)], flexible=1), about)
        )
        return Stack(list(blocks)).iter_lines(page)
