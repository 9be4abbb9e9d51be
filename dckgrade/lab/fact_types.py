"""Compare matchers with the types of facts: unknown facts, matchers that cannot match."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from dckgrade.i18n import N_
from dckgrade.lab import patterns
from dckgrade.lab.matchers import FactReference, Matcher, Wanted, get_written_fields
from dckgrade.lab.problem import guess_nearest_word
from dckgrade.lab.shape import format_author_value, get_type_info
from dckgrade.lab.strict_yaml import ValuePath

MatcherFault = tuple[ValuePath, str, dict[str, object]]
"""Where below the demand, a message id, its values."""

TEXT_NAME, NUMBER_NAME, BOOLEAN_NAME = N_("text"), N_("a number"), N_("true or false")
LIST_NAME, MAPPING_NAME = N_("a list"), N_("a mapping")

TYPE_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: TEXT_NAME,
    inspect.LiteralType: TEXT_NAME,
    inspect.IntType: NUMBER_NAME,
    inspect.FloatType: NUMBER_NAME,
    inspect.BoolType: BOOLEAN_NAME,
    inspect.ListType: LIST_NAME,
    inspect.StructType: MAPPING_NAME,
}
SCALAR_TYPE_NAMES: dict[type, str] = {
    str: TEXT_NAME,
    bool: BOOLEAN_NAME,
    int: NUMBER_NAME,
    float: NUMBER_NAME,
}

APPLICABLE_TYPE_NAMES = {
    "matches": {TEXT_NAME},
    "resembles": {TEXT_NAME},
    "at-least": {NUMBER_NAME},
    "at-most": {NUMBER_NAME},
    "contains": {TEXT_NAME, LIST_NAME},
    "every": {LIST_NAME},
    "any": {LIST_NAME},
    "count": {LIST_NAME},
    "where": {MAPPING_NAME},
}
"""Demands that make sense of some kinds of facts only."""


def get_fact_types(facts: type[msgspec.Struct]) -> dict[str, inspect.Type]:
    """Return the facts by name, with their types; a nullable one by what it is when it is there."""
    return get_field_types(get_type_info(facts))


def get_field_types(struct: inspect.Type) -> dict[str, inspect.Type]:
    """Return the fields of a mapping by name."""
    return {field.encode_name: simplify_union(field.type) for field in getattr(struct, "fields", ())}


def simplify_union(wanted: inspect.Type) -> inspect.Type:
    """Leave null out; of a union of words make one set of words."""
    if not isinstance(wanted, inspect.UnionType):
        return wanted
    members = [simplify_union(member) for member in wanted.types if not isinstance(member, inspect.NoneType)]
    words = tuple(
        value for member in members if isinstance(member, inspect.LiteralType) for value in member.values
    )
    return inspect.LiteralType(words) if words else members[0]


def find_fact_faults(
    expect: Mapping[str, Wanted], known: Mapping[str, inspect.Type]
) -> Iterator[MatcherFault]:
    """Check a mapping of demands against the *known* facts."""
    for name, wanted in expect.items():
        if name in known:
            yield from prefix_faults(name, find_matcher_faults(wanted, known[name]))
        else:
            yield (name,), *describe_unknown_fact(name, known)


def describe_unknown_fact(name: str, known: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Return the message that there is no fact *name*, with the nearest one or the list of all."""
    if near := guess_nearest_word(name, known):
        return N_("unknown fact `{key}`"), {"key": name, "near": near}
    return N_("unknown fact `{key}`; there are {known}"), {"key": name, "known": ", ".join(known)}


def prefix_faults(name: str | int, found: Iterable[MatcherFault]) -> Iterator[MatcherFault]:
    """Place what was *found* below *name*."""
    for path, what, values in found:
        yield (name, *path), what, values


def find_matcher_faults(wanted: Wanted, fact: inspect.Type) -> Iterator[MatcherFault]:
    """Check one demand against the type of its fact."""
    if not isinstance(wanted, Matcher):
        yield from find_value_faults(wanted, fact)
        return
    demands = get_written_fields(wanted)
    yield from find_contradictions(demands)
    kind = TYPE_NAMES[type(fact)]
    for name, value in demands.items():
        if kind in APPLICABLE_TYPE_NAMES.get(name, {kind}):
            yield from prefix_faults(name, find_inner_faults(name, value, fact))
        else:
            yield (name,), N_("`{demand}` makes no sense for {kind}"), {"demand": name, "kind": (kind,)}


def find_contradictions(demands: dict[str, Any]) -> Iterator[MatcherFault]:
    """Find demands that ask for nothing, or for what cannot be."""
    least, most = demands.get("at-least"), demands.get("at-most")
    if not demands:
        yield (), N_("is empty, and so demands nothing"), {}
    if least is not None and most is not None and least > most:
        yield (), N_("nothing is both at least {least} and at most {most}"), {"least": least, "most": most}
    if {"equals", "same-as"} <= demands.keys():
        yield (), N_("`equals` and `same-as` are two values for one fact"), {}
    if demands.get("present") is False and len(demands) > 1:
        yield (), N_("nothing can be demanded of a fact that is not present"), {}


def find_inner_faults(name: str, value: Any, fact: inspect.Type) -> Iterator[MatcherFault]:
    """Check what is written inside the demand *name*, which fits the type of *fact*."""
    element = simplify_union(getattr(fact, "item_type", inspect.StrType()))
    match name:
        case "equals":
            yield from find_value_faults(value, fact)
        case "one-of":
            for index, allowed in enumerate(value):
                yield from prefix_faults(index, find_value_faults(allowed, fact))
        case "matches":
            if what := patterns.find_pattern_fault(value):
                yield (), what, {"pattern": value}
        case "contains":
            yield from find_value_faults(value, element)
        case "where":
            yield from find_fact_faults(value, get_field_types(fact))
        case "same-as":
            yield from find_reference_faults(value, fact)
        case "not" | "every" | "any" | "count":
            inner = {"not": fact, "count": inspect.IntType()}.get(name, element)
            yield from find_matcher_faults(value, inner)
        case _:  # resembles, at-least, at-most, present: the shape says it all
            return


def find_reference_faults(reference: FactReference, fact: inspect.Type) -> Iterator[MatcherFault]:
    """Check that there is such a fact of the other observation, of the type of *fact*."""
    known = get_fact_types(reference.observe.facts)
    other = known.get(reference.fact)
    if other is None:
        yield ("fact",), *describe_unknown_fact(reference.fact, known)
    elif TYPE_NAMES[type(other)] != TYPE_NAMES[type(fact)]:
        what = N_("the fact is {kind}, and `{other}` is {other_kind}")
        kinds = {"kind": (TYPE_NAMES[type(fact)],), "other_kind": (TYPE_NAMES[type(other)],)}
        yield ("fact",), what, {**kinds, "other": reference.fact}


def find_value_faults(value: Any, fact: inspect.Type) -> Iterator[MatcherFault]:
    """Check a value that the fact should equal against the type of the fact."""
    kind = TYPE_NAMES[type(fact)]
    if SCALAR_TYPE_NAMES[type(value)] != kind:
        what = N_("the fact is {kind}, and never equals {value}")
        yield (), what, {"kind": (kind,), "value": format_author_value(value)}
    elif isinstance(fact, inspect.LiteralType) and value not in fact.values:
        known = [str(word) for word in fact.values]
        near = guess_nearest_word(str(value), known)
        yield (
            (),
            N_("{found} is not one of: {known}"),
            {"found": format_author_value(value), "known": ", ".join(known), "near": near},
        )
