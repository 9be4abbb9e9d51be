"""Evaluate matchers. Type counts; `every` of an empty list, and anything of null, does not match."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from dckgrade.lab.matchers import Matcher, Wanted, get_written_fields
from dckgrade.lab.patterns import MAX_MATCHED_LINE_CHARS, MAX_MATCHED_TEXT_CHARS
from dckgrade.probes.support.lookup import count_edits

MAX_MISSPELLING_EDITS = 2


def matches_wanted(wanted: Wanted, found: Any) -> bool:
    """Return whether *found* is what is *wanted*."""
    if not isinstance(wanted, Matcher):
        return equals_strict(wanted, found)
    demands = get_written_fields(wanted)
    # A demand without any would always hold, which nobody writes on purpose: lint refuses it, and so do we.
    return bool(demands) and all(matches_operator(name, value, found) for name, value in demands.items())


def matches_operator(name: str, value: Any, found: Any) -> bool:
    """Judge the one demand *name*; of null only whether it is there can be demanded."""
    match name:
        case "present":
            return (found is not None) is value
        case "not":
            unfilled = isinstance(value, Matcher) and value.references
            return found is not None and not unfilled and not matches_wanted(value, found)
        case "equals":
            return equals_strict(value, found)
        case "same-as":
            # A value would stand in its place (`judge.comparison`): there is none.
            return False
        case "one-of":
            return any(equals_strict(allowed, found) for allowed in value)
        case _:
            return matches_typed(name, value, found)


def matches_typed(name: str, value: Any, found: Any) -> bool:  # noqa: PLR0911 - one answer a demand
    """Judge a demand that makes sense of one kind of fact; it does not hold of any other kind."""
    match name, found:
        case "matches", str():
            return matches_pattern(value, found)
        case "contains", str():
            return isinstance(value, str) and value in found
        case "resembles", str():
            return is_misspelling(value, found)
        case "contains", list():
            return any(equals_strict(value, element) for element in found)
        case "every", list():
            return bool(found) and all(matches_wanted(value, element) for element in found)
        case "any", list():
            return any(matches_wanted(value, element) for element in found)
        case "count", list():
            return matches_wanted(value, len(found))
        case "where", dict():
            return match_all(value, found)
        case (("at-least" | "at-most"), (int() | float())) if not isinstance(found, bool):
            return bool(found >= value) if name == "at-least" else bool(found <= value)
        case _:
            return False


def match_all(expect: Mapping[str, Wanted], facts: Mapping[str, Any]) -> bool:
    """Return whether every demand of *expect* holds of *facts*; a fact that is not there holds nothing."""
    return all(name in facts and matches_wanted(wanted, facts[name]) for name, wanted in expect.items())


def equals_strict(wanted: Any, found: Any) -> bool:
    """Compare value and kind: 1 is not true, "200" is not 200; 1.0 is 1."""
    return isinstance(wanted, bool) is isinstance(found, bool) and bool(wanted == found)


def matches_pattern(pattern: str, text: str) -> bool:
    """Look for *pattern* in each line; a text longer than any of ours is cut to what lint has counted on."""
    lines = text[-MAX_MATCHED_TEXT_CHARS:].splitlines() or [""]
    return any(compile_pattern(pattern).search(line[:MAX_MATCHED_LINE_CHARS]) for line in lines)


def is_misspelling(wanted: str, found: str) -> bool:
    """Return whether *found* is *wanted* misspelt: within two edits whatever the case, and not the same."""
    return (
        found != wanted
        and count_edits(wanted.casefold(), found.casefold(), most=MAX_MISSPELLING_EDITS)
        <= MAX_MISSPELLING_EDITS
    )


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile once."""
    return re.compile(pattern, re.MULTILINE)
