"""Kind `apparmor-host`: whether the engine's kernel has AppArmor."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import ONCE, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What `GET /info` says."""

    supported: bool
    """`name=apparmor` stands among its security options."""
    rootless: bool
    """It runs in a user namespace, where profiles cannot be applied."""
    desktop: bool
    """It is Docker Desktop's, in a virtual machine of its own."""
    system: str
    """The operating system that it runs on."""
    kernel: str


LABELS: Mapping[str, Text] = {
    "supported": Text(fr="AppArmor pris en charge", en="AppArmor supported"),
    "rootless": Text(fr="moteur sans root", en="rootless engine"),
    "desktop": Text(fr="moteur de Docker Desktop", en="engine of Docker Desktop"),
    "system": Text(fr="système d'exploitation", en="operating system"),
    "kernel": Text(fr="version du noyau", en="kernel version"),
}


WORDS: Mapping[str, ValueWords] = {
    "supported": {
        False: Text(
            fr="AppArmor n'est pas disponible sur la machine de ce moteur",
            en="AppArmor is not available on this engine's machine",
        ),
    },
}


class ApparmorHost(Probe, frozen=True, kw_only=True, tag="apparmor-host"):
    """Ask the engine whether it can apply profiles."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="ce moteur ne dit rien d'AppArmor", en="this engine says nothing of AppArmor"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask once."""
        try:
            facts = read_apparmor_host_facts(engine.inspect_engine())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-host", trouble)
        return Seen(kind="apparmor-host", facts=msgspec.to_builtins(facts))

    def foresee(self, engine: Engine) -> Observation | None:
        """Whatever the trainee does, it is the same."""
        return self.observe(engine)


def read_apparmor_host_facts(info: Json) -> Facts:
    """Read the options; each is `name=…`, perhaps with more behind a comma."""
    options = {str(option).partition(",")[0] for option in info.get("SecurityOptions") or []}
    system, name = str(info.get("OperatingSystem") or ""), str(info.get("Name") or "")
    return Facts(
        supported="name=apparmor" in options,
        rootless="name=rootless" in options,
        desktop=system == "Docker Desktop" or name == "docker-desktop",
        system=system[:100],
        kernel=str(info.get("KernelVersion") or "")[:100],
    )
