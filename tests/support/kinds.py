"""Kinds of probes as tests want them: built from their own example."""

import msgspec

from dckgrade.probes.base import Probe
from dckgrade.probes.registry import name_kind


def build_example(kind: type[Probe]) -> Probe:
    """Return the probe of *kind* that its example describes, as a lab would write it."""
    return msgspec.convert({"kind": name_kind(kind), **kind.example}, kind)
