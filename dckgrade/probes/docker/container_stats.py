"""Kind `container-stats`: the figures of `docker stats`, from one sample of a container's resources."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.container import ContainerStatus, parse_status
from dckgrade.probes.docker.image_names import list_image_names, matches_image
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    ContainerName,
    FoundContainer,
    convert_to_observation,
    find_container,
    is_restart_looping,
    parse_timestamp,
)
from dckgrade.probes.support.supply import EACH_CONTAINER, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What one sample says; of a stopped container HTTP 200 and zeros, which `live` tells apart."""

    name: str
    image: str
    """As it was asked for."""
    image_fits: bool | None
    """Whether it is of the image that the lab gives the container elsewhere; null where it gives none."""
    status: ContainerStatus
    """The container's state, as `docker ps -a` says it."""
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


MEMORY_FIGURES = ("memory_bytes", "memory_limit_bytes")
FIGURES = (*MEMORY_FIGURES, "cpu_ns", "processes")
LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "image": Text(fr="image du conteneur", en="container image"),
    "image_fits": Text(fr="image du TP", en="image of the lab"),
    "status": Text(fr="état du conteneur", en="container state"),
    "live": Text(fr="mesure prise en marche", en="measured while running"),
    "memory_bytes": Text(fr="mémoire utilisée", en="memory used"),
    "memory_limit_bytes": Text(fr="limite de mémoire", en="memory limit"),
    "cpu_ns": Text(fr="temps processeur utilisé", en="processor time used"),
    "processes": Text(fr="nombre de processus et de threads", en="number of processes and threads"),
}


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "image_fits": {
        False: Text(
            fr="l'image est {image} : ce n'est pas celle du TP",
            en="the image is {image}: not the one of the lab",
        ),
    },
    "live": {
        False: Text(
            fr="le conteneur ne tourne pas durablement : rien n'y est mesuré",
            en="the container does not keep running: nothing is measured",
        ),
    },
    "memory_bytes": {
        None: Text(fr="pas mesurée", en="not measured"),
    },
    "memory_limit_bytes": {
        None: Text(fr="pas mesurée", en="not measured"),
    },
    "cpu_ns": {
        None: Text(fr="pas mesuré", en="not measured"),
        0: Text(fr="aucun", en="none"),
    },
    "processes": {
        None: Text(fr="pas mesuré", en="not measured"),
    },
}


class ContainerStats(Probe, frozen=True, kw_only=True, tag="container-stats"):
    """Measure the container called *container*."""

    container: ContainerName

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.WAIT
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    example: ClassVar[Mapping[str, Any]] = {"container": "dbserver"}

    def observe(self, engine: Engine) -> Observation:
        """Take one sample (the engine answers at its collector's next tick, within a second)."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.container)
            sample = engine.sample_stats(subject.id)
            # Asked last: the sample is the slow one, and who else looks at it has inspected it already.
            inspected, image = engine.inspect_container(subject.id), engine.lab_containers.get(self.container)
            facts = read_stats_facts(engine, subject, inspected, sample, image)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-stats", trouble, subject)
        return Seen(kind="container-stats", facts=msgspec.to_builtins(facts))

    def foresee(self, engine: Engine) -> Observation | None:
        """What the kernel does not count, no container has."""
        try:
            info = engine.inspect_engine()
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container-stats", trouble)
        uncounted = FIGURES if has_no_control_groups(info) else MEMORY_FIGURES
        if info.get("MemoryLimit") is not False and uncounted is MEMORY_FIGURES:
            return None
        measured = dict.fromkeys(FIGURES, 1) | dict.fromkeys(uncounted)
        facts = {"name": self.container, "image_fits": True, "status": "running", "live": True}
        return Seen(kind="container-stats", facts=dict.fromkeys(Facts.__struct_fields__) | facts | measured)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """
        Older recordings hold name, image and state of the container beside it, of the same round.

        They also hold metrics of the whole machine where no processes are counted: those are nobody's.
        """
        seen = super().recall(recorded)
        if not isinstance(seen, Seen) or "image_fits" in seen.facts:
            return seen
        beside = [
            other.facts
            for key, other in recorded.items()
            if isinstance(other, Seen) and key.startswith(f"container name={self.container} image=")
        ]
        facts = (
            {name: beside[0][name] for name in ("name", "image", "image_fits", "status")} if beside else {}
        )
        uncounted = dict.fromkeys(FIGURES) if seen.facts.get("processes") is None else {}
        return replace(seen, facts=facts | seen.facts | uncounted)


def read_stats_facts(
    engine: Engine, subject: FoundContainer, inspected: Json, sample: Json, wanted_image: str | None
) -> Facts:
    """Read the facts out of an inspect answer and a sample; what runs has a sample with a time."""
    status = parse_status((inspected.get("State") or {}).get("Status") or subject.state)
    if status == "running" and not sample.get("read"):
        raise OutOfReach(UnobservableReason.UNREADABLE, "read")
    # A sample made up for a stopped container is of the year 1.
    timed = bool(sample.get("read")) and parse_timestamp(sample["read"]).year > 1
    images = list_image_names(inspected, wanted_image, engine)
    return Facts(
        name=subject.name,
        image=images[0],
        image_fits=matches_image(images, inspected, wanted_image) if wanted_image else None,
        status=status,
        live=timed and not is_restart_looping(inspected, engine.now()),
        **read_figures(sample if not timed or counts_containers(sample, engine) else {}),
    )


def counts_containers(sample: Json, engine: Engine) -> bool:
    """
    Return whether the figures are a container's own. Without control groups, as some rootless engines run,
    they are those of the whole machine, and no processes are counted.
    """
    counted = (sample.get("pids_stats") or {}).get("current") is not None
    return counted or not has_no_control_groups(engine.inspect_engine())


def has_no_control_groups(info: Json) -> bool:
    """Return whether the engine runs its containers without control groups (`/info`)."""
    return bool(info.get("CgroupDriver") == "none")


def read_figures(sample: Json) -> dict[str, int | None]:
    """Read the figures of a stats answer, of cgroup v1 or v2."""
    memory = sample.get("memory_stats") or {}
    return {
        "memory_bytes": compute_memory_bytes(memory),
        "memory_limit_bytes": memory.get("limit"),
        "cpu_ns": ((sample.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage"),
        "processes": (sample.get("pids_stats") or {}).get("current"),
    }


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
