"""Where ports of containers, as real engines inspect them, are reached from here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.addresses import find_service_addresses
from dckgrade.engine.answers import Address, OutOfReach
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import UnobservableReason
from tests.support.recorded_engines import ENGINE_FOLDERS

LOCAL = Endpoint("unix:///tmp/docker.sock", "--host")
ROOTLESS = Endpoint("unix:///run/user/1000/docker.sock", "--host")
REMOTE = Endpoint("tcp://10.0.0.9:2376", "--host")
SSH = Endpoint("ssh://root@10.0.0.9", "--host", tunnel_url="unix:///tmp/0.sock")
TUNNEL = Endpoint("tcp://127.0.0.1:2375", "--host")


@pytest.fixture(autouse=True)
def _on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.fixture(params=ENGINE_FOLDERS, ids=lambda folder: folder.name)
def answers(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


def read_inspected(folder: Path, name: str) -> Any:
    return json.loads((folder / f"inspect-{name}.json").read_bytes())


def get_own_ip(container: Any) -> str:
    (network,) = container["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def make_container(ports: Any = None, ip: str = "", mode: str = "bridge") -> Any:
    return {
        "State": {"Running": True},
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Ports": {"80/tcp": ports}, "Networks": {"n": {"IPAddress": ip}}},
    }


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "169.254.1.9", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1", "ff02::1",
     "240.0.0.1", "255.255.255.255", "metadata.google.internal", "localhost.", "0x7f000001", "127.1"],
)  # fmt: skip
@pytest.mark.parametrize("endpoint", [LOCAL, ROOTLESS, REMOTE, TUNNEL, SSH])
@pytest.mark.parametrize("where", ["published", "own"])
def test_no_engine_has_metadata_names_or_groups_asked(host: str, endpoint: Endpoint, where: str) -> None:
    published = [{"HostIp": host, "HostPort": "80"}] if where == "published" else None
    own = host if where == "own" else ""
    with pytest.raises(OutOfReach) as caught:
        find_service_addresses(make_container(published, own), 80, endpoint)
    assert host in caught.value.detail


def test_the_loopback_of_version_6_is_asked() -> None:
    published = make_container([{"HostIp": "::1", "HostPort": "8080"}])
    assert find_service_addresses(published, 80, LOCAL) == (Address("::1", 8080, "published"),)


def test_published_bindings_come_before_the_own_address(answers: Path) -> None:
    web = read_inspected(answers, "published")
    assert find_service_addresses(web, 80, LOCAL) == (
        Address("127.0.0.1", 18080, "published"),
        Address("127.0.0.1", 18081, "published"),
        Address(get_own_ip(web), 80, "own"),
    )


def test_a_port_that_is_not_published_is_reached_at_the_containers_own_address(answers: Path) -> None:
    web = read_inspected(answers, "webservers")
    assert find_service_addresses(web, 80, LOCAL) == (Address(get_own_ip(web), 80, "own"),)


def test_own_addresses_of_an_engine_elsewhere_are_out_of_reach_and_nobodys_fault(answers: Path) -> None:
    for endpoint in (ROOTLESS, REMOTE, TUNNEL):
        with pytest.raises(OutOfReach) as caught:
            find_service_addresses(read_inspected(answers, "webservers"), 80, endpoint)
        assert caught.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_every_network_of_a_container_has_its_address(answers: Path) -> None:
    two = read_inspected(answers, "two-nets")
    ips = [network["IPAddress"] for network in two["NetworkSettings"]["Networks"].values()]
    assert len(ips) == 2
    assert [address.host for address in find_service_addresses(two, 80, LOCAL)] == ips


def test_ports_published_by_an_engine_elsewhere_are_on_its_machine(answers: Path) -> None:
    assert find_service_addresses(read_inspected(answers, "published"), 80, REMOTE) == (
        Address("10.0.0.9", 18081, "published"),
    )
    assert find_service_addresses(read_inspected(answers, "published"), 80, ROOTLESS) == (
        Address("127.0.0.1", 18080, "published"),
        Address("127.0.0.1", 18081, "published"),
    )


def test_a_container_on_the_host_network_is_reached_on_the_engines_machine(answers: Path) -> None:
    host = read_inspected(answers, "hostnet")
    assert find_service_addresses(host, 9090, LOCAL) == (Address("127.0.0.1", 9090, "own"),)
    assert find_service_addresses(host, 9090, REMOTE) == (Address("10.0.0.9", 9090, "own"),)
    with pytest.raises(OutOfReach):
        find_service_addresses(host, 9090, ROOTLESS)


@pytest.mark.parametrize("name", ["nonet", "created-only", "killed", "port-taken", "missing-binary"])
def test_what_runs_on_no_network_or_not_at_all_has_no_address(answers: Path, name: str) -> None:
    for endpoint in (LOCAL, ROOTLESS, REMOTE):
        assert find_service_addresses(read_inspected(answers, name), 80, endpoint) == ()


def test_a_port_published_on_another_machines_loopback_is_out_of_reach() -> None:
    with pytest.raises(OutOfReach):
        find_service_addresses(make_container([{"HostIp": "127.0.0.1", "HostPort": "8080"}]), 80, REMOTE)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])  # noqa: S104 - as the engine tells them
def test_every_interface_is_this_one(host: str) -> None:
    assert find_service_addresses(make_container([{"HostIp": host, "HostPort": "8080"}]), 80, LOCAL) == (
        Address("127.0.0.1", 8080, "published"),
    )


def test_a_binding_to_one_interface_is_reached_there() -> None:
    bound = make_container([{"HostIp": "192.0.2.7", "HostPort": "8080"}])
    assert find_service_addresses(bound, 80, LOCAL) == (Address("192.0.2.7", 8080, "published"),)


@pytest.mark.parametrize("host", ["192.0.2.99", "victim.test", "fd00::7", "169.254.169.254"])
def test_an_engine_elsewhere_does_not_choose_whom_this_machine_asks(host: str) -> None:
    with pytest.raises(OutOfReach):
        find_service_addresses(make_container([{"HostIp": host, "HostPort": "8080"}]), 80, REMOTE)


def test_a_network_with_only_an_ipv6_address_has_that_one() -> None:
    modern = make_container()
    modern["NetworkSettings"]["Networks"]["n"]["GlobalIPv6Address"] = "fd00::2"
    assert find_service_addresses(modern, 80, LOCAL) == (Address("fd00::2", 80, "own"),)
    with pytest.raises(OutOfReach, match=r"\[fd00::2\]:80"):
        find_service_addresses(modern, 80, REMOTE)


def test_the_top_level_address_that_newer_engines_dropped_is_not_read() -> None:
    old = make_container()
    old["NetworkSettings"]["IPAddress"] = "172.17.0.9"
    assert find_service_addresses(old, 80, LOCAL) == ()


@pytest.mark.parametrize(
    "content", [{}, {"State": None}, {"State": {"Running": True}}, {"NetworkSettings": None}]
)
def test_an_engine_that_says_little_yields_no_address(content: Any) -> None:
    assert find_service_addresses(content, 80, LOCAL) == ()
