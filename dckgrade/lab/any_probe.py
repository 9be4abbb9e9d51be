"""A probe of any kind, as a part of a lab."""

from abc import ABC
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError

from dckgrade.probes.base import Probe
from dckgrade.probes.registry import find_kind
from dckgrade.report.decode import convert_data

if TYPE_CHECKING:
    AnyProbe = Probe
else:

    class AnyProbe(ABC):  # noqa: B024 - it stands for all kinds
        """A probe of any kind: a union would import them all, and a lab uses a few (`decode_probe`)."""

    AnyProbe.register(Probe)


def decode_probe(_wanted: type, data: Any) -> Probe:
    """Make a probe of its data, for msgspec: the module of its kind is imported, and no other's."""
    name = data.get("kind") if isinstance(data, dict) else None
    kind = find_kind(name) if isinstance(name, str) else None
    if kind is None:
        raise ValidationError(f"no kind of probe: {name!r}")
    return convert_data(data, kind)
