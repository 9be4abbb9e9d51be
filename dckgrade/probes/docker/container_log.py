"""Kind `container-log`: the last log lines of a container, secrets masked."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    FoundContainer,
    convert_to_observation,
    find_container,
)
from dckgrade.probes.support.supply import EACH_CONTAINER, NotSupplied, Supply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What the container wrote last."""

    text: str
    """Both streams, at most 200 lines and 64 KiB; empty where the log driver keeps none."""


LABELS: Mapping[str, Text] = {
    "text": Text(fr="dernières lignes des logs", en="last lines of the log"),
}


class ContainerLog(ContainerProbe, frozen=True, kw_only=True, tag="container-log"):
    """Read the log of the container called *container*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver"}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect (a terminal's stream is framed differently), read."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.container)
            tty = bool((engine.inspect_container(subject.id).get("Config") or {}).get("Tty"))
            facts = Facts(text=engine.read_log_tail(subject.id, tty=tty))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-log", trouble, subject)
        return Seen(kind="container-log", facts=msgspec.to_builtins(facts))
