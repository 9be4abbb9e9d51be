"""What several labs claim on one engine: a container's name, a port of the machine."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from dckgrade.lab.model import Lab
from dckgrade.probes.base import Probe
from dckgrade.probes.support.lookup import list_name_parameters, list_parameters_of
from dckgrade.probes.support.service import MachinePort


class Claim(Struct, frozen=True, order=True):
    """One thing of which an engine has one only."""

    container: str = ""
    """Its name; empty where a port is claimed."""
    port: int = 0
    """A port of the machine; 0 where a container is claimed."""


def find_collisions(labs: Sequence[Lab]) -> dict[Claim, list[str]]:
    """
    Find what more than one of *labs* claims, and the ids of those labs, in their order.

    What is done for one of them counts for the other, or is in its way.
    """
    claimed: dict[Claim, list[str]] = defaultdict(list)
    for lab in labs:
        for claim in sorted(set(list_claims(lab.list_probes()))):
            claimed[claim].append(lab.id)
    return {claim: ids for claim, ids in claimed.items() if len(ids) > 1}


def list_claims(probes: Iterable[Probe]) -> Iterator[Claim]:
    """Yield what *probes* claim; the types of their parameters tell."""
    for probe in probes:
        for parameter in list_name_parameters(type(probe)):
            name = getattr(probe, parameter)
            # A container that the lab leaves unnamed is nobody's.
            if not name.startswith("@"):
                yield Claim(container=name)
        for parameter in list_parameters_of(type(probe), MachinePort):
            yield Claim(port=getattr(probe, parameter))
