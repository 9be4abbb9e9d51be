"""Find the diagnosis that fits a failed check, and what must still be observed to tell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from dckgrade.judge.comparison import holds_of, list_compared, list_untold
from dckgrade.judge.matching import matches_pattern
from dckgrade.lab.matchers import Matcher, Wanted
from dckgrade.lab.model import (
    PLACEHOLDER_PATTERN,
    QUOTATION_FACTS,
    Check,
    Condition,
    Diagnosis,
    Lab,
    iter_references,
)
from dckgrade.probes.base import Probe, kind_of
from dckgrade.report.observation import Absent, Observation, Recording, Seen
from dckgrade.report.result import NamedMistake, Quotation
from dckgrade.report.text import Text

MAX_FACT_CHARS, MAX_QUOTATION_CHARS = 160, 300
QUOTED_FACTS = {"log_tail": ("{name}", "docker logs {name}"), "error": ("Docker", "docker inspect {name}")}
"""The facts that hold a program's own words: who says them, and the command that shows them."""
_NO_ELEMENT = Text(fr="aucun", en="none")


def find_first_diagnosis(
    lab: Lab, check: Check, diagnoses: Sequence[Diagnosis], recording: Recording
) -> Diagnosis | None:
    """Find the first of *diagnoses* that fits what was seen; written in full."""
    return next(iter_fitting_diagnoses(lab, check, diagnoses, recording), None)


def iter_fitting_diagnoses(
    lab: Lab, check: Check, diagnoses: Sequence[Diagnosis], recording: Recording
) -> Iterator[Diagnosis]:
    """Find all of *diagnoses* that fit."""
    for full in resolve_references(lab, diagnoses):
        if matches_own_facts(full, check.observe, recording) and all(
            matches_condition(also.when, also.observe, recording) for also in full.also
        ):
            yield full


def iter_pending_probes(
    lab: Lab, check: Check, diagnoses: Sequence[Diagnosis], recording: Recording
) -> Iterator[Probe | None]:
    """Yield for each diagnosis that is not ruled out what must be looked at next; None for one that fits."""
    for full in resolve_references(lab, diagnoses):
        own = [
            condition
            for condition in full.list_conditions()
            if may_match(condition, check.observe, recording)
        ]
        if compared := next(iter_missing_probes(own, recording), None):
            yield compared
            continue
        if not matches_own_facts(full, check.observe, recording):
            continue
        for also in full.also:
            missing = [also.observe] if is_missing(also.observe, recording) else []
            if not missing and may_match(also.when, also.observe, recording):
                missing = list(iter_missing_probes([also.when], recording))
            if missing:
                yield missing[0]
                break
            if not matches_condition(also.when, also.observe, recording):
                break
        else:
            yield None


def is_missing(probe: Probe, recording: Recording) -> bool:
    """Return whether it was not looked at yet, and may be: what --passive forbids will never be seen."""
    unseen = probe.recall(recording.observations) is None
    return unseen and (probe.passive or not recording.passive)


def iter_missing_probes(conditions: Sequence[Condition], recording: Recording) -> Iterator[Probe]:
    """Yield what the facts of *conditions* are compared with, where that was not looked at yet."""
    for condition in conditions:
        for reference in iter_references(condition):
            if is_missing(reference.observe, recording):
                yield reference.observe


def may_match(condition: Condition, probe: Probe, recording: Recording) -> bool:
    """Return whether *condition* holds but for what is compared with other observations."""
    if isinstance(condition, str):
        return matches_condition(condition, probe, recording)
    plain = {name: condition[name] for name in condition.keys() - list_compared(condition)}
    return matches_condition(plain, probe, recording)


def list_unrecorded_signs(lab: Lab, check: Check, recording: Recording) -> list[str]:
    """
    List what would tell whether a limit of the machine is why *check* fails, where *recording* lacks it.

    A recording keeps what the labs of its time asked for. A limit that is written behind the diagnosis that
    fits is none: the first that fits names the mistake.
    """
    for full in resolve_references(lab, check.diagnoses):
        fits = weigh_diagnosis(full, check.observe, recording)
        if fits:
            return []
        if fits is None and full.verdict == "unknown":
            own = ((condition, check.observe) for condition in full.list_conditions())
            others = ((also.when, also.observe) for also in full.also)
            lacking = (name for asked in (*own, *others) for name in list_lacking(*asked, recording))
            return list(dict.fromkeys(lacking))
    return []


def weigh_diagnosis(full: Diagnosis, probe: Probe, recording: Recording) -> bool | None:
    """Return whether *full* fits what was seen; None where *recording* does not hold what tells."""
    fits = any_certain([weigh_condition(condition, probe, recording) for condition in full.list_conditions()])
    for also in full.also:
        if fits is False:
            break
        other = weigh_condition(also.when, also.observe, recording)
        fits = other if fits or other is False else None
    return fits


def any_certain(answers: Sequence[bool | None]) -> bool | None:
    """Return whether one of *answers* is yes; None where one may be."""
    return True if True in answers else None if None in answers else False


def weigh_condition(condition: Condition, probe: Probe, recording: Recording) -> bool | None:
    """Return whether *condition* holds of what was seen; None where *recording* does not hold what tells."""
    seen = probe.recall(recording.observations)
    if seen is None:
        # What --passive forbids will never be seen: such a diagnosis does not fit.
        return None if probe.passive or not recording.passive else False
    if isinstance(condition, str) or not isinstance(seen, Seen):
        return matches_condition(condition, probe, recording)
    lacking = condition.keys() - seen.facts.keys()
    unknown = lacking | {
        name for name in list_compared(condition) if list_untold({name: condition[name]}, recording)
    }
    known = {name: condition[name] for name in condition.keys() - unknown} if unknown else condition
    if not holds_of(known, seen.facts, recording):
        return False
    # A mistake that two checks share may speak of facts that only one of their kinds has.
    if not lacking.issubset(probe.facts.__struct_fields__):
        return False
    return None if unknown else True


def list_lacking(condition: Condition, probe: Probe, recording: Recording) -> list[str]:
    """List the facts of *condition* that *recording* lacks; the kind, where it lacks the observation."""
    seen = probe.recall(recording.observations)
    if seen is None:
        return [kind_of(probe)]
    if isinstance(condition, str):
        return []
    facts = seen.facts if isinstance(seen, Seen) else {}
    compared = [kind_of(reference.observe) for reference in list_untold(condition, recording)]
    return [*(name for name in condition if name not in facts), *compared]


def resolve_references(lab: Lab, diagnoses: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
    """Yield each diagnosis in full, following a bare code to where it is written."""
    for diagnosis in diagnoses:
        full = diagnosis if diagnosis.message else lab.find_diagnosis(diagnosis.code)
        if full:
            yield full


def matches_own_facts(full: Diagnosis, probe: Probe, recording: Recording) -> bool:
    """Judge the condition, or one of the conditions, on the check's own facts."""
    return any(matches_condition(condition, probe, recording) for condition in full.list_conditions())


def matches_condition(condition: Condition, probe: Probe, recording: Recording) -> bool:
    """Return whether *condition* holds of what was seen of *probe*."""
    seen = probe.recall(recording.observations)
    if isinstance(condition, str):
        return isinstance(seen, Absent)
    return isinstance(seen, Seen) and holds_of(condition, seen.facts, recording)


def word_mistake(
    full: Diagnosis, probes: Sequence[Probe], seen: Sequence[Observation | None], lang: str
) -> NamedMistake:
    """
    Put the diagnosis into words, with the facts that it speaks of: its check's, then the others'.

    *seen* is what was seen of each of *probes*.
    """
    facts = {
        name: use_words_of_kind(probe, name, value, lang)
        for probe, observation in reversed(list(zip(probes, seen, strict=True)))
        if isinstance(observation, Seen)
        for name, value in observation.facts.items()
    }
    message = fill_placeholders(full.message, facts, lang)
    return NamedMistake(
        code=full.code,
        name=full.name or "",
        message=message,
        hint=fill_placeholders(full.hint, facts, lang),
        why=fill_placeholders(full.why, facts, lang),
        look=fill_placeholders(full.look, facts, lang),
        source=full.source or "",
        quotation=make_quotation(seen) if full.quotes else quote_matched_line(full, seen, message),
    )


def use_words_of_kind(probe: Probe, fact: str, value: Any, lang: str) -> Any:
    """Return the words of a kind for one of its own terms; a term of Docker's, which they quote, stays."""
    if not isinstance(value, str) or value not in (known := probe.words.get(fact, {})):
        return value
    words = known[value].in_language(lang)
    return value if f"({value})" in words else words


def make_quotation(seen: Sequence[Observation | None]) -> Quotation | None:
    """Quote the program by the first of what was *seen* that says something; None where nothing does."""
    for observation in seen:
        if isinstance(observation, Seen):
            program, text, place = (observation.facts.get(name) for name in QUOTATION_FACTS)
            if program and text:
                return Quotation(program=program, text=text[:MAX_QUOTATION_CHARS], place=place or "")
    return None


def quote_matched_line(full: Diagnosis, seen: Sequence[Observation | None], message: str) -> Quotation | None:
    """
    Quote the line of a container's log, or the engine's error, by which the mistake was told.

    None without one, and where *message* has it already.
    """
    conditions = [(condition, seen[0]) for condition in full.list_conditions()]
    conditions += [(also.when, observation) for also, observation in zip(full.also, seen[1:], strict=True)]
    for condition, observation in conditions:
        if isinstance(condition, str) or not isinstance(observation, Seen):
            continue
        name = observation.facts.get("name")
        for fact, (program, place) in QUOTED_FACTS.items():
            line = find_matched_line(condition.get(fact), observation.facts.get(fact)) if name else ""
            if line and line[:MAX_FACT_CHARS] not in message:
                return Quotation(
                    program=program.format(name=name),
                    text=line[:MAX_QUOTATION_CHARS],
                    place=place.format(name=name),
                )
    return None


def find_matched_line(wanted: Wanted | None, text: Any) -> str:
    """Return the first line of *text* that has what is *wanted*; '' without one, or for another demand."""
    pattern = wanted.matches if isinstance(wanted, Matcher) else UNSET
    if pattern is UNSET or not isinstance(text, str):
        return ""
    return next((line.strip() for line in text.splitlines() if matches_pattern(pattern, line)), "")


def fill_placeholders(text: Text | None, facts: Mapping[str, Any], lang: str) -> str:
    """Replace each `{fact}`; what was not seen stays a question mark."""
    return (
        PLACEHOLDER_PATTERN.sub(lambda found: format_fact(facts.get(found[1]), lang), text.in_language(lang))
        if text
        else ""
    )


def format_fact(found: Any, lang: str) -> str:
    """Put a fact's value into a sentence."""
    match found:
        case None:
            return "?"
        case []:
            return _NO_ELEMENT.in_language(lang)
        case list():
            return cut_at_word(", ".join(map(str, found)))
        case _:
            return cut_at_word(str(found))


def cut_at_word(text: str) -> str:
    """Cut *text* to what a sentence bears, between two words; an ellipsis tells."""
    if len(text) <= MAX_FACT_CHARS:
        return text
    kept = text[:MAX_FACT_CHARS]
    whole = kept.rpartition(" ")[0]
    return (whole if len(whole) > MAX_FACT_CHARS // 2 else kept).rstrip(" ,;") + "…"
