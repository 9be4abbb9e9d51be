"""Kind `volume`: whether there is a volume of a given name."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import EACH_VOLUME, DraftedFact, NotSupplied, Supply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a volume."""

    driver: str
    """`local` unless another one was asked for."""


LABELS: Mapping[str, Text] = {
    "driver": Text(fr="pilote du volume", en="volume driver"),
}


class Volume(Probe, frozen=True, kw_only=True, tag="volume"):
    """Look for the volume *name*."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucun volume nommé {asked} n'a été trouvé", en="no volume named {asked} was found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    supply: ClassVar[Supply | NotSupplied] = EACH_VOLUME
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "driver": DraftedFact(Text(fr="existe", en="exists"), existence=True),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "data"}

    def observe(self, engine: Engine) -> Observation:
        """Inspect it."""
        try:
            found = engine.inspect_volume(self.name)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("volume", trouble)
        facts = Facts(driver=str(found.get("Driver") or ""))
        return Seen(kind="volume", facts=msgspec.to_builtins(facts))
