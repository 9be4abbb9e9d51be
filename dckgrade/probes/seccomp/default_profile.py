"""What Docker's own profile lets through in a container, and what another profile refuses beyond that."""

from collections.abc import Collection, Sequence

from dckgrade.probes.seccomp.policy import (
    DEFAULT_CAPS,
    EPERM,
    Action,
    Effect,
    Machine,
    list_argument_vectors,
)
from dckgrade.probes.seccomp.profile import ArgumentCondition, SeccompProfile
from dckgrade.probes.seccomp.syscalls import (
    CALLS_ADDED_TO_DEFAULT,
    CALLS_ALLOWED_BY_CAPABILITY,
    CALLS_ALLOWED_SINCE_23,
    CALLS_ALLOWED_UNTIL_24,
    DEFAULT_ALLOWED_CALLS,
    OTHER_CALLS,
)

NEWEST_DOCKER = (29, 7)
VSOCK_REFUSED_SINCE, AF_ALG_REFUSED_SINCE = (23, 0), (29, 5)
IO_URING_REFUSED_SINCE = (25, 0)
AF_ALG, AF_VSOCK = 38, 40
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
NAMESPACE_FLAGS = 0x7E020000
"""The flags with which `clone` makes namespaces."""

KNOWN_CALLS = DEFAULT_ALLOWED_CALLS.union(
    {"clone", "personality", "socket"},
    CALLS_ALLOWED_SINCE_23,
    CALLS_ALLOWED_UNTIL_24,
    OTHER_CALLS,
    *CALLS_ALLOWED_BY_CAPABILITY.values(),
)
"""The calls that some kernel has."""


def build_default_effect(caps: frozenset[str], machine: Machine) -> Effect:
    """Return the effect of the profile that an engine of that version applies by itself."""
    allowed = DEFAULT_ALLOWED_CALLS.union(
        *(calls for capability, calls in CALLS_ALLOWED_BY_CAPABILITY.items() if capability in caps),
        CALLS_ALLOWED_UNTIL_24 if machine.docker < IO_URING_REFUSED_SINCE else (),
        CALLS_ALLOWED_SINCE_23 if machine.docker >= VSOCK_REFUSED_SINCE else (),
    )
    calls = {
        "personality": allow_when(
            *(ArgumentCondition(0, persona, 0, "SCMP_CMP_EQ") for persona in PERSONALITIES)
        ),
        "clone": allow_when(ArgumentCondition(0, NAMESPACE_FLAGS, 0, "SCMP_CMP_MASKED_EQ")),
        "socket": allow_when(*list_socket_conditions(machine.docker)),
    } | {call: frozenset({Action("SCMP_ACT_ALLOW", 0)}) for call in allowed}
    return Effect(
        Action("SCMP_ACT_ERRNO", EPERM),
        {call: actions for call, actions in calls.items() if machine.has_call(call)},
    )


def allow_when(*alternatives: ArgumentCondition) -> frozenset[Action]:
    """Allow a call when one of *alternatives* holds; always, without any."""
    if not alternatives:
        return frozenset({Action("SCMP_ACT_ALLOW", 0)})
    return frozenset(Action("SCMP_ACT_ALLOW", 0, (condition,)) for condition in alternatives)


def list_socket_conditions(docker: tuple[int, ...]) -> Sequence[ArgumentCondition]:
    """Return the families of sockets that the default lets through; none where it lets all."""
    if docker < VSOCK_REFUSED_SINCE:
        return ()
    if docker < AF_ALG_REFUSED_SINCE:
        return (ArgumentCondition(0, AF_VSOCK, 0, "SCMP_CMP_NE"),)
    return (
        ArgumentCondition(0, AF_ALG, 0, "SCMP_CMP_LT"),
        ArgumentCondition(0, AF_ALG + 1, 0, "SCMP_CMP_EQ"),
        ArgumentCondition(0, AF_VSOCK, 0, "SCMP_CMP_GT"),
    )


def list_forbidden_calls(found: Effect, caps: frozenset[str], machine: Machine) -> list[str]:
    """List the calls that Docker's default lets through with some arguments with which *found* does not."""
    default = build_default_effect(caps, machine)
    newest = build_default_effect(DEFAULT_CAPS, Machine(arch=machine.arch, docker=NEWEST_DOCKER))
    return sorted(call for call in default.calls if forbids_more(found, call, default, newest))


def forbids_more(found: Effect, call: str, default: Effect, newest: Effect) -> bool:
    """
    Return whether *found* refuses *call* with arguments with which *default* lets it through.

    What a list of allowed calls merely does not name, and the *newest* default refuses too to a container
    with the usual capabilities, does not count: a copy of that is a copy.
    """
    actions = [action for effect in (found, default, newest) for action in effect.calls.get(call) or ()]
    for args in list_argument_vectors(actions):
        done = found.decide(call, args)
        if (
            all(action.forbids for action in done)
            and not any(action.forbids for action in default.decide(call, args))
            and not (done == {found.default} and any(action.forbids for action in newest.decide(call, args)))
        ):
            return True
    return False


def is_copy_of_old_default(
    found: Effect, forbidden: Collection[str], caps: frozenset[str], machine: Machine
) -> bool:
    """
    Return whether *found* refuses only what a default of Docker of some year did not know yet.

    It is then a list of allowed calls that names none of them, and lacks most of what that default lacked:
    who removes a single call from a list of today means it.
    """
    years = [year for year, calls in CALLS_ADDED_TO_DEFAULT.items() if calls & set(forbidden)]
    named = [action for call in forbidden for action in found.calls.get(call) or ()]
    if not years or any(action.forbids for action in named):
        return False
    allowed_today = build_default_effect(caps, machine).calls
    added = {
        call
        for year, calls in CALLS_ADDED_TO_DEFAULT.items()
        if year >= min(years)
        for call in calls
        if call in allowed_today
    }
    return added.issuperset(forbidden) and 2 * len(forbidden) >= len(added)


def list_unknown_calls(profile: SeccompProfile) -> list[str]:
    """List the names in *profile* that no kernel has: the loader passes over them in silence."""
    return sorted({call for rule in profile.rules for call in rule.calls} - KNOWN_CALLS)
