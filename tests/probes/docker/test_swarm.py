"""Recorded and made-up answers about a swarm in, the facts that a lab judges out."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.run import grade_lab
from dckgrade.probes.docker.swarm import Facts, Swarm
from dckgrade.report.observation import EngineInfo, Observation, Seen, Unobservable, UnobservableReason
from dckgrade.report.result import Verdict
from tests.support.built_in_labs import load_built_in_lab

ANSWERS = Path(__file__).parents[2] / "answers" / "swarm"
VERSIONS = ["20.10.24", "26.1.5", "28.5.2"]
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LEADERLESS = "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that…"


class SwarmEngine:
    """Answers as it was told, and remembers what was asked."""

    engine = EngineInfo(endpoint="unix:///var/run/docker.sock")

    def __init__(self, info: Any, nodes: Any = None) -> None:
        self.info, self.rows, self.asked = info, nodes, list[str]()

    def now(self) -> datetime:
        return NOW

    def inspect_engine(self) -> Any:
        self.asked.append("info")
        return self.info

    def list_nodes(self) -> Any:
        self.asked.append("nodes")
        if self.rows is None:
            raise OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 503 This node is not a swarm manager.")
        return self.rows

    def end_run(self, within_s: float, *, keep: bool = False) -> None:  # noqa: ARG002
        return

    def take_snapshot(self, given: RunOptions = RunOptions()) -> Any:  # noqa: ARG002
        return self


def answer(name: str) -> Any:
    return json.loads((ANSWERS / f"{name}.json").read_bytes())


def seen(fake_engine: SwarmEngine) -> Observation:
    return Swarm().observe(fake_engine)  # type: ignore[arg-type]


def facts(info: Any, nodes: Any = None) -> Facts:
    found = seen(SwarmEngine(info, nodes))
    assert isinstance(found, Seen), found
    return msgspec.convert(found.facts, Facts)


def with_swarm(**changes: Any) -> Any:
    return {"Swarm": answer("28.5.2-info")["Swarm"] | changes, "OperatingSystem": "Debian"}


def ready(version: str) -> Any:
    """Give the recorded nodes, the killed worker as alive as the other."""
    rows = answer(f"{version}-nodes")
    for row in rows:
        row["Status"] = {"State": "ready", "Addr": row["Status"]["Addr"]}
    return rows


def test_a_swarm_as_the_lab_wants_it_is_read() -> None:
    found = facts(answer("20.10.24-info"), answer("20.10.24-ready-nodes"))

    assert found.ready_workers == ["node2", "node3"]
    assert found.silent_workers == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_manager_its_worker_and_a_killed_one_are_read_alike_from_every_engine(version: str) -> None:
    found = facts(answer(f"{version}-info"), answer(f"{version}-nodes"))

    assert (found.local_state, found.role, found.error, found.has_leader) == ("active", "manager", "", True)
    assert found.manager_addresses == ["10.11.0.11:2377"]
    assert (found.manager_count, found.leader_reachable) == (1, True)
    assert [(node.hostname, node.address, node.role, node.state) for node in found.nodes or []] == [
        ("node1", "10.11.0.11", "manager", "ready"),
        ("node2", "10.11.0.12", "worker", "ready"),
        ("node3", "10.11.0.13", "worker", "down"),
    ]
    assert (found.workers, found.ready_workers) == (["node2", "node3"], ["node2"])
    assert all(node.engine_version.startswith(version) for node in found.nodes or [])
    assert (found.silent_workers, found.set_aside_workers, found.earlier_lives) == (["node3"], [], 0)


def test_nothing_that_proves_who_a_machine_is_becomes_a_fact() -> None:
    kept = str(seen(SwarmEngine(answer("28.5.2-info"), answer("28.5.2-nodes"))))

    assert "node2" in kept
    for secret in ("BEGIN", "TLS", "CertIssuer", "JoinTokens", "SWMTKN"):
        assert secret not in kept


def test_a_worker_tells_where_its_manager_is_and_is_not_asked_for_the_nodes() -> None:
    fake_engine = SwarmEngine(answer("20.10.24-worker-info"))

    found = seen(fake_engine)

    assert isinstance(found, Seen)
    assert (found.facts["role"], found.facts["manager_addresses"]) == ("worker", ["10.10.0.11:2377"])
    assert (found.facts["manager_count"], found.facts["ready_workers"]) == (None, None)
    assert fake_engine.asked == ["info"]


@pytest.mark.parametrize("state", ["inactive", "pending", "error", "locked"])
def test_an_engine_that_is_in_no_swarm_has_no_role(state: str) -> None:
    swarm = {"NodeID": "", "NodeAddr": "", "LocalNodeState": state, "ControlAvailable": False, "Error": ""}
    found = facts({"Swarm": swarm | {"RemoteManagers": None}})

    assert (found.local_state, found.role, found.manager_addresses) == (state, None, [])


def test_an_empty_state_is_that_of_no_swarm() -> None:
    assert facts({"Swarm": {"LocalNodeState": ""}}).local_state == "inactive"


def test_too_few_managers_are_seen_without_asking_a_leader_that_is_not_there() -> None:
    fake_engine = SwarmEngine(with_swarm(Error=LEADERLESS))

    found = seen(fake_engine)

    assert isinstance(found, Seen)
    assert (found.facts["has_leader"], found.facts["manager_count"]) == (False, None)
    assert fake_engine.asked == ["info"]


@pytest.mark.parametrize(
    ("info", "detail"),
    [
        (with_swarm(Error="rpc error: code = DeadlineExceeded"), "DeadlineExceeded"),
        (with_swarm(LocalNodeState="dancing"), "dancing"),
        (with_swarm(LocalNodeState=None), "LocalNodeState"),
        ({}, "LocalNodeState"),
        ({"message": "server is busy"}, "LocalNodeState"),
        (with_swarm(), "HTTP 503"),
        (with_swarm() | {"BuildahVersion": "1.28.2"}, "Podman has no Swarm"),
    ],
)
def test_what_nobody_can_read_is_not_seen(info: Any, detail: str) -> None:
    found = seen(SwarmEngine(info, [] if "dancing" in str(info) else None))

    assert isinstance(found, Unobservable)
    assert detail in found.detail


def again(row: Any, **changes: Any) -> Any:
    """Give the row of the same machine after it has joined once more."""
    later = deepcopy(row) | {"ID": "another", "CreatedAt": "2026-11-24T00:59:00Z"}
    later["Status"] |= changes
    return later


def test_a_machine_that_joined_twice_is_one_machine() -> None:
    rows = ready("28.5.2")
    worker = next(row for row in rows if row["Description"]["Hostname"] == "node3")

    found = facts(answer("28.5.2-info"), [*rows, again(worker)])

    assert found.ready_workers == ["node2", "node3"]
    assert found.earlier_lives == 0


def test_an_earlier_life_that_is_down_does_no_harm_and_is_told() -> None:
    rows = answer("28.5.2-nodes")
    worker = next(row for row in rows if row["Status"]["State"] == "down")

    found = facts(answer("28.5.2-info"), [*rows, again(worker, State="ready")])

    assert found.ready_workers == ["node2", "node3"]
    assert (found.silent_workers, found.earlier_lives) == ([], 1)


def test_cloned_machines_may_share_a_name_but_not_an_address() -> None:
    rows = ready("28.5.2")
    for row in rows:
        row["Description"]["Hostname"] = "debian"

    assert len(facts(answer("28.5.2-info"), rows).ready_workers or []) == 2


def test_states_that_a_new_leader_does_not_know_are_waited_for() -> None:
    rows = answer("28.5.2-nodes")
    for row in rows:
        row["UpdatedAt"] = (NOW - timedelta(seconds=4)).isoformat()
        row["Status"]["State"] = "unknown" if row["Spec"]["Role"] == "worker" else "ready"
    found = seen(SwarmEngine(answer("28.5.2-info"), rows))

    assert isinstance(found, Seen)
    assert found.facts["unsettled_workers"] == ["node2", "node3"]
    assert found.age_s == 4.0


def test_a_run_looks_again_until_the_new_leader_knows_its_workers() -> None:
    class Electing(SwarmEngine):
        def list_nodes(self) -> Any:
            super().list_nodes()
            rows = deepcopy(self.rows)
            for row in rows if len(self.asked) < 5 else []:
                row["UpdatedAt"] = NOW.isoformat()
                row["Status"]["State"] = "unknown" if row["Spec"]["Role"] == "worker" else "ready"
            return rows

    fake_engine: Any = Electing(answer("28.5.2-info"), ready("28.5.2"))

    report = grade_lab(load_built_in_lab("tp1"), fake_engine, RunOptions())

    assert {line.verdict for line in report.checks} == {Verdict.PASSED}


def with_workers(*availabilities: str, state: str = "ready") -> SwarmEngine:
    """Give a swarm with so many workers; the first two are ready, the others in that state."""
    worker, manager = sorted(ready("28.5.2"), key=lambda row: row["Spec"]["Role"] == "manager")[1:]
    rows = [manager]
    for number, availability in enumerate(availabilities):
        row = deepcopy(worker) | {"ID": f"worker{number}"}
        row["Spec"]["Availability"] = availability
        row["Description"]["Hostname"] = f"worker{number}"
        row["Status"] = {"State": "ready" if number < 2 else state, "Addr": f"10.11.0.{20 + number}"}
        rows.append(row)
    return SwarmEngine(answer("28.5.2-info"), rows)


@pytest.mark.parametrize(
    ("availabilities", "set_aside"),
    [
        (("active", "active", "drain"), []),
        (("active", "active", "pause", "drain"), []),
        (("drain", "active", "active"), []),
        (("active", "drain"), ["worker1"]),
        (("active", "drain", "pause"), ["worker1", "worker2"]),
        (("drain",), ["worker0"]),
        ((), []),
    ],
)
def test_a_worker_to_spare_may_rest(availabilities: tuple[str, ...], set_aside: list[str]) -> None:
    found = seen(with_workers(*availabilities))

    assert isinstance(found, Seen)
    assert found.facts["set_aside_workers"] == set_aside


def grade(fake_engine: Any) -> dict[str, tuple[str, str]]:
    """Grade the lab; give verdict and code of each check."""
    report = grade_lab(load_built_in_lab("tp1"), fake_engine, RunOptions(at_once=True))
    return {
        line.id: (line.verdict.value, line.diagnosis.code if line.diagnosis else "") for line in report.checks
    }


@pytest.mark.parametrize("state", ["ready", "down"])
def test_more_workers_than_the_lab_wants_pass_if_two_are_active(state: str) -> None:
    assert {
        verdict for verdict, _ in grade(with_workers("active", "active", "drain", state=state)).values()
    } == {"passed"}


UNAVAILABLE = "rpc error: code = Unavailable desc = connection error: desc = transport:"
PROSPECTIVE = (
    "manager stopped: can't initialize raft node: rpc error: code = Unknown desc = could not connect to "
    "prospective new cluster member using its advertised address:"
)
"""How dockerd says that a manager who joins cannot be reached itself (20.10, measured)."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (answer("20.10.24-expired-info")["Swarm"]["Error"], "SW-20"),
        (answer("20.10.24-not-yet-valid-info")["Swarm"]["Error"], "SW-21"),
        (answer("20.10.24-other-authority-info")["Swarm"]["Error"], "SW-90"),
        ("rpc error: code = DeadlineExceeded desc = context deadline exceeded", "SW-05"),
        (f"{UNAVAILABLE} Error while dialing dial tcp 10.11.0.12:2378: connect: connection refused", "SW-05"),
        (f"{UNAVAILABLE} authentication handshake failed: tls: first record does not look like…", "SW-90"),
        (
            f"{PROSPECTIVE} {UNAVAILABLE} Error while dialing dial tcp 10.11.0.99: connect: no route to host",
            "SW-90",
        ),
        ("something of tomorrow", "SW-90"),
    ],
)
def test_an_error_is_named_by_its_own_words_else_quoted(error: str, code: str) -> None:
    swarm = {"LocalNodeState": "error", "ControlAvailable": False, "Error": error, "RemoteManagers": None}
    fake_engine = SwarmEngine({"Swarm": swarm})

    assert grade(fake_engine)["swarm-exists"] == ("failed", code)
    found = seen(fake_engine)
    assert isinstance(found, Seen)
    assert (found.facts["program"], found.facts["place"]) == ("Docker", "docker info")
    assert found.facts["text"][:40] == error[:40]


@pytest.mark.parametrize(
    ("address", "codes"),
    [("127.0.0.1", ["SW-22"]), ("127.0.1.1", ["SW-22"]), ("10.11.0.11", []), ("172.17.0.2", [])],
)
def test_an_address_that_means_every_machine_is_remarked(address: str, codes: list[str]) -> None:
    info = with_swarm(NodeAddr=address)
    report = grade_lab(
        load_built_in_lab("tp1"),
        SwarmEngine(info, with_workers("active", "active").rows),
        RunOptions(),
    )
    (line,) = [line for line in report.checks if line.id == "two-workers"]
    assert (line.verdict.value, [remark.code for remark in line.remarks]) == ("passed", codes)
