"""Names of images that lead to a registry, and those that do not."""

from typing import Any

import pytest

from dckgrade.probes.image_registry.references import (
    is_insecure,
    leads_to,
    parse_reference,
    split_registry,
)

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("172.17.0.1:5000/nginx:1.0", "172.17.0.1:5000", "nginx", "1.0", None),
        ("172.17.0.1/team/site/web", "172.17.0.1", "team/site/web", "latest", None),
        ("localhost/x", "localhost", "x", "latest", None),
        ("registry.test/a__b/c.d:V-1_2", "registry.test", "a__b/c.d", "V-1_2", None),
        ("[fd00::7]:5000/x", "[fd00::7]:5000", "x", "latest", None),
        (f"registry.test:5000/x@{DIGEST}", "registry.test:5000", "x", None, DIGEST),
        (f"registry.test:5000/x:1@{DIGEST}", "registry.test:5000", "x", "1", DIGEST),
    ],
)
def test_a_first_part_with_a_dot_or_a_colon_is_a_registry(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    found = parse_reference(text)
    assert found is not None
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        *("", "nginx", "nginx:1.27", "team/web:2", DIGEST, "x" * 700, "<none>@<none>"),
        *("registry.test/a/../b", "registry.test//a", "registry.test/", "registry.test/A", "-h.test/x"),
        *(f"registry.test/{'a/' * 300}a", "registry.test/x:../y", "registry.test/x\n", "r.test/é"),
    ],
)
def test_other_names_lead_to_no_registry_and_none_leaves_its_folder(text: str) -> None:
    assert parse_reference(text) is None


@pytest.mark.parametrize(
    ("registry", "host", "port"),
    [
        ("172.17.0.1:5000", "172.17.0.1", 5000),
        ("registry.test", "registry.test", None),
        ("[fd00::7]:5000", "fd00::7", 5000),
        ("[fd00::7]", "fd00::7", None),
    ],
)
def test_a_registry_is_a_host_and_mostly_a_port(registry: str, host: str, port: int | None) -> None:
    assert split_registry(registry) == (host, port)


def container(mode: str = "bridge", **ports: int) -> Any:
    """A container whose own ports, by `p5000`, are published at ports of the machine."""
    bound = {
        f"{inner[1:]}/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(outer)}]  # noqa: S104 - nothing is bound here
        for inner, outer in ports.items()
    }
    return {
        "Config": {"ExposedPorts": {"5000/tcp": {}}},
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Ports": bound, "Networks": {"bridge": {"IPAddress": "172.17.0.3"}}},
    }


@pytest.mark.parametrize(
    ("registry", "owner", "leads"),
    [
        ("10.0.0.7:5001", container(p5000=5001), True),
        ("10.0.0.7:5000", container(p5000=5001), False),
        ("registry.test", container(p5000=443), True),
        ("registry.test", container(p5000=5000), False),
        ("172.17.0.3:5000", container(), True),
        ("10.0.0.7:5000", container(), False),
        ("10.0.0.7:5000", container("host"), True),
    ],
)
def test_a_name_leads_to_the_container_whose_port_it_gives(registry: str, owner: Any, *, leads: bool) -> None:
    assert leads_to(registry, owner) is leads


INFO = {
    "RegistryConfig": {
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "10.1.0.0/16"],
        "IndexConfigs": {
            "docker.io": {"Secure": True},
            "r.test:5000": {"Secure": False},
            "s.test": {"Secure": True},
        },
    }
}


@pytest.mark.parametrize(
    ("registry", "insecure"),
    [
        *(("r.test:5000", True), ("r.test", False), ("s.test", False), ("127.0.0.9:5000", True)),
        *(("10.1.2.3:5000", True), ("10.2.0.1:5000", False)),
    ],
)
def test_what_the_engine_was_told_not_to_check_is_insecure(registry: str, *, insecure: bool) -> None:
    assert is_insecure(registry, INFO) is insecure


@pytest.mark.parametrize(
    "info", [{}, {"RegistryConfig": None}, {"RegistryConfig": {"InsecureRegistryCIDRs": ["x"]}}]
)
def test_an_engine_that_tells_nothing_of_registries_checks_them(info: Any) -> None:
    assert is_insecure("10.1.2.3:5000", info) is False
