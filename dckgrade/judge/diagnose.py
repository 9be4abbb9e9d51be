"""A check's diagnoses and what was seen → the first mistake that fits, and what is still to be looked at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dckgrade.judge.matching import match_all
from dckgrade.lab.model import PLACEHOLDER, Check, Condition, Diagnosis, Lab
from dckgrade.probes.base import Probe, observation_key
from dckgrade.report.observation import Absent, Observation, Recording, Seen
from dckgrade.report.result import NamedMistake
from dckgrade.report.text import Text

SHOWN = 80


def named(lab: Lab, check: Check, among: Sequence[Diagnosis], recording: Recording) -> Diagnosis | None:
    """Find the first of *among* that fits what was seen; written in full."""
    return next(fitting(lab, check, among, recording), None)


def fitting(lab: Lab, check: Check, among: Sequence[Diagnosis], recording: Recording) -> Iterator[Diagnosis]:
    """Find all of *among* that fit."""
    for full in in_full(lab, among):
        seen = recording.observations.get(observation_key(check.observe))
        if own_fits(full, seen) and all(
            fits(also.when, recording.observations.get(observation_key(also.observe))) for also in full.also
        ):
            yield full


def pending(
    lab: Lab, check: Check, among: Sequence[Diagnosis], recording: Recording
) -> Iterator[Probe | None]:
    """Give for each of *among* that is not ruled out what must be looked at next; None for one that fits."""
    seen = recording.observations.get(observation_key(check.observe))
    for full in in_full(lab, among):
        if not own_fits(full, seen):
            continue
        for also in full.also:
            seen_also = recording.observations.get(observation_key(also.observe))
            # What --passive forbids will never be seen: such a diagnosis does not fit.
            if seen_also is None and (also.observe.passive or not recording.passive):
                yield also.observe
                break
            if not fits(also.when, seen_also):
                break
        else:
            yield None


def in_full(lab: Lab, among: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
    """Give each diagnosis in full, following a bare code to where it is written."""
    for one in among:
        full = one if one.message else lab.diagnosis(one.code)
        if full:
            yield full


def own_fits(full: Diagnosis, seen: Observation | None) -> bool:
    """Judge the condition, or one of the conditions, on the check's own facts."""
    if isinstance(full.when, list):
        return any(fits(condition, seen) for condition in full.when)
    return full.when is not None and fits(full.when, seen)


def fits(condition: Condition, seen: Observation | None) -> bool:
    """Say whether *condition* holds of what was seen."""
    if isinstance(condition, str):
        return isinstance(seen, Absent)
    return isinstance(seen, Seen) and match_all(condition, seen.facts)


def worded(full: Diagnosis, seen: Sequence[Observation | None], lang: str) -> NamedMistake:
    """Put the diagnosis into words, with the facts that it speaks of: its check's, then the others'."""
    facts = {
        name: value for one in reversed(seen) if isinstance(one, Seen) for name, value in one.facts.items()
    }
    return NamedMistake(
        code=full.code,
        name=full.name or "",
        message=filled(full.message, facts, lang),
        hint=filled(full.hint, facts, lang),
        why=filled(full.why, facts, lang),
        look=filled(full.look, facts, lang),
        source=full.source or "",
    )


def filled(text: Text | None, facts: Mapping[str, Any], lang: str) -> str:
    """Replace each `{fact}`; what was not seen stays a question mark."""
    return PLACEHOLDER.sub(lambda found: said(facts.get(found[1])), text.into(lang)) if text else ""


def said(found: Any) -> str:
    """Put a fact's value into a sentence."""
    match found:
        case None:
            return "?"
        case list():
            return ", ".join(map(str, found))[:SHOWN]
        case _:
            return str(found)[:SHOWN]
