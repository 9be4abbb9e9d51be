"""Every kind of probe that the registry finds brings what is derived from it: names, words, an example."""

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest

from dckgrade import probes
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.registry import kinds_by_name, load_kinds, name_kind
from dckgrade.report.text import Text
from tests.support.kinds import build_example

EVERY_KIND = pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
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


def require_phrase(text: Text) -> None:
    for phrase in (text.fr, text.en):
        assert phrase == phrase.strip()
        assert phrase
        assert not phrase.endswith((".", ":", "!"))
        assert not CODE.search(phrase)


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
def test_two_facts_of_a_kind_are_told_apart_by_their_labels(kind: type[Probe]) -> None:
    for lang in ("fr", "en"):
        labels = [getattr(label, lang) for label in kind.labels.values()]
        assert len({*labels}) == len(labels)


@EVERY_KIND
def test_absence_is_said_in_both_languages(kind: type[Probe]) -> None:
    require_phrase(kind.absent)
    assert kind.absent.fr != kind.absent.en


@EVERY_KIND
def test_the_example_is_a_valid_probe(kind: type[Probe]) -> None:
    probe = build_example(kind)
    assert type(probe) is kind
    assert {*kind.example} <= {*kind.__struct_encode_fields__}


@EVERY_KIND
def test_what_a_kind_is_like_is_said_of_itself_and_not_inherited(kind: type[Probe]) -> None:
    for name in ("facts", "passive", "cost", "absent", "labels", "example"):
        assert name in vars(kind)
    assert isinstance(kind.passive, bool)
    assert isinstance(kind.cost, Cost)
    assert issubclass(kind.facts, msgspec.Struct)
    assert kind.__doc__
    assert kind.facts.__doc__


def test_the_dearest_kinds_are_asked_first() -> None:
    costs = [kind.cost for kind in load_kinds()]
    assert costs == sorted(costs, reverse=True)
