"""Kind `volume`: a volume by its name → whether there is one."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.protocol import Engine, NotThere, OutOfReach
from dckgrade.probes.base import Strict
from dckgrade.probes.support.lookup import unseen
from dckgrade.report.observation import Observation, Seen


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a volume."""

    driver: str
    """`local` unless another one was asked for."""


class Volume(Strict, frozen=True, kw_only=True, tag_field="kind", tag="volume"):
    """Look for the volume *name*."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True

    def observe(self, engine: Engine) -> Observation:
        """Inspect it."""
        try:
            found = engine.inspect_volume(self.name)
        except (NotThere, OutOfReach) as trouble:
            return unseen("volume", trouble)
        facts = Facts(driver=str(found.get("Driver") or ""))
        return Seen(kind="volume", facts=msgspec.to_builtins(facts))
