"""Find what `dckgrade new` left in a lab to be filled in."""

import re
from collections.abc import Iterator
from typing import Any

from dckgrade.i18n import N_
from dckgrade.lab.problem import Problem
from dckgrade.lab.strict_yaml import ValuePath, parse_strict_yaml

# A container may well be called todo-app, as in Docker's own tutorial.
BLANK_PATTERN = re.compile(r"TODO\b.*|todo-(check|container|mistake|not-begun)", re.DOTALL)


def find_blanks(raw: bytes) -> Iterator[Problem]:
    """Yield each text of the lab *raw* that is still as `dckgrade new` wrote it."""
    document = parse_strict_yaml(raw)
    for path, text in iter_texts(document.data, ()):
        if BLANK_PATTERN.fullmatch(text):
            yield Problem(document.find_place(path), N_("this is still to be filled in"))


def iter_texts(data: Any, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    """Yield every text in *data*, with its path."""
    match data:
        case str():
            yield path, data
        case dict():
            for name, value in data.items():
                yield from iter_texts(value, (*path, name))
        case list():
            for at, value in enumerate(data):
                yield from iter_texts(value, (*path, at))
        case _:
            return
