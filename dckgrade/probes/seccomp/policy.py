"""The effect of a seccomp profile in one container: what moby's loader, runc and libseccomp make of it."""

import itertools
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.probes.seccomp.profile import ArgumentCondition, RuleFilter, SeccompProfile
from dckgrade.probes.seccomp.syscalls import CALLS_ABSENT_ON, CALLS_ALLOWED_BY_CAPABILITY

PASSING_ACTIONS = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG"}
"""LOG writes a line to the kernel's log, and lets the call pass."""
KILLING_ACTIONS = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"}
"""TRAP sends SIGSYS, of which a program dies unless it handles it."""
EPERM, ENOSYS = 1, 38
COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "SCMP_CMP_NE": operator.ne,
    "SCMP_CMP_LT": operator.lt,
    "SCMP_CMP_LE": operator.le,
    "SCMP_CMP_EQ": operator.eq,
    "SCMP_CMP_GE": operator.ge,
    "SCMP_CMP_GT": operator.gt,
}
MAX_ARGUMENT = 2**64 - 1
ARGUMENT_COUNT = 6
MAX_COMPARISONS = 20_000
"""A profile may hold thousands of conditions; real ones have a few for a call."""

DEFAULT_CAPS = frozenset(
    f"CAP_{name}"
    for name in (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
"""moby/moby oci/caps/defaults.go."""


class Machine(Struct, frozen=True, kw_only=True):
    """The machine of the engine, as far as the loader looks at it. What it does not tell is the usual."""

    arch: str = "amd64"
    """In the words of Docker's profiles: amd64, arm64, arm, x86, s390x…"""
    kernel: tuple[int, ...] = (6, 1)
    docker: tuple[int, ...] = (20, 10)

    def has_call(self, call: str) -> bool:
        """Return whether a program of this machine's own architecture can make *call*."""
        return call not in CALLS_ABSENT_ON.get(self.arch, ())


class Action(Struct, frozen=True, order=True):
    """What happens to a call, with those arguments."""

    action: str
    errno: int
    args: tuple[ArgumentCondition, ...] = ()

    @property
    def forbids(self) -> bool:
        """Return whether the call is not made."""
        return self.action not in PASSING_ACTIONS

    @property
    def kills(self) -> bool:
        """Return whether the process dies of it."""
        return self.action in KILLING_ACTIONS


class Effect(Struct, frozen=True):
    """What remains of a profile in one container; equal when the profiles mean the same."""

    default: Action
    calls: Mapping[str, frozenset[Action]]

    def list_actions(self, call: str) -> frozenset[Action]:
        """Return all that can happen to *call*, by its arguments."""
        actions = self.calls.get(call) or frozenset()
        return actions if any(not action.args for action in actions) else actions | {self.default}

    def decide(self, call: str, args: Sequence[int]) -> frozenset[Action]:
        """Return what happens to *call* with *args*; several where rules contradict each other."""
        actions = self.calls.get(call) or ()
        fitting = (
            action
            for action in actions
            if all(matches_argument(condition, args) for condition in action.args)
        )
        return frozenset(fitting) or frozenset({self.default})

    def forbids(self, call: str) -> bool:
        """Return whether *call* is refused whatever its arguments."""
        return all(action.forbids for action in self.list_actions(call))

    def list_refusals(self, call: str) -> Iterator[Action]:
        """Yield what is done to *call* where it is refused."""
        return (action for action in self.list_actions(call) if action.forbids)

    def list_errnos(self, call: str) -> frozenset[int]:
        """Return the errors that *call* can get."""
        found = {action.errno for action in self.list_refusals(call) if action.action == "SCMP_ACT_ERRNO"}
        # Nobody traces: the kernel then says that there is no such call. So does runc of a call that is
        # younger than all that the profile names (libcontainer/seccomp/patchbpf).
        says_enosys = any(
            action.action == "SCMP_ACT_TRACE" or action == self.default for action in self.list_refusals(call)
        )
        return frozenset(found | ({ENOSYS} if says_enosys else set()))


def matches_argument(condition: ArgumentCondition, args: Sequence[int]) -> bool:
    """Return whether *condition* holds (seccomp_rule_add(3)); unsigned, 64 bits wide."""
    found, wanted = args[condition.index], condition.value
    if condition.op == "SCMP_CMP_MASKED_EQ":
        return found & wanted == condition.value_two & wanted
    return COMPARISONS[condition.op](found, wanted)


def compute_effect(
    profile: SeccompProfile, caps: frozenset[str] = DEFAULT_CAPS, machine: Machine | None = None
) -> Effect | None:
    """Keep the rules that count in a container with *caps*; None when the profile switches seccomp off."""
    if profile.switches_seccomp_off:
        return None
    default = make_action(profile.default, profile.errno)
    calls: dict[str, list[Action]] = {}
    for rule in profile.rules:
        if is_rule_dropped(rule.includes, rule.excludes, caps, machine or Machine()):
            continue
        for action in make_actions(rule.action, rule.errno, rule.args):
            # runc leaves out a rule that says what is done anyway.
            if action.action != default.action or action.errno != default.errno:
                for call in rule.calls:
                    add_action(calls.setdefault(call, []), action)
    return Effect(default, {call: frozenset(actions) for call, actions in calls.items()})


def add_action(actions: list[Action], action: Action) -> None:
    """Add *action* to those of a call as libseccomp does: the first without condition stays, and alone."""
    if actions and not actions[0].args:
        return
    if not action.args:
        actions.clear()
    actions.append(action)


def make_actions(action: str, errno: int | None, args: Sequence[ArgumentCondition]) -> Sequence[Action]:
    """Return what a rule does; conditions on the same argument are rules of their own (runc `matchCall`)."""
    if len({condition.index for condition in args}) < len(args):
        return [make_action(action, errno, drop_empty_masks([condition])) for condition in args]
    return [make_action(action, errno, drop_empty_masks(args))]


def drop_empty_masks(args: Sequence[ArgumentCondition]) -> tuple[ArgumentCondition, ...]:
    """Leave out conditions on no bit at all: libseccomp makes no comparison of them (db.c)."""
    compared = [condition for condition in args if condition.op != "SCMP_CMP_MASKED_EQ" or condition.value]
    return tuple(sorted(compared, key=repr))


def make_action(action: str, errno: int | None, args: tuple[ArgumentCondition, ...] = ()) -> Action:
    """Return an action; ERRNO without `errnoRet` means EPERM, and other actions have no error number."""
    number = EPERM if errno is None else errno
    return Action(action, number if action == "SCMP_ACT_ERRNO" else 0, args)


def is_rule_dropped(
    includes: RuleFilter, excludes: RuleFilter, caps: frozenset[str], machine: Machine
) -> bool:
    """Return whether the loader leaves the rule out (moby/profiles seccomp_linux.go, in its order)."""
    return (
        machine.arch in excludes.arches
        or bool(excludes.caps & caps)
        or (bool(excludes.min_kernel) and parse_kernel_version(excludes.min_kernel) <= machine.kernel)
        or (bool(includes.arches) and machine.arch not in includes.arches)
        or not includes.caps <= caps
        or (bool(includes.min_kernel) and parse_kernel_version(includes.min_kernel) > machine.kernel)
    )


def parse_kernel_version(text: str) -> tuple[int, ...]:
    """Read `4.8`, or a kernel's `6.12-1-amd64`; empty for what cannot be read, which is older than all."""
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else ()


def list_argument_vectors(actions: Collection[Action]) -> Iterator[tuple[int, ...]]:
    """Yield arguments on both sides of every condition of *actions*: what is true of them is true of all."""
    values: list[set[int]] = [{0} for _ in range(ARGUMENT_COUNT)]
    for condition in {condition for action in actions for condition in action.args}:
        values[condition.index] |= list_telling_values(condition)
    return itertools.islice(
        itertools.product(*map(sorted, values)), MAX_COMPARISONS // (len(actions) + 1) + 1
    )


def list_telling_values(condition: ArgumentCondition) -> set[int]:
    """Return values of the argument for which *condition* holds, and others for which it does not."""
    wanted = condition.value
    if condition.op == "SCMP_CMP_MASKED_EQ":
        found = {condition.value_two, condition.value_two ^ (wanted & -wanted), condition.value_two ^ wanted}
    else:
        found = {wanted - 1, wanted, wanted + 1}
    return {value for value in found if 0 <= value <= MAX_ARGUMENT}


def compute_capabilities(host: Json) -> frozenset[str]:
    """Return the bounding set that a container's `HostConfig` gives it (moby, `TweakCapabilities`)."""
    added, taken = (
        frozenset(f"CAP_{str(capability).upper().removeprefix('CAP_')}" for capability in host.get(key) or [])
        for key in ("CapAdd", "CapDrop")
    )
    # `ALL` stands for more than anybody lists; these are the ones that a profile opens something for.
    every = DEFAULT_CAPS | CALLS_ALLOWED_BY_CAPABILITY.keys()
    if host.get("Privileged"):
        return every
    if "CAP_ALL" in added:
        return every - taken
    return added if "CAP_ALL" in taken else (DEFAULT_CAPS - taken) | added
