"""Whether, and by which names, one inspected container can reach another."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import find_container

PREDEFINED_NETWORKS = {"bridge", "host", "none", "default"}
"""Docker's own networks: on its bridge no container knows another by name."""
MIN_SHORT_ID_CHARS = 12


def inspect_cadvisor(engine: Engine, name: str = "cadvisor") -> Json | None:
    """Inspect the container that is meant to run cAdvisor; None when there is none."""
    try:
        return engine.inspect_container(find_container(engine, name, "cadvisor").id)
    except NotThere:
        return None


def is_running(inspected: Json | None) -> bool:
    """Return whether it runs, and is neither paused nor about to be restarted."""
    state = (inspected or {}).get("State") or {}
    return bool(state.get("Running")) and not state.get("Restarting") and not state.get("Paused")


def get_networks(inspected: Json) -> dict[str, Any]:
    """Return its networks by name."""
    return (inspected.get("NetworkSettings") or {}).get("Networks") or {}


def share_network(container: Json, other: Json) -> bool:
    """Return whether both are on a network that somebody made: names are resolved there."""
    return bool((get_networks(container).keys() & get_networks(other).keys()) - PREDEFINED_NETWORKS)


def can_reach_other(inspected: Json, other: Json) -> bool:
    """
    Return whether one can call the other by a name, or on the loopback that they have in common: a network
    that somebody made, the machine's own, or one lent by the other (`--network container:…`).
    """
    return share_network(inspected, other) or share_network_stack(inspected, other)


def share_network_stack(inspected: Json, other: Json) -> bool:
    """Return whether both stand in one network of their own, or in the machine's: one loopback."""
    first, second = map(identify_network_owner, (inspected, other))
    return first == second or is_lender(other, first) or is_lender(inspected, second)


def is_lender(inspected: Json, reference: str) -> bool:
    """Return whether *reference*, as `--network container:` takes it, means this container."""
    name, ref = (str(inspected.get(key) or "").lstrip("/") for key in ("Name", "Id"))
    plain = reference.lstrip("/")
    if plain in {"", "host"}:  # of nobody; the machine's, whatever a container is called
        return False
    return plain == name or (len(plain) >= MIN_SHORT_ID_CHARS and ref.startswith(plain))


def identify_network_owner(inspected: Json) -> str:
    """Return whose network the container stands in: its own, the machine's, another container's."""
    mode = str((inspected.get("HostConfig") or {}).get("NetworkMode") or "")
    if mode.startswith("container:"):
        return mode.removeprefix("container:")
    return mode if mode == "host" else str(inspected.get("Id") or "")


def is_reachable_name(host: str, inspected: Json, seen_from: Json) -> bool:
    """Return whether *host* is a name or address of the container from there; names have no case."""
    called = {name.casefold() for name in list_reachable_names(inspected, seen_from)}
    return host.casefold().removesuffix(".") in called


def list_reachable_names(inspected: Json, seen_from: Json) -> set[str]:
    """List everything that the other container may call it by: names, aliases, addresses."""
    common = get_networks(inspected).keys() & get_networks(seen_from).keys()
    own = str(inspected.get("Name") or "").lstrip("/")
    return {
        name
        for network in common
        for name in list_names_in_network(own, network, get_networks(inspected)[network] or {})
    } - {""}


def list_names_in_network(own: str, network: str, settings: Json) -> Iterator[str]:
    """Yield what one network calls it, with and without its own name behind; before 25 without DNSNames."""
    yield str(settings.get("IPAddress") or "")
    yield str(settings.get("GlobalIPv6Address") or "")
    if network not in PREDEFINED_NETWORKS:
        for name in filter(None, (own, *(settings.get("DNSNames") or ()), *(settings.get("Aliases") or ()))):
            yield from (str(name), f"{name}.{network}")


def is_loopback_host(host: str) -> bool:
    """Return whether *host* means the container itself."""
    if host.casefold() in {"localhost", "localhost.localdomain", "ip6-localhost"}:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def has_own_loopback(inspected: Json) -> bool:
    """Return whether its loopback is its own: not the machine's, nor another container's."""
    mode = str((inspected.get("HostConfig") or {}).get("NetworkMode") or "")
    return mode != "host" and not mode.startswith("container:")


def lends_network(inspected: Json, engine: Engine) -> bool:
    """Return whether another container stands in its network (`--network container:…`): one loopback."""
    names = {str(inspected.get("Id") or ""), str(inspected.get("Name") or "").lstrip("/")} - {""}
    modes = (
        str((entry.get("HostConfig") or {}).get("NetworkMode") or "") for entry in engine.list_containers()
    )
    return any(mode.removeprefix("container:") in names for mode in modes if mode.startswith("container:"))


def map_published_ports(inspected: Json) -> dict[int, int]:
    """Return the machine's ports that lead to it, each with its own port."""
    bindings = (inspected.get("HostConfig") or {}).get("PortBindings") or {}
    return {
        int(binding["HostPort"]): int(port.partition("/")[0])
        for port, bound in bindings.items()
        for binding in bound or ()
        if str(binding.get("HostPort") or "").isdecimal() and port.partition("/")[0].isdecimal()
    }
