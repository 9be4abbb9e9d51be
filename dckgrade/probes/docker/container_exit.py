"""Kind `container-exit`: how a container's program ended, and whether the kernel killed it for its memory."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.docker.container import ContainerStatus, parse_status
from dckgrade.probes.docker.container_limits import get_control_groups
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, convert_to_observation
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """The state that is left of a container. 137 alone does not say who killed it."""

    name: str
    status: ContainerStatus
    """As `docker ps -a` says it."""
    exit_code: int
    """Of its last end; 0 while it has never ended."""
    oom_killed: bool
    """Whether Docker saw the kernel kill it for its memory; a death at the very start may escape Docker."""
    restart_policy: str
    """no, always, on-failure or unless-stopped."""
    memory_limit: int | None
    """In bytes, as `docker run` or `docker update` set it; null: none."""
    control_groups: str | None
    """Their version, `1` or `2`; null: this engine's kernel limits nothing, and kills nobody for a limit."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "status": Text(fr="état du conteneur", en="container state"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
    "oom_killed": Text(fr="tué par manque de mémoire", en="killed for lack of memory"),
    "restart_policy": Text(fr="politique de redémarrage", en="restart policy"),
    "memory_limit": Text(fr="limite de mémoire déclarée", en="declared memory limit"),
    "control_groups": Text(fr="version des groupes de contrôle", en="version of the control groups"),
}


WORDS: Mapping[str, ValueWords] = {
    "exit_code": value_words.EXIT_CODE,
    "status": value_words.CONTAINER_STATUS,
    "restart_policy": value_words.RESTART_POLICY,
    "oom_killed": {
        False: Text(
            fr="le noyau n'a pas tué le conteneur par manque de mémoire",
            en="the kernel did not kill the container for lack of memory",
        ),
    },
}


class ContainerExit(ContainerProbe, frozen=True, kw_only=True, tag="container-exit"):
    """Look at how the container called *container* ended."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    units: ClassVar[Mapping[str, Unit]] = {"memory_limit": "bytes"}
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "exit_code": DraftedFact(Text(fr="s'est terminé avec le code {value}", en="ended with code {value}")),
        "oom_killed": DraftedFact(
            {True: Text(fr="a été tué par manque de mémoire", en="was killed for lack of memory")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read its state, and of the engine whether its kernel limits anything."""
        state, host = inspected.get("State") or {}, inspected.get("HostConfig") or {}
        return Facts(
            name=subject.name,
            status=parse_status(state.get("Status") or subject.state),
            exit_code=state.get("ExitCode") or 0,
            oom_killed=bool(state.get("OOMKilled")),
            restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
            memory_limit=host.get("Memory") or None,
            control_groups=get_control_groups(engine.inspect_engine()),
        )

    def foresee(self, engine: Engine) -> Observation | None:
        """Where the kernel limits nothing, it kills nobody for a limit."""
        try:
            if get_control_groups(engine.inspect_engine()):
                return None
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-exit", trouble)
        facts = Facts(
            name=self.container,
            status="exited",
            exit_code=1,
            oom_killed=False,
            restart_policy="no",
            memory_limit=None,
            control_groups=None,
        )
        return Seen(kind="container-exit", facts=msgspec.to_builtins(facts))
