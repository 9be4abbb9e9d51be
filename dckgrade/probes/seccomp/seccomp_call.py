"""Kind `seccomp-call`: harmless attempts at what the profile forbids, until one is refused."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import CommandResult, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.seccomp.candidate import choose_container
from dckgrade.probes.seccomp.linux_errors import list_texts_of_errors
from dckgrade.probes.seccomp.policy import Effect, Machine
from dckgrade.probes.seccomp.syscalls import TWIN_CALLS
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

NONEXISTENT_PATH = "/dckgrade-nowhere"
SIGSYS_EXIT_CODE = 128 + 31

CallOutcome = Literal["refused", "allowed", "untried"]


class SyscallAttempt(Struct, frozen=True):
    """A command that makes a call which can change nothing, and what it prints when the call is let."""

    call: str
    argv: tuple[str, ...]
    allowed_output: str
    """Part of the output; empty: exit code 0."""


class ForbiddenAttempt(Struct, frozen=True):
    """A try, the call of its family that the profile forbids, and the errors which that may get."""

    attempt: SyscallAttempt
    call: str
    errnos: frozenset[int]
    """Empty where it kills instead."""


# Each fails before it changes anything, for a reason that the kernel finds before any right is looked at: the
# folder is there, the file is not, /sys is mounted read-only. Seccomp answers before the kernel looks at all.
SYSCALL_ATTEMPTS = (
    SyscallAttempt("mkdir", ("mkdir", "/proc"), "File exists"),
    SyscallAttempt("unlink", ("unlink", NONEXISTENT_PATH), "No such file"),
    SyscallAttempt("rmdir", ("rmdir", NONEXISTENT_PATH), "No such file"),
    SyscallAttempt("chmod", ("chmod", "555", "/sys"), "Read-only file system"),
    SyscallAttempt("chown", ("chown", "0:0", "/sys"), "Read-only file system"),
    SyscallAttempt("symlink", ("ln", "-s", "x", f"{NONEXISTENT_PATH}/x"), "No such file"),
    SyscallAttempt("mknod", ("mkfifo", f"{NONEXISTENT_PATH}/x"), "No such file"),
    SyscallAttempt("kill", ("sh", "-c", "kill -0 1"), ""),
)
"""Signal 0 is never delivered."""
GENERAL_REFUSAL_TEXTS = ("Function not implemented", "Bad system call")


class Facts(Struct, frozen=True, kw_only=True):
    """What came of it."""

    refused: bool
    call: str
    """The call refused; else the last that was tried."""
    command: str
    """What was run in the container."""
    answer: str
    """The last line that it printed."""
    killed: bool
    """It did not get an error: it was killed."""
    twin: str | None
    """The call that the profile forbids, where the program did the same by another one and was let."""


LABELS: Mapping[str, Text] = {
    "refused": Text(fr="appel système refusé", en="system call refused"),
    "call": Text(fr="appel système essayé", en="system call tried"),
    "command": Text(fr="commande exécutée", en="command run"),
    "answer": Text(fr="réponse de la commande", en="answer of the command"),
    "killed": Text(fr="processus tué", en="process killed"),
    "twin": Text(fr="appel interdit mais contourné", en="call forbidden but bypassed"),
}


WORDS: Mapping[str, ValueWords] = {
    "refused": {
        False: Text(fr="l'appel système {call} n'est pas refusé", en="the system call {call} is not refused"),
    },
}


class SeccompCall(Probe, frozen=True, kw_only=True, tag="seccomp-call"):
    """Try calls that the profile forbids and Docker allows, until one is refused: runs commands in it."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the profile is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Choose the tries from the profile, and run them."""
        try:
            candidate = choose_container(engine).candidate
            # Where nothing is forbidden nothing can be tried: the checks before this one say so.
            effect, machine = candidate.effect, candidate.engine.machine
            tries = list_forbidden_attempts(effect, machine) if effect else ()
            facts = run_attempts(engine, candidate.require_profiled_id(), tries)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("seccomp-call", trouble)
        return Seen(kind="seccomp-call", facts=msgspec.to_builtins(facts))


def run_attempts(engine: Engine, container: str, tries: Iterable[ForbiddenAttempt]) -> Facts:
    """Run the attempts in turn; return the first that was refused, else the last that was allowed."""
    let: Facts | None = None
    for forbidden in tries:
        ran = engine.run_command(container, forbidden.attempt.argv)
        answer = classify_call_output(forbidden, ran)
        if answer == "untried":
            continue
        facts = Facts(
            refused=answer == "refused",
            call=forbidden.call,
            command=" ".join(forbidden.attempt.argv),
            answer=(ran.output.strip().splitlines() or [""])[-1][:200],
            killed=answer == "refused" and ran.exit_code == SIGSYS_EXIT_CODE,
            twin=forbidden.call if answer == "allowed" else None,
        )
        if facts.refused:
            return facts
        let = facts
    if let is None:
        raise OutOfReach(UnobservableReason.NOT_TRIED)
    return let


def list_forbidden_attempts(effect: Effect, machine: Machine) -> Iterator[ForbiddenAttempt]:
    """List the tries whose call, or a twin of it, is forbidden; without the calls that the machine lacks."""
    for attempt in SYSCALL_ATTEMPTS:
        names = [call for call in list_twins(attempt.call) if machine.has_call(call)]
        if found := [call for call in names if effect.forbids(call)]:
            call = attempt.call if attempt.call in found else found[0]
            errnos = frozenset[int]().union(*map(effect.list_errnos, found))
            yield ForbiddenAttempt(attempt, call, errnos)


def list_twins(call: str) -> list[str]:
    """List the calls that do what *call* does."""
    return sorted(next((group for group in TWIN_CALLS if call in group), {call}))


def classify_call_output(forbidden: ForbiddenAttempt, ran: CommandResult) -> CallOutcome:
    """Return what the output means; what is neither a refusal nor the natural answer tells nothing."""
    natural = forbidden.attempt.allowed_output
    own_refusals = list_texts_of_errors(forbidden.errnos)
    if "OCI runtime exec failed" in ran.output or "applet not found" in ran.output:
        return "untried"
    if natural and natural in ran.output:
        # The profile may give the very error that the kernel gives.
        return "untried" if any(natural in text for text in own_refusals) else "allowed"
    if ran.exit_code == SIGSYS_EXIT_CODE or any(
        text in ran.output for text in (*GENERAL_REFUSAL_TEXTS, *own_refusals)
    ):
        return "refused"
    # Error number 0: the call is not made, and seems to have succeeded, which it never does.
    if natural and ran.exit_code == 0:
        return "refused" if 0 in forbidden.errnos else "untried"
    return "allowed" if not natural and ran.exit_code == 0 else "untried"
