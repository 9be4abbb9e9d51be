"""Kind `seccomp-filter`: the seccomp mode of the container's processes, as the kernel says it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.seccomp.candidate import SeccompCandidate, choose_container
from dckgrade.probes.support import value_words
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.namespaces import shares_processes
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

STATUS_COMMAND = ("cat", "/proc/1/status")
OWN_STATUS_COMMAND = ("cat", "/proc/self/status")


class Facts(Struct, frozen=True, kw_only=True):
    """What the status of one of its processes says inside the container."""

    mode: int
    """0: no filter at all; 1: strict; 2: a filter. Docker's default gives 2 as well."""
    command: str
    """What was run in the container to learn it."""
    off: bool
    """The profile is its own and switches seccomp off: `{}`, or misspelt keys."""
    filters: int | None
    """How many filters are in force; kernels before 5.9 do not tell."""


LABELS: Mapping[str, Text] = {
    "mode": Text(fr="mode seccomp du processus", en="seccomp mode of the process"),
    "command": Text(fr="commande exécutée", en="command run"),
    "off": Text(fr="profil qui désactive seccomp", en="profile that switches seccomp off"),
    "filters": Text(fr="nombre de filtres seccomp", en="number of seccomp filters"),
}


WORDS: Mapping[str, ValueWords] = {
    "mode": value_words.SECCOMP_MODE,
}


class SeccompFilter(Probe, frozen=True, kw_only=True, tag="seccomp-filter"):
    """Read the status of a process of the container that bears the profile; this runs `cat` in it."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the lab chooses the profile of the container")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Run `cat`; what answers nothing of the kind has not told."""
        try:
            candidate = choose_container(engine).candidate
            off = candidate.profile is not None and candidate.profile.switches_seccomp_off
            command = choose_status_command(candidate)
            ran = engine.run_command(candidate.require_profiled_id(), command)
            facts = read_seccomp_filter_facts(ran.output, command, off=off)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("seccomp-filter", trouble)
        return Seen(kind="seccomp-filter", facts=msgspec.to_builtins(facts))


def choose_status_command(candidate: SeccompCandidate) -> Sequence[str]:
    """Ask about process 1; where that is another container's, about the one that asks: it is filtered too."""
    return OWN_STATUS_COMMAND if shares_processes(candidate.inspected or {}) else STATUS_COMMAND


def read_seccomp_filter_facts(status: str, command: Sequence[str], *, off: bool) -> Facts:
    """Read the two lines; the exit code says nothing: a filter may forbid `cat` to end well."""
    mode = re.search(r"^Seccomp:\s*(\d+)$", status, re.MULTILINE)
    filters = re.search(r"^Seccomp_filters:\s*(\d+)$", status, re.MULTILINE)
    if mode is None:
        raise OutOfReach(UnobservableReason.NOT_TRIED, (status.strip().splitlines() or [""])[-1][:200])
    return Facts(
        mode=int(mode[1]),
        command=" ".join(command),
        off=off,
        filters=int(filters[1]) if filters else None,
    )
