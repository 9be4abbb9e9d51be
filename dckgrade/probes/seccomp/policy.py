"""The effect of a seccomp profile in a container with given capabilities."""

from collections.abc import Mapping

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.probes.seccomp.profile import ArgumentCondition, RuleFilter, SeccompProfile
from dckgrade.probes.seccomp.syscalls import DEFAULT_ALLOWED_CALLS

PASSING_ACTIONS = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG"}
"""LOG writes a line to the kernel's log, and lets the call pass."""
EPERM, ENOSYS = 1, 38

# The engine's list does not say what machine it is on: no rule about a call that we try depends on that.
ASSUMED_ARCH, ASSUMED_KERNEL = "amd64", (6, 1)

DEFAULT_CAPS = frozenset(
    f"CAP_{name}"
    for name in (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
"""moby/moby oci/caps/defaults.go."""


class Action(Struct, frozen=True, order=True):
    """What happens to a call, with those arguments."""

    action: str
    errno: int
    args: tuple[ArgumentCondition, ...] = ()


class Effect(Struct, frozen=True):
    """What remains of a profile in one container; equal when the profiles mean the same."""

    default: Action
    calls: Mapping[str, frozenset[Action]]

    def forbids(self, call: str) -> bool:
        """Return whether *call* is refused whatever its arguments."""
        actions = self.calls.get(call) or {self.default}
        return not any(action.action in PASSING_ACTIONS for action in actions) and any(
            not action.args for action in actions
        )

    def get_errno(self, call: str) -> int | None:
        """Return the error that *call* gets; None where it kills instead."""
        first = min(self.calls.get(call) or {self.default})
        if first.action == "SCMP_ACT_TRACE":  # nobody traces: the kernel then says that there is no such call
            return ENOSYS
        return first.errno if first.action == "SCMP_ACT_ERRNO" else None


def compute_effect(profile: SeccompProfile, caps: frozenset[str] = DEFAULT_CAPS) -> Effect | None:
    """Keep the rules that count in a container with *caps*; None when the profile switches seccomp off."""
    if profile.switches_seccomp_off:
        return None
    default = make_action(profile.default, profile.errno)
    calls: dict[str, set[Action]] = {}
    for rule in profile.rules:
        if is_rule_dropped(rule.includes, rule.excludes, caps):
            continue
        for call in rule.calls:
            calls.setdefault(call, set()).add(make_action(rule.action, rule.errno, rule.args))
    # A rule that says what is done anyway changes nothing.
    return Effect(default, {call: frozenset(done) for call, done in calls.items() if done != {default}})


def make_action(action: str, errno: int | None, args: tuple[ArgumentCondition, ...] = ()) -> Action:
    """Return an action; ERRNO without `errnoRet` means EPERM, and other actions have no error number."""
    said = EPERM if errno is None else errno
    return Action(action, said if action == "SCMP_ACT_ERRNO" else 0, tuple(sorted(args, key=repr)))


def is_rule_dropped(includes: RuleFilter, excludes: RuleFilter, caps: frozenset[str]) -> bool:
    """Return whether the loader leaves the rule out (moby/profiles seccomp_linux.go, in its order)."""
    return (
        ASSUMED_ARCH in excludes.arches
        or bool(excludes.caps & caps)
        or (bool(excludes.min_kernel) and parse_kernel_version(excludes.min_kernel) <= ASSUMED_KERNEL)
        or (bool(includes.arches) and ASSUMED_ARCH not in includes.arches)
        or not includes.caps <= caps
        or (bool(includes.min_kernel) and parse_kernel_version(includes.min_kernel) > ASSUMED_KERNEL)
    )


def parse_kernel_version(text: str) -> tuple[int, ...]:
    """Read `4.8`; what cannot be read is older than all."""
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (0,)


def list_forbidden_calls(found: Effect) -> list[str]:
    """List the calls that Docker's default allows and that this refuses."""
    return sorted(call for call in DEFAULT_ALLOWED_CALLS if found.forbids(call))


def compute_capabilities(host: Json) -> frozenset[str]:
    """Return the bounding set that a container's `HostConfig` gives it."""
    added, taken = (
        {f"CAP_{str(capability).upper().removeprefix('CAP_')}" for capability in host.get(key) or []}
        for key in ("CapAdd", "CapDrop")
    )
    # `ALL` stands for more than anybody lists; what a default profile opens most often is SYS_ADMIN's.
    everything = {"CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_TIME", "CAP_SYS_MODULE", "CAP_DAC_READ_SEARCH"}
    before = DEFAULT_CAPS | everything if "CAP_ALL" in added or host.get("Privileged") else DEFAULT_CAPS
    return frozenset((added if "CAP_ALL" in taken else before | added) - taken)
