"""Every kind of probe that the registry finds brings what is derived from it: names, words, an example."""

import re
from collections.abc import Collection, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from dckgrade import probes
from dckgrade.lab.fact_types import find_matcher_faults, get_fact_types, simplify_union
from dckgrade.lab.reference import describe_fields
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.registry import kinds_by_name, load_kinds, name_kind
from dckgrade.probes.support.supply import ONCE, ContainerEntry, Inventory, NotSupplied, Supply
from dckgrade.probes.words import find_unit_by_name
from dckgrade.report.text import Text
from tests.support.kinds import build_example

EVERY_KIND = pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
PLACEHOLDER = re.compile(r"\{(\w+)\}")
CODE = re.compile(r"[`{}=<>]|[a-z]_[a-z]")
"""Signs and names of code; a variable that trainees set, in capitals, is none."""


def list_probe_classes() -> set[type[Any]]:
    found: set[type[Any]] = set()
    pending: list[type[Any]] = [Probe]
    while pending:
        subclasses = [
            made for made in pending.pop().__subclasses__() if made.__module__.startswith("dckgrade.")
        ]
        found.update(subclasses)
        pending.extend(subclasses)
    # What has no facts of its own is a base of kinds.
    return {made for made in found if "facts" in vars(made)}


PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def require_phrase(text: Text, placeholders: Collection[str] = ()) -> None:
    for phrase in (text.fr, text.en):
        assert phrase == phrase.strip()
        assert phrase
        assert not phrase.endswith((".", ":", "!"))
        assert {*PLACEHOLDER.findall(phrase)} <= {*placeholders}
        # Docker's own words, such as service_healthy, stand in brackets behind what they mean.
        assert not CODE.search(re.sub(r"\([a-z_-]+\)", "", PLACEHOLDER.sub("", phrase)))


def list_enumerated_values(wanted: inspect.Type) -> Sequence[object]:
    """Return the values of an enumeration, or of the elements of a list of them."""
    match wanted:
        case inspect.UnionType():
            inner = [list_enumerated_values(member) for member in wanted.types]
            words = [value for values in inner for value in values]
            nullable = any(isinstance(member, inspect.NoneType) for member in wanted.types)
            return [*words, None] if words and nullable else words
        case inspect.LiteralType():
            return wanted.values
        case inspect.ListType():
            return list_enumerated_values(wanted.item_type)
        case _:
            return ()


def get_facts(kind: type[Probe]) -> dict[str, inspect.Type]:
    return {field.name: field.type for field in getattr(inspect.type_info(kind.facts), "fields", ())}


def is_number(wanted: inspect.Type) -> bool:
    return isinstance(simplify_union(wanted), inspect.IntType | inspect.FloatType)


@EVERY_KIND
def test_a_kind_lies_in_the_file_of_its_name(kind: type[Probe]) -> None:
    assert kind.__module__.rpartition(".")[2].replace("_", "-") == name_kind(kind)


def test_every_subclass_of_probe_is_found_once() -> None:
    assert len(kinds_by_name()) == len(load_kinds())
    assert list_probe_classes() == {*load_kinds()}


def test_no_other_module_bears_a_kind_s_name() -> None:
    names = {name.replace("-", "_") for name in kinds_by_name()}
    homes = {kind.__module__ for kind in load_kinds()}
    topics = [topic.name for topic in iter_modules(probes.__path__) if topic.ispkg]
    modules = [
        f"dckgrade.probes.{topic}.{module.name}"
        for topic in topics
        for module in iter_modules(import_module(f"dckgrade.probes.{topic}").__path__)
    ]
    assert [name for name in modules if name.rpartition(".")[2] in names and name not in homes] == []


@EVERY_KIND
def test_each_fact_has_its_label_and_no_label_is_left_over(kind: type[Probe]) -> None:
    assert {*kind.labels} == {*kind.facts.__struct_fields__}
    for label in kind.labels.values():
        require_phrase(label)


@EVERY_KIND
def test_each_value_of_an_enumeration_has_its_words_in_both_languages(kind: type[Probe]) -> None:
    wordless = {
        f"{fact}: {value}"
        for fact, wanted in get_facts(kind).items()
        for value in list_enumerated_values(wanted)
        if value not in kind.words.get(fact, {})
        # A list is of one value at least, or empty.
        and not (value is None and isinstance(simplify_union(wanted), inspect.ListType))
    }
    assert wordless == set()


@EVERY_KIND
def test_words_are_phrases_about_facts_that_there_are(kind: type[Probe]) -> None:
    facts = {*kind.facts.__struct_fields__}
    assert {*kind.words} <= facts
    for words in kind.words.values():
        for text in words.values():
            require_phrase(text, facts | {"asked"} if kind.__struct_fields__ else facts)


@EVERY_KIND
def test_each_figure_that_is_in_a_unit_says_it(kind: type[Probe]) -> None:
    about = {field.name: field.about for field in describe_fields(kind.facts)}
    figures = [fact for fact, wanted in get_facts(kind).items() if is_number(wanted)]
    unitless = [
        fact
        for fact in figures
        if re.search(r"\b(bytes|KiB|seconds|nanoseconds)\b", f"{about[fact]} {kind.labels[fact].en}")
        and not (kind.units.get(fact) or find_unit_by_name(fact))
    ]
    assert unitless == []
    assert {*kind.units} <= {*figures}


@EVERY_KIND
def test_two_facts_of_a_kind_are_told_apart_by_their_labels(kind: type[Probe]) -> None:
    for lang in ("fr", "en"):
        labels = [getattr(label, lang) for label in kind.labels.values()]
        assert len({*labels}) == len(labels)


@EVERY_KIND
def test_absence_is_said_in_both_languages(kind: type[Probe]) -> None:
    require_phrase(kind.absent, {"asked"} if kind.__struct_fields__ else ())
    assert kind.absent.fr != kind.absent.en


@EVERY_KIND
def test_the_example_is_a_valid_probe(kind: type[Probe]) -> None:
    probe = build_example(kind)
    assert type(probe) is kind
    assert {*kind.example} <= {*kind.__struct_encode_fields__}


@EVERY_KIND
def test_what_a_kind_is_like_is_said_of_itself_and_not_inherited(kind: type[Probe]) -> None:
    for name in ("facts", "passive", "cost", "absent", "labels", "supply", "example"):
        assert name in vars(kind)
    assert isinstance(kind.passive, bool)
    assert isinstance(kind.cost, Cost)
    assert issubclass(kind.facts, msgspec.Struct)
    assert kind.__doc__
    assert kind.facts.__doc__


FULL = Inventory(
    containers=tuple(
        ContainerEntry(
            name=f"{name}er",
            repository=name,
            running=True,
            ports=(80,),
            machine_ports=(8080,),
            destinations=("/data",),
            networks=frozenset(["back"]),
        )
        for name in (
            *("cadvisor", "elasticsearch", "grafana", "kibana", "logstash", "prometheus", "registry"),
            "wordpress",
        )
    ),
    images=("mon-app:1.0",),
    networks=("back",),
    volumes=("donnees",),
    services=("web",),
    projects={"shop": ("db", "web")},
)
"""An engine that holds something of everything."""


@EVERY_KIND
def test_a_kind_is_recordable_or_says_why_not(kind: type[Probe]) -> None:
    if isinstance(kind.supply, NotSupplied):
        assert len(kind.supply.reason.split()) > 3
        assert not kind.drafted
        return
    supplied = [*kind.supply.list_parameters(FULL)]
    assert supplied
    for parameters in supplied:
        probe = msgspec.convert({"kind": name_kind(kind), **parameters}, kind)
        words = dict.fromkeys(probe.__struct_encode_fields__, "x")
        assert "{" not in kind.supply.subject.fr.format_map(words) + kind.supply.subject.en.format_map(words)


@EVERY_KIND
def test_a_kind_without_parameters_or_things_of_its_own_leads_to_one_observation_at_most(
    kind: type[Probe],
) -> None:
    if isinstance(kind.supply, Supply):
        assert len([*kind.supply.list_parameters(Inventory())]) == (kind.supply is ONCE)


@EVERY_KIND
def test_what_is_drafted_is_a_fact_with_words_for_values_that_it_can_have(kind: type[Probe]) -> None:
    types = get_fact_types(kind.facts)
    known = {"value", *kind.__struct_encode_fields__}
    for name, drafted in kind.drafted.items():
        sayings = {drafted.usual: drafted.words} if isinstance(drafted.words, Text) else drafted.words
        for value, words in sayings.items():
            assert value is None or [*find_matcher_faults(value, types[name])] == []
            assert {*PLACEHOLDER.findall(words.fr)} == {*PLACEHOLDER.findall(words.en)} <= known
            require_phrase(Text(fr=PLACEHOLDER.sub("x", words.fr), en=PLACEHOLDER.sub("x", words.en)))


def test_the_dearest_kinds_are_asked_first() -> None:
    costs = [kind.cost for kind in load_kinds()]
    assert costs == sorted(costs, reverse=True)
