"""Kind `container-limits`: the memory, processors and processes that the kernel grants to a container."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, convert_to_observation
from dckgrade.probes.support.reachability import is_running
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

READ_CPU_COMMAND = (
    "cat",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
"""Control groups v2, then v1: one of them has its files, of the other `cat` says that there are none."""
DEFAULT_PERIOD_US = 100_000
NO_PROCESS_LIMIT = 1 << 62
"""More than any kernel takes: v2 says `max` as 2^64 - 1."""
LIMIT_OPTION_PATTERN = re.compile(
    r"--(memory|memory-swap|memory-reservation|cpus|cpu-shares|cpu-quota|cpu-period|cpuset-cpus|pids-limit)(=.*)?"
)
SHORT_LIMIT_PATTERN = re.compile(r"-m\0[0-9]+[bkmgBKMG]?")
MAX_SHOWN_CHARS = 80


class Facts(Struct, frozen=True, kw_only=True):
    """What was asked for, and what is in force; of a container that does not run nothing is in force."""

    name: str
    running: bool
    """Whether it runs now: limits are in force of such a one alone."""
    declared_memory: int | None
    """In bytes, as `docker run` or `docker update` set it; null: none."""
    declared_cpus: float | None
    """By `--cpus`, or by quota and period; null: none."""
    declared_processes: int | None
    declared_shares: int | None
    """`--cpu-shares`, which caps nothing while the machine is idle; null: the default."""
    declared_cpuset: str
    """`--cpuset-cpus`, which processors; empty: any."""
    memory_bytes: int | None
    """What the kernel grants; null: no limit below the machine's memory, or it is not counted."""
    processes: int | None
    """How many processes and threads; null: no limit, or they are not counted."""
    cpus: float | None
    """How many processors' worth of time; null: no limit, or it was not seen."""
    cpus_seen: bool
    """Whether the kernel's own file could be read inside; images without `cat` do not show it."""
    control_groups: str | None
    """Their version, `1` or `2`; null: this engine's kernel does not limit all three."""
    misplaced: list[str]
    """Options of limits that stand after the image's name, so that the program got them."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "running": Text(fr="conteneur en marche", en="container running"),
    "declared_memory": Text(fr="limite de mémoire déclarée", en="declared memory limit"),
    "declared_cpus": Text(fr="limite de processeurs déclarée", en="declared processor limit"),
    "declared_processes": Text(fr="limite de processus déclarée", en="declared process limit"),
    "declared_shares": Text(fr="parts de processeur déclarées", en="declared processor shares"),
    "declared_cpuset": Text(fr="processeurs choisis", en="processors chosen"),
    "memory_bytes": Text(fr="limite de mémoire en vigueur", en="memory limit in force"),
    "processes": Text(fr="limite de processus en vigueur", en="process limit in force"),
    "cpus": Text(fr="limite de processeurs en vigueur", en="processor limit in force"),
    "cpus_seen": Text(
        fr="limite de processeurs lue chez le noyau", en="processor limit read from the kernel"
    ),
    "control_groups": Text(fr="version des groupes de contrôle", en="version of the control groups"),
    "misplaced": Text(fr="options reçues par le programme", en="options that the program got"),
    "command": Text(fr="commande exécutée", en="command run"),
}


WORDS: Mapping[str, ValueWords] = {
    "memory_bytes": {
        None: Text(fr="aucune", en="none"),
    },
    "processes": {
        None: Text(fr="aucune", en="none"),
    },
    "cpus": {
        None: Text(fr="aucune", en="none"),
    },
    "declared_memory": {
        None: Text(fr="aucune", en="none"),
    },
    "declared_cpus": {
        None: Text(fr="aucune", en="none"),
    },
    "declared_processes": {
        None: Text(fr="aucune", en="none"),
    },
    "misplaced": value_words.NO_ELEMENT_FEMININE,
}


class ContainerLimits(ContainerProbe, frozen=True, kw_only=True, tag="container-limits"):
    """
    Look at the limits of the container called *container*: asked for, and in force.

    Memory and processes are those of `docker stats`; for the processors this runs `cat` in the container.
    """

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    units: ClassVar[Mapping[str, Unit]] = {"declared_memory": "bytes"}
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "memory_bytes": DraftedFact(
            Text(fr="a au plus {value} octets de mémoire", en="has {value} bytes of memory at most")
        ),
        "processes": DraftedFact(Text(fr="a au plus {value} processus", en="has {value} processes at most")),
        "cpus": DraftedFact(Text(fr="a au plus {value} processeur", en="has {value} CPUs at most")),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Of what runs take a sample, and read the kernel's file."""
        running = is_running(inspected)
        sample = engine.sample_stats(subject.id) if running else {}
        written = read_cpu_files(engine, subject.id) if running else ""
        return build_limits_facts(subject.name, inspected, engine.inspect_engine(), sample, written)

    def foresee(self, engine: Engine) -> Observation | None:
        """Where the kernel limits nothing, nothing is in force of any container."""
        try:
            info = engine.inspect_engine()
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-limits", trouble)
        if get_control_groups(info):
            return None
        facts = {"name": self.container, "running": True, "misplaced": [], "cpus_seen": False}
        return Seen(kind="container-limits", facts=dict.fromkeys(Facts.__struct_fields__) | facts)


def read_cpu_files(engine: Engine, container: str) -> str:
    """Return what the kernel's files say inside the container; nothing where they cannot be read."""
    try:
        return engine.run_command(container, READ_CPU_COMMAND).output
    except (NotThere, OutOfReach):
        return ""


def build_limits_facts(name: str, inspected: Json, info: Json, sample: Json, cpu_files: str) -> Facts:
    """Put an inspect answer, the engine's description, a sample and the kernel's files into facts."""
    host = inspected.get("HostConfig") or {}
    memory = (sample.get("memory_stats") or {}).get("limit")
    processes = (sample.get("pids_stats") or {}).get("limit")
    quota = parse_cpu_files(cpu_files)
    running = is_running(inspected)
    return Facts(
        name=name,
        running=running,
        declared_memory=host.get("Memory") or None,
        declared_cpus=read_declared_cpus(host),
        declared_processes=read_process_limit(host.get("PidsLimit")),
        declared_shares=host.get("CpuShares") or None,
        declared_cpuset=(host.get("CpusetCpus") or "")[:MAX_SHOWN_CHARS],
        memory_bytes=memory if memory and memory < (info.get("MemTotal") or memory + 1) else None,
        processes=read_process_limit(processes),
        cpus=quota[0] if quota else None,
        cpus_seen=quota is not None,
        control_groups=get_control_groups(info) if memory is not None or not running else None,
        misplaced=list_misplaced_options((inspected.get("Config") or {}).get("Cmd") or []),
        command=" ".join(READ_CPU_COMMAND) if running else "",
    )


def get_control_groups(info: Json) -> str | None:
    """Return the version of the control groups; None where they do not limit all three."""
    switches = (info.get(name) for name in ("MemoryLimit", "CpuCfsQuota", "PidsLimit"))
    if info.get("CgroupDriver") == "none" or False in switches:
        return None
    return str(info.get("CgroupVersion") or "1").lstrip("v")[:1]


def read_declared_cpus(host: Json) -> float | None:
    """Return how many processors' worth was asked for; null without a limit."""
    if nano := host.get("NanoCpus") or 0:
        return float(nano) / 1e9
    quota = host.get("CpuQuota") or 0
    return round(quota / (host.get("CpuPeriod") or DEFAULT_PERIOD_US), 3) if quota > 0 else None


def read_process_limit(limit: int | None) -> int | None:
    """Return a limit of processes; 0, -1 and more than any kernel takes mean none."""
    return limit if limit is not None and 0 < limit < NO_PROCESS_LIMIT else None


def parse_cpu_files(written: str) -> tuple[float | None] | None:
    """Read `cpu.max` of v2, or quota and period of v1: the limit, null for none; None where nothing is."""
    if found := re.search(r"^(max|\d+) (\d+)$", written, re.MULTILINE):
        return (None if found[1] == "max" else compute_cpus(int(found[1]), int(found[2])),)
    numbers = [int(number) for number in re.findall(r"^(-?\d{1,18})$", written, re.MULTILINE)]
    if len(numbers) != 2:  # noqa: PLR2004 - quota and period
        return None
    return (compute_cpus(*numbers) if numbers[0] > 0 else None,)


def compute_cpus(quota_us: int, period_us: int) -> float | None:
    """Return the share of a processor that a quota grants in each period."""
    return round(quota_us / period_us, 3) if period_us else None


def list_misplaced_options(command: Sequence[str]) -> list[str]:
    """List the words after the image's name that are options of limits for `docker run`."""
    return [
        word[:MAX_SHOWN_CHARS]
        for word, after in zip(command, [*command[1:], ""], strict=False)
        if LIMIT_OPTION_PATTERN.fullmatch(word) or SHORT_LIMIT_PATTERN.fullmatch(f"{word}\0{after}")
    ][:10]
