"""A kind of probe that finds one container, inspects it, and reads its facts from there."""

from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Probe, kind_of
from dckgrade.probes.support.lookup import (
    ContainerName,
    FoundContainer,
    convert_to_observation,
    find_container,
)
from dckgrade.report.observation import Observation, Seen


class ContainerProbe(Probe, frozen=True, kw_only=True):
    """What kinds about the container called *container* have in common; they read its facts."""

    container: ContainerName

    image: ClassVar[str | None] = None
    """The repository of the image by which it is found failing the name; None: by its name alone."""

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, read the facts."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.container, self.image)
            inspected = engine.inspect_container(subject.id)
            facts = self.read_facts(engine, subject, inspected)
            age_s = self.measure_age_s(inspected, engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation(kind_of(self), trouble, subject)
        return Seen(kind=kind_of(self), facts=msgspec.to_builtins(facts), age_s=age_s)

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Struct:
        """Read the facts out of an inspect answer; ask *engine* for more. Raises `NotThere`, `OutOfReach`."""
        raise NotImplementedError

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:  # noqa: ARG002 - for those that do
        """Return for how many seconds what was seen has been so; None where no check waits for it."""
        return None
