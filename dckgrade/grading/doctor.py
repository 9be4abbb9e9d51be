"""What an engine is, and which labs can be graded on it; nothing secret is in the report."""

import platform
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from dckgrade import __version__
from dckgrade.engine.answers import Json
from dckgrade.engine.api_version import NEWEST_TESTED
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.i18n import Lang
from dckgrade.judge.judge import judge_recording
from dckgrade.lab.model import Lab
from dckgrade.probes.base import observation_key
from dckgrade.probes.observe import mask_observation
from dckgrade.render.text.messages import describe_reason
from dckgrade.report.codec import encode_document
from dckgrade.report.observation import EngineInfo, Recording
from dckgrade.report.result import CheckResult, Verdict

DOCTOR_SCHEMA: Literal["dckgrade-doctor/1"] = "dckgrade-doctor/1"

EngineProduct = Literal["Docker Engine", "Docker Desktop", "Podman"]


class Machine(Struct, frozen=True, kw_only=True):
    """What the engine says of itself (`GET /info`), without names, ids and paths of a user."""

    sort: EngineProduct
    version: str
    api: str
    newest_tested_api: str = NEWEST_TESTED
    untested_api: str | None = None
    """The newest API that the engine offers, where that is newer."""
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
    """A lab, and what `grade` leaves undecided of it on this engine, and why."""

    id: str
    title: str
    checks: list[str] = field(default_factory=list)
    """The ids of the checks that stay undecided."""
    count: int
    """How many checks the lab has."""
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


def parse_machine(info: Json, engine: EngineInfo) -> Machine:
    """Return the machine that `GET /info` describes; what the engine leaves out is empty."""
    options = [str(option) for option in info.get("SecurityOptions") or []]
    kernel = read_text(info, "KernelVersion")
    return Machine(
        sort=detect_product(info),
        version=engine.version or "",
        api=engine.api or "",
        untested_api=engine.untested_api or None,
        operating_system=read_text(info, "OperatingSystem"),
        kernel=kernel,
        rootless=engine.rootless or has_security_option(options, "rootless"),
        wsl="microsoft" in kernel.lower(),
        snap=str(info.get("DockerRootDir") or "").startswith("/var/snap/"),
        seccomp=has_security_option(options, "seccomp"),
        apparmor=has_security_option(options, "apparmor"),
        cgroup_version=read_text(info, "CgroupVersion"),
        cgroup_driver=read_text(info, "CgroupDriver"),
        storage_driver=read_text(info, "Driver"),
        logging_driver=read_text(info, "LoggingDriver"),
        cpus=int(info.get("NCPU") or 0),
        memory_bytes=int(info.get("MemTotal") or 0),
        memory_counted=info.get("MemoryLimit") is not False,
        swarm=read_text(info.get("Swarm") or {}, "LocalNodeState"),
    )


def read_text(info: Json, name: str) -> str:
    """Return what the engine says under *name*, secrets masked; '' where it says nothing."""
    return mask_secrets(str(info.get(name) or ""))


def detect_product(info: Json) -> EngineProduct:
    """Return whether it is Docker's engine, Podman, or Docker Desktop, whose engine is in a VM."""
    if "BuildahVersion" in info:
        return "Podman"
    return "Docker Desktop" if "Docker Desktop" in str(info.get("OperatingSystem")) else "Docker Engine"


def has_security_option(options: Sequence[str], name: str) -> bool:
    """Return whether `SecurityOptions`, such as `name=seccomp,profile=builtin`, have *name*."""
    return any(option.split(",")[0] in {name, f"name={name}"} for option in options)


def assess_lab(lab: Lab, engine: Engine, lang: Lang) -> LabSupport:
    """
    Return what of *lab* cannot be graded on *engine*, even of a trainee who has done all that is asked.

    The kinds of probes say what they will see there, and the judge, what that is worth: both as in grading.
    """
    undecided = find_undecided_checks(lab, engine, lang)
    reasons = (describe_limit(line, lang) for line in undecided.values() if line)
    return LabSupport(
        id=lab.id,
        title=lab.title.in_language(lang),
        checks=[check.id for check in lab.checks if check.id in undecided],
        count=len(lab.checks),
        reasons=list(dict.fromkeys(reasons)),
    )


def find_undecided_checks(lab: Lab, engine: Engine, lang: Lang) -> dict[str, CheckResult | None]:
    """Find the checks that stay unknown, each with its line; None where one that it requires does."""
    limits = {line.id: line for line in judge_foreseen(lab, engine, lang)}
    checks = {check.id: check for check in lab.checks}
    undecided: dict[str, CheckResult | None] = {}
    for check_id in TopologicalSorter({check.id: check.requires for check in lab.checks}).static_order():
        # What an effect settles is not kept back by what else cannot be seen.
        if checks[check_id].settled_by:
            continue
        if not undecided.keys().isdisjoint(checks[check_id].requires):
            undecided[check_id] = None
        elif check_id in limits:
            undecided[check_id] = limits[check_id]
    return undecided


def judge_foreseen(lab: Lab, engine: Engine, lang: Lang) -> Iterator[CheckResult]:
    """Judge what is foreseen, each check by itself; yield those that stay unknown."""
    probes = {observation_key(probe): probe for probe in lab.list_probes()}
    foreseen = {
        key: mask_observation(seen) for key, probe in probes.items() if (seen := probe.foresee(engine))
    }
    recording = Recording(engine=engine.engine, started_at="", observations=foreseen)
    alone = replace(lab, checks=[replace(check, requires=[]) for check in lab.checks])
    for line in judge_recording(alone, recording, lang, final=False):
        if line.verdict is Verdict.UNKNOWN and line.observations:
            yield line


def describe_limit(line: CheckResult, lang: Lang) -> str:
    """Say why a check stays unknown, in the words of its report."""
    if line.diagnosis:
        return line.diagnosis.message
    return describe_reason(line.reason, lang) if line.reason else line.title


def encode_doctor_report(examination: DoctorReport) -> bytes:
    """Return the report as one JSON document, for a bug report."""
    return encode_document(examination)
