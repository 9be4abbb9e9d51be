"""A lab and the recording of its solution → the demands that no change of what was seen would ever break."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from dckgrade.judge.holds import holds
from dckgrade.lab.facts import fields
from dckgrade.lab.spec import Lab
from dckgrade.observation import Recording, Seen
from dckgrade.probe import key
from dckgrade.prove.proof import Fault
from dckgrade.words import N_


class Tried(msgspec.Struct, frozen=True):
    """How many changes were tried, and the demands that bore them all."""

    mutants: int
    faults: list[Fault]


def vacuous(lab: Lab, recording: Recording) -> Tried:
    """Change every fact that a check demands something of, one change a time, and judge that demand again."""
    count, faults = 0, []
    for check in lab.checks:
        seen = recording.observations.get(key(check.observe))
        if not isinstance(seen, Seen):
            continue
        for fact, wanted in check.expect.items():
            values = list(changed(seen.facts.get(fact), fields(check.observe.facts)[fact]))
            values += [None] * (fact in nullable(check.observe.facts))
            count += len(values)
            if all(holds(wanted, value) for value in values):
                demand = f"{fact}: {msgspec.json.encode(wanted).decode()}"
                what = N_("{check}: no change of what was seen breaks the demand {detail}.")
                faults.append(Fault(what=what, check=check.id, case="mutants", detail=demand))
    return Tried(count, faults)


def nullable(facts: type[msgspec.Struct]) -> set[str]:
    """Name the facts that may have no value; for the others that is no change that could ever be seen."""
    described = inspect.type_info(facts)
    named = described.fields if isinstance(described, inspect.StructType) else ()
    return {
        one.encode_name
        for one in named
        if isinstance(one.type, inspect.UnionType)
        and any(isinstance(kind, inspect.NoneType) for kind in one.type.types)
    }


def changed(value: Any, fact: inspect.Type) -> Iterator[Any]:
    """Give neighbours of *value*: empty, and others of its type."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (0, -1, value - 1, value + 1, -value, value * 1000)
        case str() if isinstance(fact, inspect.LiteralType):
            yield from (other for other in fact.values if other != value)
        case str():
            yield from ("", value[:-1], value[1:], value + "x", value[::-1], "x")
        case list():
            yield []
            yield value[1:]
            yield from ([*value, one] for one in element_changes(value))
        case dict():
            yield {}
        case _:
            pass


def element_changes(value: list[Any]) -> Iterator[Any]:
    """Give strangers to a list's elements."""
    yield from ({"": ""},) if value and isinstance(value[0], dict) else ("x", "")
