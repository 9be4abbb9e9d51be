"""Find the addresses at which a container's port is reached from this machine."""

from collections.abc import Iterator
from ipaddress import ip_address

from dckgrade.engine.answers import Address, Json, OutOfReach
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import UnobservableReason


def find_service_addresses(inspected: Json, port: int, endpoint: Endpoint) -> tuple[Address, ...]:
    """
    Return published bindings, then the container's own addresses.

    Raises `OutOfReach` when there are some and none is reachable; a container that is not running has none.
    """
    if not (inspected.get("State") or {}).get("Running"):
        return ()
    # Sorted, since engines list bindings in different orders.
    published = sorted(_iter_published(inspected, port, endpoint), key=lambda at: (at.port, at.host))
    candidates = dict.fromkeys(published)
    candidates |= dict.fromkeys(_iter_own(inspected, port, endpoint))
    reachable = tuple(address for address in candidates if _is_reachable(address, endpoint))
    if candidates and not reachable:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, ", ".join(map(_format_address, candidates)))
    return reachable


def _format_address(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def _iter_published(inspected: Json, port: int, endpoint: Endpoint) -> Iterator[Address]:
    ports = (inspected.get("NetworkSettings") or {}).get("Ports") or {}
    for binding in ports.get(f"{port}/tcp") or ():
        host, host_port = binding.get("HostIp") or "", str(binding.get("HostPort") or "")
        if host_port.isdecimal():
            any_host = host in {"", "0.0.0.0", "::"}  # noqa: S104 - nothing is bound here
            yield Address(endpoint.host if any_host else host, int(host_port), "published")


def _iter_own(inspected: Json, port: int, endpoint: Endpoint) -> Iterator[Address]:
    if (inspected.get("HostConfig") or {}).get("NetworkMode") == "host":
        yield Address(endpoint.host, port, "own")
    # Never the top-level IPAddress: API 1.52 dropped it.
    networks = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    for network in networks.values():
        settings = network or {}
        if host := settings.get("IPAddress") or settings.get("GlobalIPv6Address"):
            yield Address(host, port, "own")


def _is_reachable(address: Address, endpoint: Endpoint) -> bool:
    if endpoint.is_forwarded or not (address.host == endpoint.host or _is_askable(address.host)):
        return False
    if endpoint.tunnel_url:
        # Ports are published on that machine; a container's own address may be useless there (rootless).
        return address.via == "published"
    if address.via == "published":
        # An engine that is reached by TCP tells its ports; whom this machine asks is not for it to choose.
        # What it has bound to another address of its machine, the loopback above all, is out of reach.
        both_loopback = _is_loopback(address.host) and _is_loopback(endpoint.host)
        return endpoint.socket is not None or address.host == endpoint.host or both_loopback
    # The host network of an engine in a VM or a user namespace is not ours: another program may answer here.
    return endpoint.reaches_own_addresses or (endpoint.socket is None and address.host == endpoint.host)


def _is_askable(host: str) -> bool:
    """Whether *host* is an address that a service may have: a cloud's metadata are at link-local ones."""
    try:
        address = ip_address(host)
    except ValueError:
        # Engines tell addresses; a name would be looked up wherever it leads.
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    # To Python `::1` is reserved too.
    return address.is_loopback or not (
        address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
