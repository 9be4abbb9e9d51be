"""The engine as far as a seccomp profile depends on it: its version, its machine, its own default."""

import re
from collections.abc import Mapping

from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.seccomp.policy import Machine, parse_kernel_version

MODERN_LOADER_SINCE = (23, 0)
"""The engine's loader hands `listenerPath` and `flags` on to runc since (moby#42005)."""
DOCKERS_OWN_PROFILES = {"default", "builtin"}
"""What `/info` calls the profile that Docker brings; else it gives a path, or `unconfined`."""
ARCHES: Mapping[str, str] = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "x86",
    "i386": "x86",
}
"""What the kernel calls an architecture, and Docker's profiles do."""


class EngineSeccomp(Struct, frozen=True, kw_only=True):
    """What the engine says of itself."""

    machine: Machine
    default: str = "default"
    """The profile of containers that bring none: default, builtin, unconfined, or a path."""

    @property
    def is_modern(self) -> bool:
        """Return whether its loader hands everything on."""
        return self.machine.docker >= MODERN_LOADER_SINCE


def inspect_seccomp(engine: Engine) -> EngineSeccomp:
    """Ask the engine; one that does not answer is taken for a usual one."""
    docker = parse_docker_version(engine.engine.version)
    try:
        info = engine.inspect_engine()
    except OutOfReach:
        return EngineSeccomp(machine=Machine(docker=docker))
    arch = str(info.get("Architecture") or "x86_64")
    return EngineSeccomp(
        machine=Machine(
            arch=ARCHES.get(arch, arch),
            kernel=parse_kernel_version(str(info.get("KernelVersion") or "")) or Machine().kernel,
            docker=docker,
        ),
        default=find_default_profile(info),
    )


def find_default_profile(info: Json) -> str:
    """Return what `SecurityOptions` says of the default: `name=seccomp,profile=builtin`."""
    for option in info.get("SecurityOptions") or []:
        words = dict(word.partition("=")[::2] for word in str(option).split(","))
        if words.get("name") == "seccomp":
            return words.get("profile") or "default"
    return "default"


def has_seccomp(info: Json) -> bool:
    """Return whether kernel and engine have seccomp: `SecurityOptions` name it."""
    return any(str(option).split(",")[0] == "name=seccomp" for option in info.get("SecurityOptions") or [])


def parse_docker_version(version: str | None) -> tuple[int, ...]:
    """Read `20.10.24+dfsg1`; a version that does not tell lets through most by default: the oldest."""
    found = re.match(r"(\d+)\.(\d+)", version or "")
    return (int(found[1]), int(found[2])) if found else Machine().docker
