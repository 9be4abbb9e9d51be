"""Kind `container-stats`: the figures of `docker stats`, from one sample of a container's resources."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    ContainerName,
    FoundContainer,
    convert_to_observation,
    find_container,
    is_restart_looping,
    parse_timestamp,
)
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What one sample says; of a stopped container HTTP 200 and zeros, which `live` tells apart."""

    live: bool
    """The sample carries a real time and the container lasts: neither made up for one that does not run,
    nor taken between two restarts."""
    memory_bytes: int | None
    """As `docker stats` shows it: usage without the inactive page cache; null where it is not counted."""
    memory_limit_bytes: int | None
    """What it may take at most; null where it is not counted."""
    cpu_ns: int | None
    """Processor time used since the start; null where it is not counted."""
    processes: int | None
    """How many processes and threads it has; null where they are not counted."""


LABELS: Mapping[str, Text] = {
    "live": Text(fr="mesure prise en marche", en="measured while running"),
    "memory_bytes": Text(fr="mémoire utilisée (octets)", en="memory used (bytes)"),
    "memory_limit_bytes": Text(fr="limite de mémoire (octets)", en="memory limit (bytes)"),
    "cpu_ns": Text(fr="temps processeur utilisé (ns)", en="processor time used (ns)"),
    "processes": Text(fr="nombre de processus et de threads", en="number of processes and threads"),
}


class ContainerStats(Probe, frozen=True, kw_only=True, tag="container-stats"):
    """Measure the container called *container*."""

    container: ContainerName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.WAIT
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver"}

    def observe(self, engine: Engine) -> Observation:
        """Take one sample (the engine answers at its collector's next tick, within a second)."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.container)
            facts = read_stats_facts(engine.sample_stats(subject.id))
            # Asked last: the sample is the slow one, and who else looks at it has inspected it already.
            if is_restart_looping(engine.inspect_container(subject.id), engine.now()):
                facts = replace(facts, live=False)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-stats", trouble, subject)
        return Seen(kind="container-stats", facts=msgspec.to_builtins(facts))


def read_stats_facts(sample: Json) -> Facts:
    """Read the facts out of a stats answer, of cgroup v1 or v2."""
    memory = sample.get("memory_stats") or {}
    return Facts(
        live=bool(sample.get("read")) and parse_timestamp(sample["read"]).year > 1,
        memory_bytes=compute_memory_bytes(memory),
        memory_limit_bytes=memory.get("limit"),
        cpu_ns=((sample.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage"),
        processes=(sample.get("pids_stats") or {}).get("current"),
    )


def compute_memory_bytes(memory: Json) -> int | None:
    """Subtract the inactive page cache, as the Docker CLI does (docker/cli, stats_helpers.go)."""
    usage = memory.get("usage")
    if not isinstance(usage, int):
        return None
    details = memory.get("stats") or {}
    # cgroup v1 counts a container's children in total_inactive_file; v2 has only inactive_file.
    for name in ("total_inactive_file", "inactive_file"):
        inactive = details.get(name)
        if isinstance(inactive, int) and inactive < usage:
            return usage - inactive
    return usage
