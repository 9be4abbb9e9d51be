"""Names of images that begin with a registry, and those that lead to the registry of a container."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.reachability import get_networks, is_loopback_host
from dckgrade.probes.support.service import get_network_mode, inspect_network_owner
from dckgrade.probes.support.service_settings import list_exposed_ports, list_published_ports

# A first part with a dot, a colon or capitals is a host: https://pkg.go.dev/github.com/distribution/reference.
_REFERENCE_PATTERN = compile_lazily(
    r"""(?P<registry>localhost(?::\d{1,5})?
      |(?=[^/]*[.:A-Z])(?:[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?)
    /(?P<repository>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)
    (?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?""",
    re.VERBOSE | re.ASCII,
)
_HTTPS_PORT, _HTTP_PORT = 443, 80
PUBLIC_REGISTRIES = {
    *("docker.io", "gcr.io", "ghcr.io", "quay.io", "mcr.microsoft.com", "docker.elastic.co", "lscr.io"),
    *("registry.k8s.io", "k8s.gcr.io", "public.ecr.aws", "registry.gitlab.com", "registry.access.redhat.com"),
}
"""Places from which images are fetched: a registry at the port of the web is not called so."""
_MAX_REFERENCE_CHARS, _MAX_UNTOLD = 600, 20
_ID_PATTERN = compile_lazily(r"(?:sha256:)?[0-9a-f]{12,64}")


class Reference(Struct, frozen=True, kw_only=True):
    """The name of an image in a registry."""

    registry: str
    """HOST:PORT, or HOST alone for the ports of the web."""
    repository: str
    tag: str | None
    digest: str | None

    @property
    def place(self) -> str:
        """The registry and the repository, as both tags and digests are told of it."""
        return f"{self.registry}/{self.repository}"

    @property
    def host(self) -> str:
        """The host alone; an IPv6 address without its brackets."""
        return split_registry(self.registry)[0]

    @property
    def name(self) -> str:
        """The reference as it is written."""
        tag, digest = f":{self.tag}" if self.tag else "", f"@{self.digest}" if self.digest else ""
        return self.place + tag + digest


class NamedImage(Struct, frozen=True, kw_only=True):
    """A name that an image of the engine has, or that a container was started by."""

    reference: Reference
    is_run: bool = False
    """Whether some container was started by it."""
    is_sent: bool = False
    """Whether the engine tells that it has sent or fetched it; containerd's store tells so of every tag."""


def parse_reference(text: str) -> Reference | None:
    """Return the parts of an image's name that begins with a registry; None for any other."""
    found = _REFERENCE_PATTERN.fullmatch(text) if len(text) <= _MAX_REFERENCE_CHARS else None
    if not found:
        return None
    tag = found["tag"] or (None if found["digest"] else "latest")
    return Reference(
        registry=found["registry"], repository=found["repository"], tag=tag, digest=found["digest"]
    )


def split_registry(registry: str) -> tuple[str, int | None]:
    """Return host and port of HOST:PORT; None without a port."""
    host, colon, port = registry.rpartition(":")
    if not colon or not port.isdecimal() or (":" in host and not host.startswith("[")):
        return registry.strip("[]"), None
    return host.strip("[]"), int(port)


def list_named_images(engine: Engine, inspected: Json) -> list[NamedImage]:
    """List the names by which images lead to the registry in this container, the most telling first."""
    run = {reference.name for reference in iter_references(iter_images_of_containers(engine))}
    named: dict[str, NamedImage] = {}
    for entry in engine.list_images():
        digests = list(iter_references(entry.get("RepoDigests") or []))
        # Of an image with a tag its digests are no further names.
        for reference in list(iter_references(entry.get("RepoTags") or [])) or digests:
            named[reference.name] = NamedImage(
                reference=reference,
                is_run=reference.name in run,
                is_sent=any(digest.place == reference.place for digest in digests),
            )
    for reference in iter_references(run - named.keys()):
        named[reference.name] = NamedImage(reference=reference, is_run=True)
    owner = inspect_network_owner(engine, inspected)
    leading = [image for image in named.values() if leads_to(image.reference.registry, owner)]
    return sorted(leading, key=rank_named_image)


def iter_images_of_containers(engine: Engine) -> Iterator[str]:
    """Yield the images by which containers were started; the list tells an id where the name has gone."""
    untold = _MAX_UNTOLD
    for entry in engine.list_containers():
        image = str(entry.get("Image") or "")
        if _ID_PATTERN.fullmatch(image) and untold:
            untold -= 1
            image = str((engine.inspect_container(str(entry.get("Id"))).get("Config") or {}).get("Image"))
        yield image


def iter_references(texts: Iterable[object]) -> Iterator[Reference]:
    """Yield those that begin with a registry."""
    for text in texts:
        if reference := parse_reference(str(text)):
            yield reference


def rank_named_image(image: NamedImage) -> tuple[bool, bool, bool, str]:
    """Return what they are sorted by: by a name that proves something, run, sent or fetched."""
    return (
        is_loopback_host(image.reference.host),
        not image.is_run,
        not image.is_sent,
        image.reference.name,
    )


def leads_to(registry: str, owner: Json) -> bool:
    """
    Return whether *registry* may mean the container, or whoever lends it the network.

    Hosts are never looked up: one port of a machine leads to one container.
    """
    if registry in PUBLIC_REGISTRIES:
        return False
    host, port = split_registry(registry)
    ports = {port} if port else {_HTTPS_PORT, _HTTP_PORT}
    own = set(list_exposed_ports(owner)) | {binding.inner for binding in list_published_ports(owner)}
    if get_network_mode(owner) == "host":
        return bool(ports & own)
    if host in {str((network or {}).get("IPAddress")) for network in get_networks(owner).values()}:
        return True
    return bool(ports & {binding.on_machine for binding in list_published_ports(owner)})


def list_hosts_addresses(engine: Engine, registry: str) -> list[str]:
    """Return the addresses that the hosts file of the engine's machine gives to the host of *registry*."""
    try:
        return list(engine.find_hosts_addresses(split_registry(registry)[0]))
    except OutOfReach:
        return []


def calls_loopback(registry: str, addresses: Iterable[str]) -> bool:
    """Return whether *registry*, or one of its *addresses*, is the loopback of who calls it."""
    host = split_registry(registry)[0]
    return is_loopback_host(host) or any(address.is_loopback for address in iter_addresses(addresses))


def iter_addresses(texts: Iterable[str]) -> Iterator[IPv4Address | IPv6Address]:
    """Yield those that are addresses."""
    for text in texts:
        with suppress(ValueError):
            yield ip_address(text)


def is_insecure(registry: str, info: Json, addresses: Iterable[str] = ()) -> bool:
    """
    Return whether the engine was told not to check *registry* (`insecure-registries`).

    Of a name it looks at the *addresses*, too: of several one is enough.
    """
    config = info.get("RegistryConfig") or {}
    index = (config.get("IndexConfigs") or {}).get(registry) or {}
    if index.get("Secure") is False:
        return True
    try:
        networks = [ip_network(str(text)) for text in config.get("InsecureRegistryCIDRs") or []]
    except ValueError:
        return False
    called = iter_addresses([split_registry(registry)[0], *addresses])
    return any(address in network for address in called for network in networks)
