"""Kind `seccomp-container`: the container with the trainee's profile → its state, and what that forbids."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import masked
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.seccomp.choice import FILE, IMAGE, Candidate, Chosen, Declared, choose, same_as_file
from dckgrade.probes.seccomp.policy import forbidden
from dckgrade.probes.seccomp.syscalls import YOUNG
from dckgrade.probes.support.exit_reason import AT_REST, STEADY_S, clue, told
from dckgrade.probes.support.lookup import names, unseen, uptime_s
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

SLOW_START_S = 8
"""A start takes less than a second; on a machine under load it may take some."""
SHOWN = 40
HONOURED_SINCE = 27
"""Engine 27 is the first that lets a privileged container keep a profile of its own (moby#47500)."""


class Facts(Struct, frozen=True, kw_only=True):
    """What the engine says of the container; whether the kernel does it is `seccomp-filter`'s question."""

    id: str
    name: str
    """The container that was graded."""
    others: int
    """How many further containers could have been meant."""
    other_runs: bool
    """It does not run, and one of those does."""
    image: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    stuck: bool
    """Its start never ends: the engine lists it, and answers no question about it."""
    stable: bool
    """Running for two seconds; or stopped, or paused."""
    exit_code: int
    error: str
    """What the engine says of a start that failed, secrets masked; without the hands it came through."""
    restart_count: int
    clue: str
    """The line of its log that tells of a refused call, else the last one; empty for one that runs."""
    option_misplaced: bool
    """`--security-opt` stands behind the image's name, among the program's own arguments."""
    declared: Declared
    """own (inlined), default, unconfined, path (no JSON at all), refused (JSON that is no profile)."""
    privileged: bool
    """`--privileged` on an engine before 27, which then drops every profile."""
    off: bool
    """The profile is its own and switches seccomp off: `{}`, or misspelt keys."""
    logs: bool
    """It says SCMP_ACT_LOG somewhere, which lets the call pass."""
    kills: bool
    """It kills the process at a forbidden call instead of answering with an error."""
    forbids: list[str]
    """Calls that Docker's default allows and this profile refuses; the first forty by name."""
    forbids_count: int
    only_young: bool
    """All of those are younger than 2015: an old profile does not know them."""
    same_as_file: bool | None
    """Whether it means what the file in the working folder means now; null where that cannot be read."""


class SeccompContainer(Probe, frozen=True, kw_only=True, tag="seccomp-container"):
    """Look at the container that bears a profile of its own, else at one that runs *image*."""

    image: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]*$")] = IMAGE
    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur qui puisse être le bon n'a été trouvé",
        en="no container that could be meant was found",
    )
    labels: ClassVar[Mapping[str, Text]] = {}
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Choose, and read what is declared."""
        try:
            chosen = choose(engine, self.image, self.file)
            facts = read(chosen, engine, self.file)
        except (NotThere, OutOfReach) as trouble:
            return unseen("seccomp-container", trouble)
        one = chosen.one
        # While a start may only be slow, it is worth looking again.
        age_s = waited_s(one, engine) if one.inspected is None else uptime_s(one.inspected, engine.now())
        return Seen(kind="seccomp-container", facts=msgspec.to_builtins(facts), age_s=age_s)


def read(chosen: Chosen, engine: Engine, file: str) -> Facts:
    """Put the container's state and the meaning of its profile into facts."""
    one, inspected = chosen.one, chosen.one.inspected or {}
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    status = str(state.get("Status") or one.listed.get("State") or "")
    up = uptime_s(inspected, engine.now())
    calls = forbidden(one.effect) if one.effect else []
    actions = {rule.action for rule in one.profile.rules} | {one.profile.default} if one.profile else set()
    quiet = one.inspected is None or status in {"running", "created", "paused"}
    log = "" if quiet else engine.read_log_tail(one.id, tty=bool(config.get("Tty")))
    return Facts(
        id=one.id,
        name=next(iter(names(one.listed)), one.id[:12]),
        others=len(chosen.others),
        other_runs=not one.runs and any(other.runs for other in chosen.others),
        image=str(one.listed.get("Image") or ""),
        status=status,
        stuck=one.inspected is None and waited_s(one, engine) >= SLOW_START_S,
        stable=(up is not None and up >= STEADY_S) or (status in AT_REST and one.inspected is not None),
        exit_code=state.get("ExitCode") or 0,
        error=told(masked(state.get("Error") or "")),
        restart_count=inspected.get("RestartCount") or 0,
        clue=clue(log),
        option_misplaced=any("--security-opt" in str(part) for part in config.get("Cmd") or []),
        declared=one.declared,
        privileged=bool(one.host.get("Privileged")) and major(engine.engine.version) < HONOURED_SINCE,
        off=one.profile is not None and one.profile.off,
        logs="SCMP_ACT_LOG" in actions,
        kills=any("KILL" in action for action in actions),
        forbids=calls[:SHOWN],
        forbids_count=len(calls),
        only_young=bool(calls) and YOUNG.issuperset(calls),
        same_as_file=same_as_file(one, engine, file),
    )


def waited_s(one: Candidate, engine: Engine) -> float:
    """Tell for how many seconds a container that answers nothing has been there."""
    return max(0.0, round(engine.now().timestamp() - (one.listed.get("Created") or 0), 1))


def major(version: str | None) -> int:
    """Read the engine's first number; one that does not tell is taken for new."""
    first = (version or "").partition(".")[0]
    return int(first) if first.isdecimal() else HONOURED_SINCE
