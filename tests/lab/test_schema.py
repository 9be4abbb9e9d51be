"""What editors read: valid draft-07, the committed copy fresh, every lab pointing at it."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest
from msgspec import inspect

from dckgrade.lab.fact_types import TYPE_NAMES as FACT_KINDS
from dckgrade.lab.fact_types import get_fact_types
from dckgrade.lab.load import load_lab
from dckgrade.lab.matchers import Matcher
from dckgrade.lab.model import Lab
from dckgrade.lab.schema import SCHEMA_DRAFT_URI, build_lab_schema
from dckgrade.lab.shape import PYTHON_TYPES_AND_NAMES, get_type_info
from dckgrade.lab.strict_yaml import parse_strict_yaml
from dckgrade.probes.registry import load_kinds
from tests.support.sample_lab import SAMPLE, changed, list_problems

CHECKS = Path(__file__).parents[2] / "checks"
LABS = sorted(CHECKS.glob("*.yaml"))


def test_the_committed_schema_is_what_the_command_prints() -> None:
    committed = (CHECKS / "lab.schema.json").read_text(encoding="utf-8")
    fresh = json.dumps(build_lab_schema(), indent=2, ensure_ascii=False) + "\n"
    assert committed == fresh, "run: dckgrade schema > checks/lab.schema.json"


def test_the_schema_is_valid_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(build_lab_schema())
    assert build_lab_schema()["$schema"] == SCHEMA_DRAFT_URI
    text = json.dumps(build_lab_schema())
    assert not [
        word for word in ("$defs", "discriminator", "prefixItems", '"null"', "unevaluated") if word in text
    ]


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_every_lab_points_at_the_schema_and_satisfies_it(path: Path) -> None:
    raw = path.read_bytes()
    assert raw.startswith(b"# yaml-language-server: $schema=./lab.schema.json\n")
    jsonschema.Draft7Validator(build_lab_schema()).validate(parse_strict_yaml(raw).data)
    assert load_lab(path).lab.id == path.stem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("en: One", "en: ''"),
        ("points: 1\n", "points: true\n"),
        ("points: 1\n", "points: 101\n"),
        ("when: absent", "when: []"),
        ("when: absent", "when: {}"),
        ("when: absent", "when: gone"),
        ("{one-of: [running, paused]}", "{one-of: []}"),
        ("within: 20s", "within: 1h"),
        ("name: web2", "name: w"),
        ("http, container: web1", "http, port: 65536, container: web1"),
        ("{at-least: 200, at-most: 299}", "{}"),
        ("{at-least: 200, at-most: 299}", "{at-least: '200'}"),
        ("^/data", "a" * 501),
        ("requires: [web]", "requires: [Web]"),
        ("{kind: http, container: web1}", "{kind: container, container: web1}"),
        ("        hint: {fr: Regardez, en: Look}\n", ""),
    ],
)
def test_what_the_loader_refuses_by_its_shape_the_schema_refuses(old: str, new: str) -> None:
    validator = jsonschema.Draft7Validator(build_lab_schema())
    assert validator.is_valid(parse_strict_yaml(SAMPLE.encode()).data)
    assert not validator.is_valid(parse_strict_yaml(changed(old, new).encode()).data)
    assert list_problems(changed(old, new))


def kinds_of(wanted: inspect.Type, seen: set[type]) -> Iterator[type[inspect.Type]]:
    """List the kinds of types that a model is made of."""
    yield type(wanted)
    inner: list[inspect.Type] = [*getattr(wanted, "types", ())]
    inner += [getattr(wanted, name) for name in ("item_type", "value_type") if hasattr(wanted, name)]
    if isinstance(wanted, inspect.StructType) and wanted.cls not in seen:
        seen.add(wanted.cls)
        inner += [field.type for field in wanted.fields]
    for part in inner:
        yield from kinds_of(part, seen)


def test_the_walk_knows_every_type_that_the_model_and_the_facts_are_made_of() -> None:
    models = [Lab, *load_kinds(), *(probe.facts for probe in load_kinds())]
    used = {kind for model in models for kind in kinds_of(get_type_info(model), set())}
    # A probe of any kind is the custom type, which the walk takes for the union of the kinds.
    assert used - {inspect.UnionType, inspect.CustomType} <= PYTHON_TYPES_AND_NAMES.keys()
    of_facts = {type(fact) for probe in load_kinds() for fact in get_fact_types(probe.facts).values()}
    assert of_facts <= FACT_KINDS.keys()


def test_demands_are_written_with_hyphens_and_without_the_underscore_that_python_needs() -> None:
    assert {"not", "one-of", "at-least", "at-most"} <= {*Matcher.__struct_encode_fields__}
    assert msgspec.to_builtins(Matcher(not_=1)) == {"not": 1}
