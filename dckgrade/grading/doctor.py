"""What an engine is, and which labs can be graded on it; nothing secret is in the report."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field

from dckgrade import __version__
from dckgrade.engine.answers import Json
from dckgrade.engine.api_version import NEWEST_TESTED
from dckgrade.i18n import N_, Lang, get_translator
from dckgrade.lab.model import Lab
from dckgrade.probes.base import kind_of

DOCTOR_SCHEMA: Literal["dckgrade-doctor/1"] = "dckgrade-doctor/1"

EngineProduct = Literal["Docker Engine", "Docker Desktop", "Podman"]


class Machine(Struct, frozen=True, kw_only=True):
    """What the engine says of itself (`GET /info`), without names, ids and paths of a user."""

    sort: EngineProduct
    version: str
    api: str
    newest_tested_api: str = NEWEST_TESTED
    operating_system: str
    kernel: str
    rootless: bool
    wsl: bool
    snap: bool
    seccomp: bool
    apparmor: bool
    cgroup_version: str
    cgroup_driver: str
    storage_driver: str
    logging_driver: str
    cpus: int
    memory_bytes: int
    memory_counted: bool
    """Whether the kernel counts each container's memory."""
    swarm: str


class LabSupport(Struct, frozen=True, kw_only=True):
    """A lab, and why not all of it can be graded here; without reasons it can."""

    id: str
    title: str
    reasons: list[str] = field(default_factory=list)


class DoctorReport(Struct, frozen=True, kw_only=True):
    """What `dckgrade doctor` found."""

    schema: Literal["dckgrade-doctor/1"] = DOCTOR_SCHEMA
    dckgrade: str = __version__
    python: str = field(default_factory=platform.python_version)
    system: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")
    endpoint: str
    found_by: str
    """What named the endpoint: an option, a variable, a context, or nothing."""
    trouble: list[str] = field(default_factory=list)
    """Why no engine answers, and what to try."""
    other_sockets: list[str] = field(default_factory=list)
    machine: Machine | None = None
    labs: list[LabSupport] = field(default_factory=list)


def parse_machine(info: Json, version: str, api: str, *, rootless: bool) -> Machine:
    """Return the machine that `GET /info` describes; what the engine leaves out is empty."""
    options = [str(option) for option in info.get("SecurityOptions") or []]
    kernel = str(info.get("KernelVersion") or "")
    return Machine(
        sort=detect_product(info),
        version=version,
        api=api,
        operating_system=str(info.get("OperatingSystem") or ""),
        kernel=kernel,
        rootless=rootless or has_security_option(options, "rootless"),
        wsl="microsoft" in kernel.lower(),
        snap=str(info.get("DockerRootDir") or "").startswith("/var/snap/"),
        seccomp=has_security_option(options, "seccomp"),
        apparmor=has_security_option(options, "apparmor"),
        cgroup_version=str(info.get("CgroupVersion") or ""),
        cgroup_driver=str(info.get("CgroupDriver") or ""),
        storage_driver=str(info.get("Driver") or ""),
        logging_driver=str(info.get("LoggingDriver") or ""),
        cpus=int(info.get("NCPU") or 0),
        memory_bytes=int(info.get("MemTotal") or 0),
        memory_counted=info.get("MemoryLimit") is not False,
        swarm=str((info.get("Swarm") or {}).get("LocalNodeState") or ""),
    )


def detect_product(info: Json) -> EngineProduct:
    """Return whether it is Docker's engine, Podman, or Docker Desktop, whose engine is in a VM."""
    if "BuildahVersion" in info:
        return "Podman"
    return "Docker Desktop" if "Docker Desktop" in str(info.get("OperatingSystem")) else "Docker Engine"


def has_security_option(options: Sequence[str], name: str) -> bool:
    """Return whether `SecurityOptions`, such as `name=seccomp,profile=builtin`, have *name*."""
    return any(option.split(",")[0] in {name, f"name={name}"} for option in options)


MachineLimit = tuple[Callable[[Machine], bool], str]
"""Whether a machine has the limit, and the sentence that says what it means for a lab."""
LIMITS_BY_KIND_PREFIX: Mapping[str, Sequence[MachineLimit]] = {
    "swarm": [
        (lambda machine: machine.sort == "Podman", N_("Podman has no Swarm.")),
        (
            lambda machine: machine.sort == "Docker Desktop",
            N_("Docker Desktop's swarm has one node and no other."),
        ),
    ],
    "seccomp-": [
        (lambda machine: machine.sort == "Podman", N_("Podman treats seccomp profiles in its own way.")),
        (lambda machine: not machine.seccomp, N_("This engine runs without seccomp.")),
    ],
    "apparmor-": [
        (
            lambda machine: not machine.apparmor,
            N_("This engine's machine has no AppArmor; a Debian or Ubuntu machine or VM has."),
        ),
        (
            lambda machine: machine.apparmor and machine.rootless,
            N_("A rootless engine applies no AppArmor profile."),
        ),
    ],
    "container-stats": [
        (
            lambda machine: not machine.memory_counted,
            N_("This machine does not count the memory of containers."),
        )
    ],
}
"""The limits of the kinds of probes, by the beginning of the kind's name."""


def assess_lab(lab: Lab, machine: Machine, lang: Lang) -> LabSupport:
    """Return whether *lab* can be graded on *machine*, with the reasons why not."""
    reasons = dict.fromkeys(get_translator(lang)(limit) for limit in find_machine_limits(lab, machine))
    return LabSupport(id=lab.id, title=lab.title.in_language(lang), reasons=list(reasons))


def find_machine_limits(lab: Lab, machine: Machine) -> Iterator[str]:
    """Yield the sentences that say what keeps the lab's probes from seeing."""
    kinds = {kind_of(check.observe) for check in lab.checks}
    for prefix, limits in LIMITS_BY_KIND_PREFIX.items():
        if any(kind.startswith(prefix) for kind in kinds):
            yield from (sentence for holds, sentence in limits if holds(machine))


def encode_doctor_report(examination: DoctorReport) -> bytes:
    """Return the report as one JSON document, for a bug report."""
    return msgspec.json.format(msgspec.json.encode(examination), indent=2) + b"\n"
