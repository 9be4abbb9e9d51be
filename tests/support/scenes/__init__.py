"""
Engines on which kinds of probes see something, one module a topic.

A topic's module has `SCENES`: by a kind's name, a function that returns its scenes. A kind that is not among
them is shown a recorded engine, and looks for what its example names.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Probe
from dckgrade.probes.registry import name_kind
from tests.support.fake_engine import FakeEngine
from tests.support.kinds import build_example


class Scene(NamedTuple):
    """A probe and an engine on which it sees something."""

    probe: Probe
    engine: Engine


SceneBuilder = Callable[[], Sequence[Scene]]


def build_scenes(kind: type[Probe]) -> Sequence[Scene]:
    """Build the scenes of *kind*, anew at each call."""
    builders = load_builders(kind.__module__.split(".")[-2])
    builder = builders.get(name_kind(kind), lambda: [Scene(build_example(kind), FakeEngine())])
    return builder()


def load_builders(topic: str) -> Mapping[str, SceneBuilder]:
    """Return what the topic's module builds; nothing where there is no such module."""
    module = f"{__name__}.{topic}"
    if find_spec(module) is None:
        return {}
    builders: Mapping[str, SceneBuilder] = import_module(module).SCENES
    return builders
