"""A demand and a fact → whether it holds. Type counts; `every` of none, and anything of null, is not true."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from dckgrade.lab.matchers import Demand, Wanted, written
from dckgrade.lab.patterns import LINE, TEXT
from dckgrade.probes.support.lookup import count_edits

MISSPELT_BY = 2


def matches_wanted(wanted: Wanted, found: Any) -> bool:
    """Say whether *found* is what is *wanted*."""
    if not isinstance(wanted, Demand):
        return same(wanted, found)
    demands = written(wanted)
    # A demand without any would always hold, which nobody writes on purpose: lint refuses it, and so do we.
    return bool(demands) and all(one_holds(name, value, found) for name, value in demands.items())


def one_holds(name: str, value: Any, found: Any) -> bool:
    """Judge the one demand *name*; of null only whether it is there can be demanded."""
    match name:
        case "present":
            return (found is not None) is value
        case "not":
            return found is not None and not matches_wanted(value, found)
        case "equals":
            return same(value, found)
        case "one-of":
            return any(same(one, found) for one in value)
        case _:
            return of_its_kind(name, value, found)


def of_its_kind(name: str, value: Any, found: Any) -> bool:  # noqa: PLR0911 - one answer a demand
    """Judge a demand that makes sense of one kind of fact; it does not hold of any other kind."""
    match name, found:
        case "matches", str():
            return matches(value, found)
        case "contains", str():
            return isinstance(value, str) and value in found
        case "resembles", str():
            return resembles(value, found)
        case "contains", list():
            return any(same(value, one) for one in found)
        case "every", list():
            return bool(found) and all(matches_wanted(value, one) for one in found)
        case "any", list():
            return any(matches_wanted(value, one) for one in found)
        case "count", list():
            return matches_wanted(value, len(found))
        case "where", dict():
            return match_all(value, found)
        case (("at-least" | "at-most"), (int() | float())) if not isinstance(found, bool):
            return bool(found >= value) if name == "at-least" else bool(found <= value)
        case _:
            return False


def match_all(expect: Mapping[str, Wanted], facts: Mapping[str, Any]) -> bool:
    """Say whether every demand of *expect* holds of *facts*; a fact that is not there holds nothing."""
    return all(name in facts and matches_wanted(wanted, facts[name]) for name, wanted in expect.items())


def same(wanted: Any, found: Any) -> bool:
    """Compare value and kind: 1 is not true, "200" is not 200; 1.0 is 1."""
    return isinstance(wanted, bool) is isinstance(found, bool) and bool(wanted == found)


def matches(pattern: str, text: str) -> bool:
    """Look for *pattern* in each line; a text longer than any of ours is cut to what lint has counted on."""
    lines = text[-TEXT:].splitlines() or [""]
    return any(compiled(pattern).search(line[:LINE]) for line in lines)


def resembles(wanted: str, found: str) -> bool:
    """Say whether *found* is *wanted* misspelt: within two edits whatever the case, and not the same."""
    return (
        found != wanted and count_edits(wanted.casefold(), found.casefold(), most=MISSPELT_BY) <= MISSPELT_BY
    )


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile once."""
    return re.compile(pattern, re.MULTILINE)
