"""Whether the words of a rule fit together."""

from collections.abc import Sequence

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.apparmor.policy import vocabulary

NEWER_NETWORK_PATTERN = compile_lazily(
    rf"\(?(?:{'|'.join(vocabulary.NETWORK_ACCESSES)})(?:,\w+)*\)?|(?:peer=\()?(?:ip|port|label|interface)=.*"
)
"""Accesses and conditions of AppArmor 4.1."""
NICENESS = range(-20, 20)


def spell_out(letters: str) -> set[str]:
    """Return the accesses that `rw` stands for."""
    return {{"r": "receive", "w": "send"}[letter] for letter in letters.lower()}


def is_network(words: Sequence[str]) -> bool:
    """Return whether the words of a network rule fit together."""
    alone = vocabulary.NETWORK_FAMILIES | vocabulary.SOCKET_TYPES | vocabulary.NETWORK_PROTOCOLS
    match words:
        case []:
            return True
        case [word]:
            return word in alone
        case [family, word]:
            return family in vocabulary.NETWORK_FAMILIES and (
                word in vocabulary.SOCKET_TYPES or word in vocabulary.PROTOCOLS_OF_FAMILIES.get(family, ())
            )
        case _:
            return False


def is_limit_value(name: str, value: int, unit: str) -> bool:
    """Return whether a limit may be *value* of *unit*."""
    if name == "nice":
        return not unit and value in NICENESS
    if value < 0:
        return False
    if name in vocabulary.SIZE_LIMITS:
        return not unit or unit in vocabulary.SIZE_UNITS
    if name in vocabulary.TIME_LIMITS:
        if unit not in {"", *vocabulary.TIME_UNITS_S}:
            return False
        return name != "cpu" or value * vocabulary.TIME_UNITS_S.get(unit, 1) >= 1
    return not unit


def is_unix_value(name: str, value: str) -> bool:
    """Return whether a condition of a unix rule may have *value*."""
    if name == "type":
        return value in vocabulary.SOCKET_TYPES
    return name != "addr" or value in {"none", "auto"} or value.startswith("@")


def is_unix_rule(accesses: set[str], _: set[str], peer: set[str]) -> bool:
    """Return whether accesses and conditions of a unix rule fit together."""
    return not peer or accesses <= vocabulary.PEER_ACCESSES


def is_dbus_rule(accesses: set[str], own: set[str], peer: set[str]) -> bool:
    """Return whether accesses and conditions of a D-Bus rule fit together."""
    is_message = bool((own | peer) & {"path", "interface", "member", "label"}) or (
        "name" in peer and "name" not in own
    )
    is_service = "name" in own
    if is_message and is_service:
        return False
    if "bind" in accesses and is_message:
        return False
    if accesses & {"send", "receive", "read", "write"} and is_service:
        return False
    return "eavesdrop" not in accesses or not (is_message or is_service)
