"""A probe's facts and the demands on them → what cannot fit: unknown facts, demands of the wrong type."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from dckgrade.i18n import N_
from dckgrade.lab import patterns
from dckgrade.lab.matchers import Demand, Wanted, written
from dckgrade.lab.problem import nearest
from dckgrade.lab.shape import shape_of, shown
from dckgrade.lab.strict_yaml import Path

Fault = tuple[Path, str, dict[str, object]]
"""Where below the demand, a message id, its values."""

TEXT, NUMBER, TRUTH = N_("text"), N_("a number"), N_("true or false")
LIST, MAPPING = N_("a list"), N_("a mapping")

KINDS: dict[type[inspect.Type], str] = {
    inspect.StrType: TEXT,
    inspect.LiteralType: TEXT,
    inspect.IntType: NUMBER,
    inspect.FloatType: NUMBER,
    inspect.BoolType: TRUTH,
    inspect.ListType: LIST,
    inspect.StructType: MAPPING,
}
SCALARS: dict[type, str] = {str: TEXT, bool: TRUTH, int: NUMBER, float: NUMBER}

FITS = {
    "matches": {TEXT},
    "resembles": {TEXT},
    "at-least": {NUMBER},
    "at-most": {NUMBER},
    "contains": {TEXT, LIST},
    "every": {LIST},
    "any": {LIST},
    "count": {LIST},
    "where": {MAPPING},
}
"""Demands that make sense of some kinds of facts only."""


def fields(facts: type[msgspec.Struct]) -> dict[str, inspect.Type]:
    """Give the facts by name, with their types; a nullable one by what it is when it is there."""
    return fields_of(shape_of(facts))


def fields_of(struct: inspect.Type) -> dict[str, inspect.Type]:
    """Give the fields of a mapping by name."""
    return {one.encode_name: plain(one.type) for one in getattr(struct, "fields", ())}


def plain(wanted: inspect.Type) -> inspect.Type:
    """Leave null out; of a union of words make one set of words."""
    if not isinstance(wanted, inspect.UnionType):
        return wanted
    members = [plain(one) for one in wanted.types if not isinstance(one, inspect.NoneType)]
    words = tuple(value for one in members if isinstance(one, inspect.LiteralType) for value in one.values)
    return inspect.LiteralType(words) if words else members[0]


def faults(expect: Mapping[str, Wanted], known: Mapping[str, inspect.Type]) -> Iterator[Fault]:
    """Hold a mapping of demands against the *known* facts."""
    for name, wanted in expect.items():
        if name in known:
            yield from within(name, demand_faults(wanted, known[name]))
        else:
            yield (name,), *unknown_fact(name, known)


def unknown_fact(name: str, known: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Say that there is no fact *name*, and which one was meant or which there are."""
    if near := nearest(name, known):
        return N_("unknown fact `{key}`"), {"key": name, "near": near}
    return N_("unknown fact `{key}`; there are {known}"), {"key": name, "known": ", ".join(known)}


def within(name: str | int, found: Iterable[Fault]) -> Iterator[Fault]:
    """Place what was *found* below *name*."""
    for path, what, values in found:
        yield (name, *path), what, values


def demand_faults(wanted: Wanted, fact: inspect.Type) -> Iterator[Fault]:
    """Hold one demand against the type of its fact."""
    if not isinstance(wanted, Demand):
        yield from value_faults(wanted, fact)
        return
    demands = written(wanted)
    yield from impossible(demands)
    kind = KINDS[type(fact)]
    for name, value in demands.items():
        if kind in FITS.get(name, {kind}):
            yield from within(name, inner_faults(name, value, fact))
        else:
            yield (name,), N_("`{demand}` makes no sense of {kind}"), {"demand": name, "kind": (kind,)}


def impossible(demands: dict[str, Any]) -> Iterator[Fault]:
    """Want demands to ask for something, and for what can be."""
    least, most = demands.get("at-least"), demands.get("at-most")
    if not demands:
        yield (), N_("is empty, and so demands nothing"), {}
    if least is not None and most is not None and least > most:
        yield (), N_("nothing is both at least {least} and at most {most}"), {"least": least, "most": most}
    if demands.get("present") is False and len(demands) > 1:
        yield (), N_("nothing can be demanded of a fact that is not present"), {}


def inner_faults(name: str, value: Any, fact: inspect.Type) -> Iterator[Fault]:
    """Hold what is written inside the demand *name*, which is known to make sense of *fact*."""
    element = plain(getattr(fact, "item_type", inspect.StrType()))
    match name:
        case "equals":
            yield from value_faults(value, fact)
        case "one-of":
            for index, one in enumerate(value):
                yield from within(index, value_faults(one, fact))
        case "matches":
            if what := patterns.fault(value):
                yield (), what, {"pattern": value}
        case "contains":
            yield from value_faults(value, element)
        case "where":
            yield from faults(value, fields_of(fact))
        case "not" | "every" | "any" | "count":
            inner = {"not": fact, "count": inspect.IntType()}.get(name, element)
            yield from demand_faults(value, inner)
        case _:  # resembles, at-least, at-most, present: the shape says it all
            return


def value_faults(value: Any, fact: inspect.Type) -> Iterator[Fault]:
    """Hold a value that the fact should equal against what the fact can be."""
    kind = KINDS[type(fact)]
    if SCALARS[type(value)] != kind:
        what = N_("the fact is {kind}, and never equals {value}")
        yield (), what, {"kind": (kind,), "value": shown(value)}
    elif isinstance(fact, inspect.LiteralType) and value not in fact.values:
        known = [str(one) for one in fact.values]
        near = nearest(str(value), known)
        yield (
            (),
            N_("{found} is none of {known}"),
            {"found": shown(value), "known": ", ".join(known), "near": near},
        )
