"""Two inspected containers → whether and by which names the one can reach the other."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import find

PREDEFINED = {"bridge", "host", "none", "default"}
"""Docker's own networks: on its bridge no container knows another by name."""


def cadvisor(engine: Engine, name: str = "cadvisor") -> Json | None:
    """Inspect the container that is meant to run cAdvisor; None when there is none."""
    try:
        return engine.inspect_container(find(engine, name, "cadvisor").id)
    except NotThere:
        return None


def running(inspected: Json | None) -> bool:
    """Say whether it runs, and is not just about to be started again."""
    state = (inspected or {}).get("State") or {}
    return bool(state.get("Running")) and not state.get("Restarting") and not state.get("Paused")


def networks(inspected: Json) -> dict[str, Any]:
    """Give its networks by name."""
    return (inspected.get("NetworkSettings") or {}).get("Networks") or {}


def share_network(one: Json, other: Json) -> bool:
    """Say whether both are on a network that somebody made: names are resolved there."""
    return bool((networks(one).keys() & networks(other).keys()) - PREDEFINED)


def names(inspected: Json, seen_from: Json) -> set[str]:
    """List everything that the other container may call it by: names, aliases, addresses."""
    common = networks(inspected).keys() & networks(seen_from).keys()
    own = str(inspected.get("Name") or "").lstrip("/")
    return {name for one in common for name in called(own, one, networks(inspected)[one] or {})} - {""}


def called(own: str, network: str, settings: Json) -> Iterator[str]:
    """Give what one network calls it; engines before 25 have no DNSNames."""
    yield str(settings.get("IPAddress") or "")
    if network not in PREDEFINED:
        yield own
        yield from map(str, settings.get("DNSNames") or [])
        yield from map(str, settings.get("Aliases") or [])


def loopback(host: str) -> bool:
    """Say whether *host* never leaves the container."""
    if host.casefold() in {"localhost", "localhost.localdomain", "ip6-localhost"}:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def own_loopback(inspected: Json) -> bool:
    """Say whether its loopback is its own: not the machine's, nor another container's."""
    mode = str((inspected.get("HostConfig") or {}).get("NetworkMode") or "")
    return mode != "host" and not mode.startswith("container:")


def published(inspected: Json) -> dict[int, int]:
    """Give the machine's ports that lead to it, each with its own port."""
    bindings = (inspected.get("HostConfig") or {}).get("PortBindings") or {}
    return {
        int(one["HostPort"]): int(port.partition("/")[0])
        for port, bound in bindings.items()
        for one in bound or ()
        if str(one.get("HostPort") or "").isdecimal() and port.partition("/")[0].isdecimal()
    }
