"""Kind `network`: which network is meant, where it leads, and who is on it."""

import copy

import pytest

from dckgrade.probes.docker.network import Network, is_near_name
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_networks import ENGINES, RecordedNetworks

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)


@EVERY_ENGINE
def test_a_network_is_seen_with_its_range_its_way_outside_and_its_members(engine: str) -> None:
    front = facts(Network(name="front").observe(RecordedNetworks(engine)))
    back = facts(Network(name="back").observe(RecordedNetworks(engine)))
    assert (front["found_by"], front["others"], front["driver"], front["scope"]) == (
        "name",
        0,
        "bridge",
        "local",
    )
    assert (front["internal"], back["internal"]) == (False, True)
    assert (front["subnets"], back["subnets"]) == (["172.30.1.0/24"], ["172.30.2.0/24"])
    assert {"api", "proxy"} <= {*front["members"]}
    assert {"api", "db"} <= {*back["members"]}


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("172.30.1.1/24", "172.30.1.0/24"),
        ("172.30.1.254/25", "172.30.1.128/25"),
        ("FD00:1::1/64", "fd00:1::/64"),
        ("anything", "anything"),
    ],
)
def test_a_range_is_the_same_whichever_of_its_addresses_was_typed(
    typed: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RecordedNetworks()
    (network,) = [network for network in recorded.networks if network["Name"] == "front"]
    monkeypatch.setattr(recorded, "load", lambda _name: {**network, "IPAM": {"Config": [{"Subnet": typed}]}})
    assert facts(Network(name="front").observe(recorded))["subnets"] == [seen]


@EVERY_ENGINE
def test_a_stopped_container_is_no_member_although_inspect_still_names_the_network(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    assert "back" in recorded.inspected["stopped"]["NetworkSettings"]["Networks"]
    assert "stopped" not in facts(Network(name="back").observe(recorded))["members"]


@EVERY_ENGINE
def test_compose_s_own_name_of_a_network_is_one_whatever_the_project(engine: str) -> None:
    found = facts(Network(name="caches").observe(RecordedNetworks(engine)))
    assert (found["name"], found["found_by"]) == ("tp_caches", "label")


@pytest.mark.parametrize("other", ["Front", "frontend", "tp_front", "tp-front", "front2"])
def test_a_name_that_is_nearly_the_same_is_shown_and_is_told_from_the_name(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RecordedNetworks()
    (network,) = [network for network in recorded.networks if network["Name"] == "front"]
    recorded.networks = [network]
    network["Name"] = other
    monkeypatch.setattr(recorded, "load", lambda _name: copy.deepcopy(network))
    found = facts(Network(name="front").observe(recorded))
    assert (found["name"], found["found_by"]) == (other, "near-miss")


@pytest.mark.parametrize("name", ["bridge", "host", "none", "back", "affront", "storefronts"])
def test_another_s_name_is_not_nearly_the_same(name: str) -> None:
    assert not is_near_name("front", name)


def test_of_two_networks_of_one_name_the_same_is_looked_at_each_time_and_the_other_is_counted() -> None:
    recorded = RecordedNetworks()
    (network,) = [network for network in recorded.networks if network["Name"] == "front"]
    recorded.networks.append({**network, "Id": "f" * 64})
    first = facts(Network(name="front").observe(recorded))
    recorded.networks.reverse()
    assert facts(Network(name="front").observe(recorded)) == first
    assert first["others"] == 1


def test_a_name_that_no_network_has_is_absent() -> None:
    assert Network(name="nowhere").observe(RecordedNetworks()) == Absent(kind="network")


def test_a_network_without_an_id_or_a_name_is_unreadable() -> None:
    for key in ("Id", "Name"):
        recorded = RecordedNetworks()
        del recorded.networks[0][key]
        observed = Network(name="front").observe(recorded)
        assert isinstance(observed, Unobservable)
        assert observed.why is UnobservableReason.UNREADABLE
