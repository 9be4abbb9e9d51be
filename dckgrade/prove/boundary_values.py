"""Values at the boundary of a matcher: those that just fulfil it, and those that just do not."""

import re
from collections.abc import Iterator
from typing import Any

from dckgrade.lab.matchers import Matcher, Wanted, get_written_fields

PATTERN_SYNTAX = re.compile(r"\\[AbBdDsSwWZ]|\(\?[a-zA-Z:=!<-]*|[*+?^$()]|\{[0-9,]*\}|\[[^]]*\]")


def list_boundary_values(wanted: Wanted) -> list[Any]:
    """Return what the demand speaks of, and what those inside it speak of."""
    if not isinstance(wanted, Matcher):
        return list_with_neighbours(wanted)
    return [
        boundary
        for name, value in get_written_fields(wanted).items()
        for boundary in generate_matcher_values(name, value)
    ]


def generate_matcher_values(name: str, value: Any) -> Iterator[Any]:
    """Yield examples of one demand by its name."""
    match name:
        case "not":
            yield from list_boundary_values(value)
        case "equals" | "at-least" | "at-most" | "contains":
            yield from list_with_neighbours(value)
            yield [value]
        case "one-of":
            yield from value
        case "matches":
            yield from guess_matching_texts(value)
        case "resembles":
            yield value + "x"
        case "every" | "any":
            yield from list_boundary_values(value)
            yield from ([element] for element in list_boundary_values(value))
        case "count":
            yield from (
                ["x"] * int(length)
                for length in list_boundary_values(value)
                if isinstance(length, int) and 0 <= length <= 10**4
            )
        case "where":
            yield {fact: next(iter(list_boundary_values(demand)), None) for fact, demand in value.items()}
        case _:  # present: null is tried anyway
            return


def list_with_neighbours(value: Any) -> list[Any]:
    """Return the value itself, and for a number its neighbours: just inside and just outside of a bound."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [value]
    return [value, value - 1, value + 1]


def guess_matching_texts(pattern: str) -> Iterator[str]:
    """Guess what a pattern matches: each of its alternatives, read as plain words."""
    for alternative in (pattern, *pattern.split("|")):
        yield re.sub(r"\\(.)", r"\1", PATTERN_SYNTAX.sub("", alternative).replace(".", " "))
