"""Kind `container-restarts`: what the engine does when a container's program ends, and what it has done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.docker.container import ContainerStatus, parse_status
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    FoundContainer,
    is_restart_looping,
    parse_timestamp,
    uptime_s,
)
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """
    The policy, and what came of it.

    A stop by hand (`docker stop`, `docker kill`) is no failure: no policy acts on it. A start by hand
    (`docker restart`, `docker start`) sets the count to 0, and so does one that comes with the engine's own
    start.
    """

    name: str
    status: ContainerStatus
    """As `docker ps -a` says it."""
    policy: str
    """no, always, on-failure or unless-stopped."""
    max_retries: int
    """How often `on-failure` tries at most; 0: without end."""
    count: int
    """How often the engine has started it anew, by itself, since it was last started by hand or with it."""
    looping: bool
    """It was restarted less than ten seconds ago, or is about to be: what it does now may not last."""
    has_ended: bool
    """Whether its program has ended since the container was made."""
    exit_code: int
    """Of its last end; 0 while it has never ended."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "status": Text(fr="état du conteneur", en="container state"),
    "policy": Text(fr="politique de redémarrage", en="restart policy"),
    "max_retries": Text(fr="nombre maximal d'essais", en="maximum number of retries"),
    "count": Text(fr="nombre de redémarrages par le moteur", en="number of restarts by the engine"),
    "looping": Text(fr="redémarrages en cours", en="still being restarted"),
    "has_ended": Text(fr="programme déjà terminé une fois", en="program that has ended before"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
}


WORDS: Mapping[str, ValueWords] = {
    "exit_code": value_words.EXIT_CODE,
    "status": value_words.CONTAINER_STATUS,
    "policy": value_words.RESTART_POLICY,
    "looping": {
        True: Text(fr="le conteneur redémarre sans cesse", en="the container keeps restarting"),
    },
}


class ContainerRestarts(ContainerProbe, frozen=True, kw_only=True, tag="container-restarts"):
    """Look at how the container called *container* is restarted."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "policy": DraftedFact(
            Text(fr="suit la politique de redémarrage {value}", en="follows the restart policy {value}"),
            usual="no",
        ),
        "max_retries": DraftedFact(
            Text(fr="redémarre {value} fois au plus", en="restarts {value} times at most")
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read policy, count and last end."""
        return read_restarts_facts(engine, subject, inspected)

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return for how many seconds it has been running, or since when it is about to be restarted."""
        return measure_age_s(inspected, now)


def measure_age_s(inspected: Json, now: datetime) -> float | None:
    """Return for how many seconds it has been running, or since when it is about to be restarted."""
    state = inspected.get("State") or {}
    if state.get("Restarting") and state.get("StartedAt"):
        return max(0.0, round((now - parse_timestamp(state["StartedAt"])).total_seconds(), 1))
    return uptime_s(inspected, now)


def read_restarts_facts(engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
    """Read the facts out of an inspect answer; a program that has never ended did so in the year 1."""
    state = inspected.get("State") or {}
    policy = (inspected.get("HostConfig") or {}).get("RestartPolicy") or {}
    ended_at = str(state.get("FinishedAt") or "")
    return Facts(
        name=subject.name,
        status=parse_status(state.get("Status") or subject.state),
        policy=policy.get("Name") or "no",
        max_retries=policy.get("MaximumRetryCount") or 0,
        count=inspected.get("RestartCount") or 0,
        looping=is_restart_looping(inspected, engine.now()),
        has_ended=bool(ended_at) and parse_timestamp(ended_at).year > 1,
        exit_code=state.get("ExitCode") or 0,
    )
