"""Put in the place of a fact of another observation the value that was seen of it. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from dckgrade.judge.matching import matches_wanted
from dckgrade.lab.matchers import Expect, FactReference, Matcher, Wanted, iter_fact_references
from dckgrade.report.observation import Absent, Observation, Recording, Seen


def fill_in_facts(expect: Expect, recording: Recording) -> Expect:
    """Return *expect* with each fact of another observation replaced by the value that was seen."""
    return {name: fill_in_fact(wanted, recording) for name, wanted in expect.items()}


def fill_in_fact(wanted: Wanted, recording: Recording) -> Wanted:
    """
    Return *wanted* with the values that were seen in the place of facts of other observations.

    A demand that speaks of a fact without a value stays as it is, and holds of nothing.
    """
    if isinstance(wanted, Matcher) and wanted.references and has_values(wanted, recording):
        return _fill_in(wanted, recording)  # type: ignore[no-any-return]
    return wanted


def holds_of(expect: Expect, facts: Mapping[str, Any], recording: Recording) -> bool:
    """Return whether every demand holds of *facts*, compared with other facts of *recording*."""
    return all(
        name in facts and matches_wanted(fill_in_fact(wanted, recording), facts[name])
        for name, wanted in expect.items()
    )


def list_compared(expect: Expect) -> list[str]:
    """List the names of those demands of *expect* that speak of facts of other observations."""
    return [name for name, wanted in expect.items() if isinstance(wanted, Matcher) and wanted.references]


def has_values(wanted: Matcher, recording: Recording) -> bool:
    """Return whether every fact that *wanted* speaks of has a value."""
    return all(get_value(reference, recording) is not None for reference in wanted.references)


def get_value(reference: FactReference, recording: Recording) -> Any:
    """Return the value of the fact that is spoken of; None where it has none or was not seen."""
    seen = reference.observe.recall(recording.observations)
    return seen.facts.get(reference.fact) if isinstance(seen, Seen) else None


def _fill_in(inner: Any, recording: Recording) -> Any:
    match inner:
        case Matcher() if inner.references:
            changed = {name: _fill_in(getattr(inner, name), recording) for name in inner.__struct_fields__}
            if isinstance(inner.same_as, FactReference):
                changed |= {"same_as": UNSET, "equals": get_value(inner.same_as, recording)}
            return replace(inner, **changed)
        case dict():
            return {name: _fill_in(wanted, recording) for name, wanted in inner.items()}
        case _:
            return inner


def list_untold(expect: Mapping[str, Wanted], recording: Recording) -> list[FactReference]:
    """List the facts that *expect* speaks of and of which *recording* does not tell; absence is told."""
    return [
        reference
        for reference in iter_fact_references(expect)
        if not is_told(reference.observe.recall(recording.observations), reference.fact)
    ]


def is_told(seen: Observation | None, fact: str) -> bool:
    """Return whether it is known what *fact* is, or that there is none."""
    return isinstance(seen, Absent) or (isinstance(seen, Seen) and fact in seen.facts)
