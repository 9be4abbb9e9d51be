"""
Whatever an engine, a service or a file answers, a probe sees, sees nothing, or cannot see: it never crashes.

Each kind is shown scenes in which it sees something (`tests/support/scenes`). In every answer that it gets
there one key at a time is missing, null or of another type; or the answer is late, or another program's.
"""

import random
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import pytest

from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.registry import load_kinds, name_kind
from dckgrade.report.observation import Absent, Observation, Seen, Unobservable
from tests.support.odd_answers import Alteration, AnswerTap, list_alterations
from tests.support.scenes import Scene, build_scenes

EVERY_KIND = pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
MAX_ALTERATIONS, MAX_OF_SLOW_KINDS = 2000, 600
"""Tried of each kind, in 3 s at most; of more, as many are drawn, the same in every run."""
IDENTITIES = {"Id", "Names", "Name", "ID"}
"""Keys of the engine that tell one object from another."""


def observe_anew(scene: Scene) -> Observation:
    """Observe as the first look of a run does."""
    vars(scene.engine).pop("_of_run", None)
    return scene.probe.observe(scene.engine)


def prepare_scenes(kind: type[Probe]) -> list[tuple[Scene, AnswerTap, Observation]]:
    scenes = [(scene, AnswerTap(scene.engine)) for scene in build_scenes(kind)]
    return [(scene, tap, observe_anew(scene)) for scene, tap in scenes]


def alter_scenes(kind: type[Probe]) -> Iterator[tuple[Alteration, Observation, Observation]]:
    """Give each alteration with what is seen without and with it."""
    altered = [
        (scene, tap, whole, alteration)
        for scene, tap, whole in prepare_scenes(kind)
        for alteration in list_alterations(tap.answers)
    ]
    random.Random(0).shuffle(altered)  # noqa: S311 - nothing secret
    # The same key of another container, or of another engine's answer, is altered only once.
    different = {describe_place(drawn[-1]): drawn for drawn in altered}
    is_slow = kind.cost is Cost.WAIT and not kind.passive
    limit = MAX_OF_SLOW_KINDS if is_slow else MAX_ALTERATIONS
    for scene, tap, whole, alteration in islice(different.values(), limit):
        with tap.alter(alteration):
            yield alteration, whole, observe_anew(scene)


def describe_place(alteration: Alteration) -> tuple[str, ...]:
    """Name what is altered and how, without saying of which object."""
    question = alteration.question
    resource = question.arguments[:1] if question.method == "read" else question.arguments
    return (question.method, *resource, re.sub(r"\b\d+\.", "*.", alteration.note))


@EVERY_KIND
def test_a_kind_sees_something_in_each_of_its_scenes(kind: type[Probe]) -> None:
    scenes = prepare_scenes(kind)
    assert scenes
    for scene, tap, whole in scenes:
        assert type(scene.probe) is kind
        assert isinstance(whole, Seen), whole
        assert whole.kind == name_kind(kind)
        assert tap.answers, "nothing was asked: the scene is no scene"


@EVERY_KIND
def test_no_odd_answer_makes_a_probe_crash(kind: type[Probe]) -> None:
    for alteration, _, observed in alter_scenes(kind):
        assert isinstance(observed, Seen | Absent | Unobservable), alteration
        assert observed.kind == name_kind(kind), alteration
        assert "canary" not in repr(observed), alteration
        if isinstance(observed, Seen):
            msgspec.convert(observed.facts, kind.facts)


def identify(observed: Observation) -> dict[str, Any]:
    """Give the facts that say which object was seen."""
    facts = observed.facts if isinstance(observed, Seen) else {}
    return {name: facts.get(name) for name in ("id", "name", "node_id")}


@EVERY_KIND
def test_what_has_lost_its_name_is_neither_absent_nor_another(kind: type[Probe]) -> None:
    for scene, tap, whole in prepare_scenes(kind):
        for alteration in list_alterations(tap.answers):
            nameless = alteration.note.endswith(("=UNSET", "=None")) and alteration.question.method == "read"
            if nameless and len(alteration.path) <= 2 and alteration.path[-1] in IDENTITIES:
                with tap.alter(alteration):
                    observed = observe_anew(scene)
                assert isinstance(observed, Seen | Unobservable), alteration
                for name, value in identify(observed).items():
                    assert value in {"", None, identify(whole)[name]}, alteration
