"""Kinds of probes as tests want them: built from their own example."""

import sys

import msgspec

import reference
from dckgrade.probes.base import Probe
from dckgrade.probes.registry import name_kind


def build_example(kind: type[Probe]) -> Probe:
    """Return the probe of *kind* that its example describes, as a lab would write it."""
    return msgspec.convert({"kind": name_kind(kind), **kind.example}, kind)


def write_reference() -> None:
    """Write the page about all labs and kinds, as this Python knows them."""
    sys.stdout.write(reference.build_page("en"))
