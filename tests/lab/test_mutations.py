"""Every kind of key and value of TP5, made wrong in six ways: each is seen, and seen on its line."""

import re
from collections.abc import Iterable

import jsonschema
import msgspec
import pytest

from dckgrade.lab import shape
from dckgrade.lab.any_probe import decode_probe
from dckgrade.lab.load import LabInvalid, find_shape_problems, parse_lab
from dckgrade.lab.model import Lab
from dckgrade.lab.schema import build_lab_schema
from dckgrade.lab.strict_yaml import parse_strict_yaml
from dckgrade.report.decode import convert_data
from tests.support import mutations
from tests.support.mutations import TP5, Mutation

TEXT = TP5.read_text(encoding="utf-8")
REQUIRED = frozenset(
    ["version", "id", "title", "checks", "fr", "en", "points", "observe", "expect", "kind", "container"]
)
FULL = frozenset(["name", "when", "message", "hint"])
"""Required of a mistake that is written in full, which its neighbours `code` and `message` make it."""
WORDS = frozenset(
    ["version", "id", "kind", "points", "code", "within", "status", "found_by", "verdict", "stable", "port"]
)


def pick_of_each_place(made: Iterable[Mutation]) -> list[Mutation]:
    """Of mutations that differ in the number of a check or a mistake alone, keep three at most."""
    places: dict[str, list[Mutation]] = {}
    for mutation in made:
        places.setdefault(re.sub(r"\d+", "#", mutation.what), []).append(mutation)
    return [
        mutation for alike in places.values() for mutation in (*alike[:1], *alike[1:-1][:1], *alike[1:][-1:])
    ]


MUTATIONS = {
    "rename": pick_of_each_place(mutations.renamed_keys(TEXT)),
    "drop": pick_of_each_place(mutations.dropped_keys(TEXT, REQUIRED)),
    "drop from a mistake": pick_of_each_place(
        mutation
        for mutation in mutations.dropped_keys(TEXT, FULL)
        if "diagnoses" in mutation.what or "remarks" in mutation.what
    ),
    "type": pick_of_each_place(mutations.wrong_types(TEXT)),
    "forget": pick_of_each_place(mutations.forgotten_values(TEXT)),
    "add": pick_of_each_place(mutations.unknown_keys(TEXT)),
    "word": pick_of_each_place(mutations.unknown_words(TEXT, WORDS)),
}


def lines_blamed(text: str) -> list[int]:
    try:
        parse_lab(text.encode(), TP5)
    except LabInvalid as invalid:
        return [problem.place[0] for problem in invalid.problems]
    return []


def missed(made: Iterable[Mutation]) -> list[str]:
    return [
        f"{mutation.what}: {lines_blamed(mutation.text)} instead of {mutation.first}-{mutation.last}"
        for mutation in made
        if not any(mutation.first <= line <= mutation.last for line in lines_blamed(mutation.text))
    ]


@pytest.mark.parametrize("kind", MUTATIONS)
def test_whatever_is_made_wrong_is_seen_on_its_line(kind: str) -> None:
    assert missed(MUTATIONS[kind]) == []


def test_there_are_five_hundred_mutations_and_more() -> None:
    assert sum(map(len, MUTATIONS.values())) >= 500


def test_tp5_itself_is_sound() -> None:
    assert lines_blamed(TEXT) == []


def test_msgspec_and_the_walk_that_explains_it_agree() -> None:
    for mutation in [mutation for group in MUTATIONS.values() for mutation in group][::2]:
        document = parse_strict_yaml(mutation.text.encode())
        try:
            convert_data(document.data, Lab, decode_probe)
            accepted = True
        except msgspec.ValidationError:
            accepted = False
        assert accepted == (shape.find_type_problems(document, Lab) == []), mutation.what


@pytest.mark.parametrize("kind", MUTATIONS)
def test_the_json_schema_and_the_loader_agree_on_the_shape(kind: str) -> None:
    validator = jsonschema.Draft7Validator(build_lab_schema())
    for mutation in MUTATIONS[kind][::4]:
        document = parse_strict_yaml(mutation.text.encode())
        # That a mistake lacks a part is seen by lint, which knows references from mistakes in full.
        wrong = (
            lines_blamed(mutation.text) if kind == "drop from a mistake" else find_shape_problems(document)
        )
        assert validator.is_valid(document.data) == (not wrong), mutation.what
