"""Kind `swarm-service`: what a service asks for, where its tasks run, and why others do not."""

from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.swarm.swarm_service import SwarmService
from dckgrade.probes.swarm.task_errors import classify_error
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_swarm import ENGINES, RecordedSwarm

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
NO_MANAGER = OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 503 This node is not a swarm manager. Use …")


def look(recorded: RecordedSwarm, name: str = "web") -> Any:
    return facts(SwarmService(name=name).observe(recorded))


@EVERY_ENGINE
def test_a_service_is_seen_with_what_it_asks_for_and_where_its_tasks_run(engine: str) -> None:
    found = look(RecordedSwarm(engine))
    assert (found["mode"], found["image"], found["tag"]) == ("replicated", "nginx:1.26", "1.26")
    assert (found["desired"], found["running"]) == (3, 3)
    assert found["nodes"] == ["manager", "worker1", "worker2"]
    assert found["memory_limit_bytes"] == 64 * 2**20
    assert found["published"] == [{"port": 8080, "target": 80, "mode": "ingress"}]
    assert (found["secrets"], found["error"], found["text"]) == (["/run/secrets/mdp"], None, None)


@EVERY_ENGINE
def test_a_network_of_one_s_own_is_an_overlay_by_its_id_and_not_the_ingress(engine: str) -> None:
    recorded = RecordedSwarm(engine)
    assert look(recorded)["own_overlay"] is True
    (network,) = recorded.networks.values()
    assert look(recorded)["networks"][0]["name"] == network["Name"] == "interne"
    network["Ingress"] = True
    assert look(recorded)["own_overlay"] is False
    network |= {"Ingress": False, "Driver": "bridge"}
    assert look(recorded)["own_overlay"] is False


def test_a_network_that_is_not_there_has_a_name_alone() -> None:
    recorded = RecordedSwarm()
    recorded.networks.clear()
    assert look(recorded)["networks"][0]["driver"] == ""


@EVERY_ENGINE
def test_k2_the_list_is_asked_with_status_and_the_numbers_do_not_hang_on_it(engine: str) -> None:
    recorded = RecordedSwarm(engine)
    whole = look(recorded)
    assert ("services", {"status": "true"}) in recorded.asked
    del recorded.services[0]["ServiceStatus"]
    assert look(recorded) == whole
    recorded.spec["Mode"] = {"Global": {}}
    counted = look(recorded)
    assert (counted["mode"], counted["desired"]) == ("global", 3)


def test_k5_no_secret_configuration_or_token_is_asked_for_and_no_value_of_a_variable_kept() -> None:
    recorded = RecordedSwarm()
    found = look(recorded)
    assert {name for name, _ in recorded.asked} == {"services", "tasks", "nodes", "network"}
    assert (found["env_names"], found["secret_like_env"]) == (["DB_PASSWORD"], ["DB_PASSWORD"])
    assert "hunter2" not in repr(found)


def test_a_variable_that_tells_where_a_secret_is_does_not_hold_it() -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["ContainerSpec"]["Env"] = ["DB_PASSWORD_FILE=/run/secrets/mdp", "LANG=C"]
    found = look(recorded)
    assert (found["env_names"], found["secret_like_env"]) == (["DB_PASSWORD_FILE", "LANG"], [])


@EVERY_ENGINE
def test_tasks_that_wait_say_why(engine: str) -> None:
    found = look(RecordedSwarm(engine, "pending"))
    assert (found["running"], found["nodes"], found["reason"]) == (0, [], "constraint")
    assert found["states"] == ["pending"]
    assert found["error"].startswith("no suitable node (scheduling constraints not satisfied on 3 nodes")
    assert found["constraints"] == ["node.labels.zone==paris"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("No such image: nginx:1.Z7", "no-image"),
        ("no suitable node (insufficient resources on 3 nodes)", "resources"),
        ("no suitable node (max replicas per node limit exceed)", "max-per-node"),
        (
            "(host-mode port already in use on 1 node; 2 nodes not available for new tasks)",
            "port",
        ),
        ("no suitable node (3 nodes not available for new tasks)", "no-node"),
        ("Minimum memory limit allowed is 6MB", "minimum-memory"),
        ("task: non-zero exit (3)", "exits"),
        ("starting container failed: OCI runtime create failed", None),
    ],
)
def test_the_words_that_come_first_are_the_reason(words: str, reason: str | None) -> None:
    assert classify_error(words) == reason


def test_a_program_that_ends_without_an_error_is_one_that_ends() -> None:
    recorded = RecordedSwarm()
    for task in recorded.tasks:
        task["Status"] |= {"State": "complete"}
    found = look(recorded)
    assert (found["running"], found["error"], found["reason"], found["exit_code"]) == (0, None, "exits", 0)


def test_tasks_that_have_just_begun_or_just_failed_are_not_steady() -> None:
    recorded = RecordedSwarm()
    recorded.clock += timedelta(minutes=5)
    assert look(recorded)["stable"] is True
    running = next(task for task in recorded.tasks if task["Status"]["State"] == "running")
    running["Status"]["Timestamp"] = recorded.clock.isoformat()
    assert look(recorded)["stable"] is False
    running["Status"]["Timestamp"] = "2026-11-29T00:00:00Z"
    ended = next(task for task in recorded.tasks if task["Status"]["State"] == "shutdown")
    ended["Status"] |= {"State": "failed", "Timestamp": recorded.clock.isoformat()}
    assert look(recorded)["stable"] is False


def test_a_task_that_is_about_to_be_stopped_does_not_count() -> None:
    recorded = RecordedSwarm()
    recorded.spec["Mode"] = {"Replicated": {"Replicas": 0}}
    for task in recorded.tasks:
        task["DesiredState"] = "remove"
    found = look(recorded)
    assert (found["desired"], found["running"], found["node_count"]) == (0, 0, 0)


def test_a_machine_that_is_set_aside_is_named() -> None:
    recorded = RecordedSwarm()
    recorded.nodes[0]["Spec"]["Availability"] = "drain"
    assert look(recorded)["set_aside_nodes"] == [recorded.nodes[0]["Description"]["Hostname"]]
    recorded.nodes[0]["Status"]["State"] = "down"
    assert look(recorded)["set_aside_nodes"] == []


def test_a_service_of_a_stack_is_found_by_its_name_there_and_a_near_one_is_shown_as_such() -> None:
    recorded = RecordedSwarm()
    recorded.spec.update(Name="labo_web", Labels={"com.docker.stack.namespace": "labo"})
    assert (look(recorded)["found_by"], look(recorded)["stack"]) == ("stack", "labo")
    recorded.spec.update(Name="Web", Labels={})
    assert look(recorded)["found_by"] == "near-miss"
    recorded.spec["Name"] = "other"
    assert isinstance(SwarmService(name="web").observe(recorded), Absent)


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("registry.example:5000/web/nginx:1.27@sha256:" + "a" * 64, "nginx", "1.27"),
        ("localhost:5000/nginx", "nginx", None),
        ("nginx:latest", "nginx", "latest"),
    ],
)
def test_an_image_s_repository_and_tag_are_told_from_registry_and_digest(
    image: str, repository: str, tag: str | None
) -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["ContainerSpec"]["Image"] = image
    found = look(recorded)
    assert (found["repository"], found["tag"]) == (repository, tag)


@pytest.mark.parametrize(("state", "expected"), [("inactive", Absent), ("active", Unobservable)])
def test_an_engine_without_a_swarm_has_no_service_and_a_worker_cannot_tell(
    state: str, expected: type[Absent | Unobservable]
) -> None:
    recorded = RecordedSwarm()
    recorded.trouble["services"] = NO_MANAGER
    recorded.info["Swarm"]["LocalNodeState"] = state
    assert isinstance(SwarmService(name="web").observe(recorded), expected)


def test_its_age_is_that_of_the_last_change_of_the_service() -> None:
    recorded = RecordedSwarm()
    seen = SwarmService(name="web").observe(recorded)
    recorded.clock += timedelta(seconds=30)
    later = SwarmService(name="web").observe(recorded)
    assert isinstance(seen, Seen)
    assert isinstance(later, Seen)
    assert later.age_s == pytest.approx((seen.age_s or 0) + 30, abs=0.2)


def test_lists_of_any_length_are_cut() -> None:
    recorded = RecordedSwarm()
    template = recorded.spec["TaskTemplate"]
    template["Placement"] = {"Constraints": ["node.labels." + "x" * 9000] * 9000}
    template["ContainerSpec"]["Env"] = [f"PASSWORD_{place}=x" for place in range(9000)]
    found = look(recorded)
    assert {len(found[name]) for name in ("constraints", "env_names", "secret_like_env")} == {50}
    assert len(found["constraints"][0]) == 200
