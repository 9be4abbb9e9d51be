"""Finds the demands of a lab that no change of its solution's recording would break."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from dckgrade.i18n import N_
from dckgrade.judge.matching import matches_wanted
from dckgrade.lab.fact_types import simplify_union
from dckgrade.lab.matchers import Wanted
from dckgrade.lab.model import Lab
from dckgrade.lab.shape import get_type_info
from dckgrade.probes.base import observation_key
from dckgrade.prove.boundary_values import list_boundary_values
from dckgrade.report.observation import Recording, Seen
from dckgrade.report.proof import MUTANTS_CASE, ProofFault

HUGE_NUMBER = 2**62
"""More than anything that a lab counts."""
LARGE_FACTOR = 1000


class MutationResult(msgspec.Struct, frozen=True):
    """How many changes were tried, and the demands that bore them all."""

    mutants: int
    faults: list[ProofFault]


def find_vacuous_matchers(lab: Lab, recording: Recording) -> MutationResult:
    """Change every fact that a check demands something of, one change a time, and judge that demand again."""
    count, faults = 0, []
    for check in lab.checks:
        seen = recording.observations.get(observation_key(check.observe))
        if not isinstance(seen, Seen):
            continue
        for fact, wanted in check.expect.items():
            values = list_mutants(seen.facts.get(fact), get_fact_type(check.observe.facts, fact), wanted)
            count += len(values)
            # What the effect settled may not be as demanded to begin with: that demand can be broken.
            if all(matches_wanted(wanted, value) for value in (seen.facts.get(fact), *values)):
                demand = f"{fact}: {msgspec.json.encode(wanted).decode()}"
                what = N_("{check}: no change of what was seen breaks the demand {detail}.")
                faults.append(ProofFault(what=what, check=check.id, case=MUTANTS_CASE, detail=demand))
    return MutationResult(count, faults)


def get_fact_type(facts: type[msgspec.Struct], fact: str) -> inspect.Type:
    """Return the type of a fact as it is declared: whether it may be null matters here."""
    described: tuple[inspect.Field, ...] = getattr(get_type_info(facts), "fields", ())
    return next(field.type for field in described if field.encode_name == fact)


def list_mutants(value: Any, kind: inspect.Type, wanted: Wanted) -> list[Any]:
    """Return other values that this fact could have: its neighbours, and those that the demand speaks of."""
    boundaries = [
        mutant for mutant in list_boundary_values(wanted) if fits_type(mutant, simplify_union(kind))
    ]
    lists = [[*value, mutant] for mutant in list_boundary_values(wanted)] if isinstance(value, list) else []
    absent = [None] * (is_nullable(kind) and value is not None)
    return [
        mutant
        for mutant in (*absent, *mutate_value(value, kind), *boundaries, *lists)
        if is_change(mutant, value)
    ]


def is_change(mutant: Any, value: Any) -> bool:
    """Return whether *mutant* is a change at all; 1 is no change of 1.0, but true is one of 1."""
    return isinstance(mutant, bool) is not isinstance(value, bool) or bool(mutant != value)


def is_nullable(kind: inspect.Type) -> bool:
    """Return whether a fact may have no value; for the others that is no change that could ever be seen."""
    return isinstance(kind, inspect.UnionType) and any(
        isinstance(member, inspect.NoneType) for member in kind.types
    )


def fits_type(value: Any, kind: inspect.Type) -> bool:
    """Return whether a fact of this kind could have *value*."""
    match kind:
        case inspect.LiteralType():
            return value in kind.values
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.IntType() | inspect.FloatType():
            numbers = int if isinstance(kind, inspect.IntType) else int | float
            return isinstance(value, numbers) and not isinstance(value, bool) and value >= 0
        case inspect.ListType():
            return isinstance(value, list)
        case _:
            return False


def mutate_value(value: Any, kind: inspect.Type) -> Iterator[Any]:
    """Yield neighbours of *value*: empty, and others of its type."""
    kind = simplify_union(kind)
    match value:
        case bool():
            yield not value
        case int() | float():
            # What labs count is never negative: a demand that only such a value breaks is vacuous.
            yield from (
                number
                for number in (0, 1, value - 1, value + 1, value * LARGE_FACTOR, HUGE_NUMBER)
                if number >= 0
            )
        case str() if isinstance(kind, inspect.LiteralType):
            yield from kind.values
        case str():
            yield from ("", value[:-1], value[1:], value + "x", value[::-1], value.swapcase(), "x")
        case list():
            yield from mutate_list(value, getattr(kind, "item_type", inspect.StrType()))
        case dict():
            yield from mutate_mapping(value, kind)
        case _:
            yield from generate_values_of_type(kind)


def generate_values_of_type(kind: inspect.Type) -> Iterator[Any]:
    """Yield what a fact that has no value could have."""
    match kind:
        case inspect.LiteralType():
            yield from kind.values
        case inspect.BoolType():
            yield from (True, False)
        case inspect.IntType() | inspect.FloatType():
            yield from (0, 1, HUGE_NUMBER)
        case inspect.ListType():
            yield from ([], ["x"])
        case _:
            yield from ("", "x")


def mutate_list(value: list[Any], element: inspect.Type) -> Iterator[list[Any]]:
    """Empty it, leave one out, put a stranger in, have very many, change each element in turn."""
    yield []
    yield from ([*value[:at], *value[at + 1 :]] for at in range(len(value)))
    strangers = list(mutate_value(value[0], element))[:1] if value else ["x"]
    yield from ([*value, stranger] for stranger in strangers)
    yield (value or strangers) * LARGE_FACTOR
    for at, item in enumerate(value):
        yield from ([*value[:at], new, *value[at + 1 :]] for new in mutate_value(item, element))
        # All alike: one changed element alone does not break `any`.
        yield from ([new] * len(value) for new in mutate_value(item, element))


def mutate_mapping(value: dict[str, Any], kind: inspect.Type) -> Iterator[dict[str, Any]]:
    """Change each field in turn."""
    known = {field.encode_name: field.type for field in getattr(kind, "fields", ())}
    for name, item in value.items():
        declared = known.get(name, inspect.AnyType())
        absent = [None] * (is_nullable(declared) and item is not None)
        yield from (
            value | {name: new} for new in (*absent, *mutate_value(item, declared)) if is_change(new, item)
        )
