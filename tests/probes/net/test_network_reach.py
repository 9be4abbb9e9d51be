"""Kind `network-reach`: names and connections from where a container stands, and what silence proves."""

import copy
from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, OutOfReach
from dckgrade.probes.net.network_reach import NetworkReach
from dckgrade.probes.net.vantage import Lookup, Vantage, read_getent, read_nslookup, read_trial
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_networks import ENGINES, OPEN, RecordedNetworks

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
OFFICIAL_OLD_BUSYBOX = (
    "Server:    127.0.0.11\nAddress 1: 127.0.0.11\n\nName:      base\nAddress 1: 172.30.2.2 db.back\n"
)
BIND = (
    "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11#53\n\nNon-authoritative answer:\nName:\tbase\n"
    "Address: 172.30.2.2\nName:\tbase\nAddress: fd00::2\n"
)


def reach(engine: RecordedNetworks, here: str, there: str, **parameters: Any) -> dict[str, Any]:
    return facts(NetworkReach(from_=here, to=there, **parameters).observe(engine))


@EVERY_ENGINE
def test_an_alias_is_known_on_the_network_that_both_are_on(engine: str) -> None:
    found = reach(RecordedNetworks(engine), "api", "db", name="base")
    assert (found["resolves"], found["right_address"], found["via"]) == (True, True, "exec")
    assert (found["addresses"], found["shared_networks"]) == (["172.30.2.2"], ["back"])
    assert {found[name] for name in ("connects", "how", "by_published", "control")} == {None}


@EVERY_ENGINE
def test_a_name_server_that_says_nothing_says_no(engine: str) -> None:
    """On 20.10 the look-up times out, on 26 it is SERVFAIL: neither is NXDOMAIN."""
    found = reach(RecordedNetworks(engine), "api", "db", name="nobody")
    assert (found["resolves"], found["right_address"], found["addresses"]) == (False, False, [])


@EVERY_ENGINE
def test_on_the_default_network_nobody_is_known_by_name(engine: str) -> None:
    assert reach(RecordedNetworks(engine), "plain", "linked-to-plain", name="base")["resolves"] is False


@EVERY_ENGINE
def test_a_link_is_known_by_the_one_side_that_was_given_it(engine: str) -> None:
    found = reach(RecordedNetworks(engine), "linked-to-plain", "plain", name="base")
    assert (found["linked"], found["resolves"], found["right_address"]) == (True, True, True)
    assert found["shared_networks"] == ["bridge"]
    assert reach(RecordedNetworks(engine), "plain", "linked-to-plain", name="base")["linked"] is False


def test_a_name_that_is_another_s_is_not_the_right_address() -> None:
    found = reach(RecordedNetworks(), "api", "proxy", name="base")
    assert (found["resolves"], found["right_address"]) == (True, False)


@pytest.mark.parametrize(
    ("addresses", "right"),
    [
        (("172.30.2.2",), True),
        (("172.30.2.2", "fd00:2::2"), True),
        (("172.30.2.2", "172.30.2.9"), False),
        ((), False),
    ],
)
def test_a_name_that_two_containers_bear_may_lead_to_either(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, *, right: bool
) -> None:
    recorded = RecordedNetworks()
    recorded.inspected["db"]["NetworkSettings"]["Networks"]["back"]["GlobalIPv6Address"] = "fd00:2::2"
    monkeypatch.setattr(Vantage, "look_up", lambda *_: Lookup(addresses, "exec"))
    assert reach(recorded, "api", "db", name="base")["right_address"] is right


@EVERY_ENGINE
def test_a_port_is_open_or_refused(engine: str) -> None:
    found = reach(RecordedNetworks(engine), "api", "db", port=5432)
    assert (found["connects"], found["how"], found["control"], found["by_published"]) == (
        True,
        "open",
        True,
        False,
    )
    closed = reach(RecordedNetworks(engine), "api", "db", port=5433)
    assert (closed["connects"], closed["how"], closed["control"]) == (False, "refused", True)


@EVERY_ENGINE
def test_silence_is_isolation_where_a_neighbour_answers(engine: str) -> None:
    recorded = RecordedNetworks(engine).only("api", "db", "proxy")
    found = reach(recorded, "proxy", "db", port=5432)
    assert (found["connects"], found["how"], found["control"]) == (False, "silent", True)
    assert ("exec", "proxy", ("timeout", "4", "nc", "-w", "2", "172.30.1.2", "80")) in recorded.ran


@EVERY_ENGINE
def test_without_a_neighbour_the_gateway_s_refusal_is_the_control(engine: str) -> None:
    recorded = RecordedNetworks(engine).only("db", "proxy")
    assert reach(recorded, "proxy", "db", port=5432)["control"] is True
    assert recorded.ran[-1] == ("exec", "proxy", ("timeout", "4", "nc", "-w", "2", "172.30.1.1", "1"))


@EVERY_ENGINE
def test_silence_where_nothing_answers_proves_nothing(engine: str) -> None:
    recorded = RecordedNetworks(engine).only("api", "db", "proxy")
    recorded.commands = {}
    observed = NetworkReach(from_="proxy", to="db", port=5432).observe(recorded)
    assert observed == Unobservable(
        kind="network-reach", why=UnobservableReason.ADDRESS_OUT_OF_REACH, detail="172.30.2.2:5432"
    )


@EVERY_ENGINE
def test_isolated_but_published_is_reached_through_the_gateway(engine: str) -> None:
    found = reach(RecordedNetworks(engine), "proxy", "db-published", port=5432)
    assert (found["connects"], found["how"], found["by_published"]) == (False, "silent", True)
    assert found["shared_networks"] == []


@EVERY_ENGINE
def test_what_is_published_on_an_internal_network_is_published_nowhere(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    assert reach(recorded, "proxy", "on-internal", port=80)["by_published"] is False
    assert not [argv for _, _, argv in recorded.ran if "8082" in argv]


def test_a_loopback_binding_is_the_machine_s_own_and_is_not_tried_from_a_container() -> None:
    recorded = RecordedNetworks()
    assert reach(recorded, "api", "proxy", port=80)["by_published"] is False
    assert not [argv for _, _, argv in recorded.ran if "8080" in argv]


def test_a_container_without_a_network_has_no_way() -> None:
    found = reach(RecordedNetworks(), "coffre", "db", port=5432)
    assert (found["connects"], found["how"], found["control"]) == (False, "no-route", True)


def test_what_has_no_address_is_not_reached_and_nothing_is_tried() -> None:
    recorded = RecordedNetworks()
    found = reach(recorded, "api", "coffre", port=80)
    assert (found["connects"], found["how"], found["control"], found["via"]) == (
        False,
        None,
        False,
        "inspect",
    )
    assert recorded.ran == []


def test_who_borrows_a_network_has_one_loopback_with_its_owner() -> None:
    recorded = RecordedNetworks()
    recorded.commands["borrowing", ("timeout", "4", "nc", "-w", "2", "127.0.0.1", "80")] = OPEN
    assert reach(recorded, "borrowing", "api", port=80)["connects"] is True


@EVERY_ENGINE
def test_who_borrows_a_network_is_reached_at_its_owner_s_addresses(engine: str) -> None:
    lender = reach(RecordedNetworks(engine), "proxy", "api", port=80)
    found = reach(RecordedNetworks(engine), "proxy", "borrowing", port=80)
    assert (found["shared_networks"], found["connects"]) == (["front"], lender["connects"])
    assert found["how"] == lender["how"]
    assert reach(RecordedNetworks(engine), "borrowing", "db")["shared_networks"] == ["back"]


def test_who_has_borrowed_the_network_of_a_container_that_is_gone_cannot_be_judged() -> None:
    engine = RecordedNetworks()
    engine.inspected["borrowing"]["HostConfig"]["NetworkMode"] = "container:" + "0" * 64
    seen = NetworkReach(from_="api", to="borrowing", port=80).observe(engine)
    assert isinstance(seen, Unobservable)
    assert seen.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_a_container_on_the_machine_s_network_is_reached_at_the_gateway() -> None:
    recorded = RecordedNetworks()
    recorded.commands["api", ("timeout", "4", "nc", "-w", "2", "172.30.1.1", "22")] = OPEN
    assert reach(recorded, "api", "on-host", port=22)["connects"] is True


@pytest.mark.parametrize(("here", "there"), [("api", "stopped"), ("stopped", "api")])
def test_what_does_not_run_is_not_tried(here: str, there: str) -> None:
    recorded = RecordedNetworks()
    found = reach(recorded, here, there, name="stopped", port=80)
    assert (found["from_runs"], found["to_runs"]) == (here == "api", there == "api")
    assert (found["resolves"], found["connects"], found["via"]) == (None, None, "inspect")
    assert recorded.ran == []


@pytest.mark.parametrize(("here", "there"), [("api", "nobody"), ("nobody", "api")])
def test_without_one_of_the_two_there_is_nothing_to_see(here: str, there: str) -> None:
    observed = NetworkReach(from_=here, to=there, port=80).observe(RecordedNetworks())
    assert observed == Absent(kind="network-reach")


@EVERY_ENGINE
def test_an_image_without_tools_is_looked_from_beside_and_only_then(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    recorded.lacks_tools = {"api"}
    found = reach(recorded, "api", "db", name="base", port=5432)
    assert (found["right_address"], found["connects"], found["via"]) == (True, True, "beside")
    commands = [(via, argv[2] if via == "exec" else argv[0]) for via, _, argv in recorded.ran]
    assert commands == [
        ("exec", "nslookup"),
        ("exec", "getent"),
        ("beside", "nslookup"),
        ("exec", "nc"),
        ("beside", "nc"),
    ]


def test_where_no_image_has_the_tools_nothing_is_known() -> None:
    recorded = RecordedNetworks()
    recorded.lacks_tools, recorded.images_lack_tools = {"api"}, True
    observed = NetworkReach(from_="api", to="db", name="base").observe(recorded)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.ADDRESS_OUT_OF_REACH
    assert len([via for via, _, _ in recorded.ran if via == "beside"]) == 3


def test_an_image_with_network_tools_is_tried_first() -> None:
    recorded = RecordedNetworks()
    recorded.lacks_tools = {"api"}
    (busybox,) = [image for image in recorded.images if image["RepoTags"] == ["busybox:latest"]]
    tried: list[str] = []
    run = recorded.run_beside

    def note(ref: str, image: str, argv: Any) -> CommandResult:
        tried.append(image)
        return run(ref, image, argv)

    recorded.run_beside = note  # type: ignore[method-assign]
    reach(recorded, "api", "db", name="base")
    assert tried == [busybox["Id"]]


@pytest.mark.parametrize("why", [UnobservableReason.DEADLINE, UnobservableReason.ENGINE_OUT_OF_REACH])
def test_an_engine_that_does_not_answer_is_nobody_s_isolation(
    why: UnobservableReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RecordedNetworks()

    def fail(_ref: str, _argv: Any) -> CommandResult:
        raise OutOfReach(why)

    monkeypatch.setattr(recorded, "run_command", fail)
    observed = NetworkReach(from_="proxy", to="db", port=5432).observe(recorded)
    assert isinstance(observed, Unobservable)
    assert observed.why is why


def test_a_container_in_which_nothing_may_be_run_is_looked_from_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = RecordedNetworks()

    def refuse(_ref: str, _argv: Any) -> CommandResult:
        raise OutOfReach(UnobservableReason.NOT_TRIED, "the container shares the host's processes")

    monkeypatch.setattr(recorded, "run_command", refuse)
    assert reach(recorded, "api", "db", port=5432)["via"] == "beside"


PODMAN = (
    "Server:\t\t172.30.2.1\nAddress:\t172.30.2.1:53\n\nNon-authoritative answer:\n"
    "Name:\tbase.dns.podman\nAddress: 172.30.2.2\n\nNon-authoritative answer:\n\n"
)
NO_EMBEDDED_SERVER = "nslookup: write to '127.0.0.11': Connection refused\n;; no servers could be reached\n"


@pytest.mark.parametrize(
    ("resolv_conf", "found"),
    [
        ("search dns.podman\nnameserver 172.30.2.1\nnameserver 172.30.1.1\n", ["172.30.2.2"]),
        ("nameserver 8.8.8.8\n", []),
        ("", []),
    ],
)
def test_podman_is_asked_at_a_gateway_and_no_server_elsewhere_is(
    resolv_conf: str, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers of Podman 5.4.2."""
    recorded = RecordedNetworks()
    asked: list[str] = []

    def answer(_ref: str, argv: tuple[str, ...]) -> CommandResult:
        asked.append(argv[-1])
        return CommandResult(0, PODMAN) if argv[-1] == "172.30.2.1" else CommandResult(1, NO_EMBEDDED_SERVER)

    def read_file(_ref: str, path: str) -> bytes:
        return resolv_conf.encode() if path == "/etc/resolv.conf" else b""

    monkeypatch.setattr(recorded, "run_command", answer)
    monkeypatch.setattr(recorded, "read_archive", read_file)
    assert reach(recorded, "api", "db", name="base")["addresses"] == found
    assert asked == ["127.0.0.11", *(["172.30.2.1"] if found else [])]


@pytest.mark.parametrize("gateway", ["8.8.8.8", "fe80:0::1", "name"])
def test_a_gateway_that_is_no_private_address_is_not_asked(
    gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = RecordedNetworks()
    recorded.inspected["api"]["NetworkSettings"]["Networks"]["back"]["Gateway"] = gateway
    asked: list[str] = []

    def answer(_ref: str, argv: tuple[str, ...]) -> CommandResult:
        asked.append(argv[-1])
        return CommandResult(1, NO_EMBEDDED_SERVER)

    monkeypatch.setattr(recorded, "run_command", answer)
    monkeypatch.setattr(recorded, "read_archive", lambda _ref, _path: f"nameserver {gateway}\n".encode())
    assert reach(recorded, "api", "db", name="base")["addresses"] == []
    assert asked == ["127.0.0.11"]


def test_every_command_has_a_deadline_of_its_own_and_names_an_address() -> None:
    recorded = RecordedNetworks()
    reach(recorded, "proxy", "db-published", name="base", port=5432)
    assert all(argv[:2] == ("timeout", "4") for via, _, argv in recorded.ran if via == "exec")
    assert {argv[2] for _, _, argv in recorded.ran} <= {"nslookup", "getent", "nc"}


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (OFFICIAL_OLD_BUSYBOX, ("172.30.2.2",)),
        (BIND, ("172.30.2.2", "fd00::2")),
        ("Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n** server can't find x: NXDOMAIN\n", ()),
        ("", ()),
    ],
)
def test_nslookup_is_read_as_each_of_them_prints(text: str, addresses: tuple[str, ...]) -> None:
    assert read_nslookup(CommandResult(1, text)) == addresses


def test_getent_is_read() -> None:
    assert read_getent(CommandResult(0, "172.30.2.2      base\n")) == ("172.30.2.2",)
    assert read_getent(CommandResult(2, "")) == ()
    assert read_getent(CommandResult(124, "")) == ()


@pytest.mark.parametrize(
    ("exit_code", "text", "outcome"),
    [
        (0, "", "open"),
        (124, "", "open"),
        (143, "", "open"),
        (1, "nc: read error: Connection reset by peer", "open"),
        (1, "(UNKNOWN) [172.30.2.2] 5432 (postgresql) : Connection refused", "refused"),
        (1, "nc: 172.30.2.2 (172.30.2.2:5432): Operation timed out", "silent"),
        (1, "nc: can't connect to remote host (172.30.2.2): No route to host", "no-route"),
        (1, "nc: invalid option -- 'w'", None),
    ],
)
def test_nc_is_read_as_each_of_them_prints(exit_code: int, text: str, outcome: str | None) -> None:
    assert read_trial(CommandResult(exit_code, text)) == outcome


def test_malformed_addresses_are_none() -> None:
    recorded = RecordedNetworks()
    networks = copy.deepcopy(recorded.inspected["db"]["NetworkSettings"]["Networks"])
    networks["back"]["IPAddress"] = "-e /bin/sh"
    recorded.inspected["db"]["NetworkSettings"]["Networks"] = networks
    assert reach(recorded, "api", "db", port=5432)["how"] is None
    assert recorded.ran == []
