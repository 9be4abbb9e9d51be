"""What engines a lab's cases need: one, a cluster or a guest machine; how many fit into memory; made here."""

import os
from functools import cache
from pathlib import Path

from msgspec import Struct

from dckgrade.prove.engines.cluster import PrivateCluster
from dckgrade.prove.engines.guest import GuestEngine
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.prove.engines.release import INSTALLED, EngineRelease
from dckgrade.prove.images import run_builder

MEMORY_PER_ENGINE = 1_000_000_000
"""Bytes of one engine with the largest lab's containers: Elasticsearch takes a quarter of it."""
MEMORY_PER_CLUSTER_MEMBER = 300_000_000
MEMORY_PER_GUEST = 2_200_000_000
"""Bytes of a guest machine: its own memory, and qemu's translated code."""
USABLE_MEMORY_SHARE = 0.75
GUEST_START_S, ENGINE_START_S = 120.0, 5.0
"""How long they take until the first case; a guest's processor is emulated."""
ENGINES_PER_PROCESSOR = 2
"""Waiting costs no time of a processor, but Java that starts does: with more, budgets run out."""
ENGINES_WHERE_MEMORY_IS_UNKNOWN = 2


class EngineSetting(Struct, frozen=True):
    """What a lab's cases are applied to."""

    count: int = 1
    """Engines on one network; the first is graded."""
    guest: bool = False
    """A machine of its own, whose kernel has AppArmor."""
    release: EngineRelease = INSTALLED

    @property
    def memory(self) -> int:
        """Estimate what it takes with a lab's containers, in bytes."""
        if self.guest:
            return MEMORY_PER_GUEST
        return MEMORY_PER_ENGINE if self.count == 1 else MEMORY_PER_CLUSTER_MEMBER * self.count

    @property
    def start_s(self) -> float:
        """Estimate how long it takes to start, in seconds."""
        return GUEST_START_S if self.guest else ENGINE_START_S * self.count


def create_engine(setting: EngineSetting, fixtures: Path) -> PrivateEngine | PrivateCluster | GuestEngine:
    """Create what *setting* asks for; it is started by entering its context."""
    release = setting.release
    if setting.guest:
        builder, suite = fixtures / "guest" / "build.py", [release.suite] if release.suite else []
        return GuestEngine(
            lambda folder: run_builder(builder, [str(folder), *suite]),
            containerd_store=release.containerd_store,
        )
    programs = find_programs(release.suite, fixtures) if release.suite else None
    if setting.count > 1:
        return PrivateCluster(setting.count, programs, containerd_store=release.containerd_store)
    return PrivateEngine(programs=programs, containerd_store=release.containerd_store)


@cache
def find_programs(suite: str, fixtures: Path) -> Path:
    """Return the folder with the engine of a Debian *suite*, which is built where the cache has none."""
    return Path(run_builder(fixtures / "engines" / "programs.py", [suite]).splitlines()[-1])


def count_engines_that_fit(settings: set[EngineSetting], available: int | None) -> int:
    """Count how many engines of any of the *settings* may run at once with *available* bytes of memory."""
    if available is None:
        return ENGINES_WHERE_MEMORY_IS_UNKNOWN
    fitting = int(available * USABLE_MEMORY_SHARE) // max(setting.memory for setting in settings)
    return max(1, min(fitting, ENGINES_PER_PROCESSOR * (os.cpu_count() or 1)))


def read_available_memory(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Read how many bytes programs may still take; None where the kernel does not tell."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    values = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(values[0][1]) * 1024 if values else None
