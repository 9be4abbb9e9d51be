"""Kind `swarm-update`: how the last update of a service ended, and which images have run."""

from typing import Any

import pytest

from dckgrade.probes.swarm.services import get_image
from dckgrade.probes.swarm.swarm_update import SwarmUpdate
from dckgrade.report.observation import Seen
from tests.support.fake_engine import facts
from tests.support.recorded_swarm import ENGINES, RecordedSwarm

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)


def look(recorded: RecordedSwarm) -> Any:
    return facts(SwarmUpdate(service="web").observe(recorded))


@EVERY_ENGINE
def test_k3_going_back_by_hand_leaves_the_newer_specification_and_the_swarm_s_own_way_back_leaves_none(
    engine: str,
) -> None:
    by_hand, by_failure = look(RecordedSwarm(engine)), look(RecordedSwarm(engine, "gone-back"))
    assert by_hand["state"] == by_failure["state"] == "rollback_completed"
    assert (by_hand["ended_as"], by_hand["previous_image"]) == ("rolled-back-by-hand", "nginx:1.27")
    assert (by_failure["ended_as"], by_failure["previous_image"]) == ("rolled-back-by-failure", None)
    assert (by_failure["update_image"], by_failure["failed_reason"]) == ("nginx:1.Z7", "no-image")
    assert "nginx:1.Z7" not in by_failure["images_that_ran"]


@EVERY_ENGINE
def test_an_update_that_got_through_ran_in_each_replica_one_after_the_other(engine: str) -> None:
    found = look(RecordedSwarm(engine))
    assert found["images_that_ran"] == ["nginx:1.26", "nginx:1.27"]
    assert (found["update_image"], found["updated_replicas"]) == ("nginx:1.27", 3)
    assert found["spacing_s"] >= found["delay_s"] == 1
    assert (found["parallelism"], found["failure_action"], found["order"]) == (1, "rollback", "start-first")
    assert (found["failed_reason"], found["failed_error"]) == (None, None)


@EVERY_ENGINE
def test_an_update_that_was_given_up_says_why(engine: str) -> None:
    found = look(RecordedSwarm(engine, "paused"))
    assert (found["ended_as"], found["updated_replicas"]) == ("paused", 0)
    assert (found["failed_reason"], found["failed_error"]) == ("no-image", "No such image: nginx:1.Z7")


@EVERY_ENGINE
def test_a_service_that_was_never_updated_has_no_update(engine: str) -> None:
    found = look(RecordedSwarm(engine, "pending"))
    assert (found["state"], found["ended_as"], found["update_image"]) == (None, "never", None)
    assert (found["updated_replicas"], found["spacing_s"]) == (None, None)


def test_the_settings_are_those_that_the_update_went_by_and_not_those_that_going_back_restored() -> None:
    recorded = RecordedSwarm()
    recorded.spec["UpdateConfig"] = {}
    assert look(recorded)["failure_action"] == "rollback"
    recorded.services[0]["PreviousSpec"]["UpdateConfig"] = None
    found = look(recorded)
    defaults = ("parallelism", "delay_s", "failure_action", "order")
    assert [found[name] for name in defaults] == [1, 0, "pause", "stop-first"]


def test_an_update_to_the_new_image_and_one_back_are_two_updates() -> None:
    recorded = RecordedSwarm()
    recorded.services[0]["UpdateStatus"]["State"] = "completed"
    found = look(recorded)
    assert (found["ended_as"], found["returned"], found["update_image"]) == ("updated", True, "nginx:1.26")
    first = min(task["CreatedAt"] for task in recorded.tasks if get_image(task["Spec"]) == "nginx:1.27")
    recorded.tasks = [task for task in recorded.tasks if task["CreatedAt"] >= first]
    assert look(recorded)["returned"] is False


def test_whoever_updates_there_and_back_and_there_again_has_the_newer_image() -> None:
    recorded = RecordedSwarm()
    recorded.services[0]["UpdateStatus"]["State"] = "completed"
    assert look(recorded)["returned"] is True
    recorded.services[0]["PreviousSpec"], recorded.services[0]["Spec"] = (
        recorded.spec,
        recorded.services[0]["PreviousSpec"],
    )
    newest = [task for task in recorded.tasks if get_image(task["Spec"]) == "nginx:1.27"]
    recorded.tasks += [task | {"CreatedAt": "2099-01-01T00:00:00Z"} for task in newest]
    found = look(recorded)
    assert (found["ended_as"], found["image"], found["returned"]) == ("updated", "nginx:1.27", False)


def test_a_way_back_from_an_update_to_the_same_image_is_told() -> None:
    recorded = RecordedSwarm()
    service = recorded.services[0]
    assert service["UpdateStatus"]["State"] == "rollback_completed"
    service["PreviousSpec"] = recorded.spec
    assert look(recorded)["ended_as"] == "same-image"


def test_a_change_of_something_else_hides_how_the_update_ended() -> None:
    recorded = RecordedSwarm()
    service = recorded.services[0]
    service["UpdateStatus"]["State"] = "completed"
    service["PreviousSpec"] = recorded.spec
    assert look(recorded)["ended_as"] == "otherwise"
    recorded.tasks = [task for task in recorded.tasks if get_image(task["Spec"]) == "nginx:1.26"]
    assert look(recorded)["ended_as"] == "never"


def test_what_the_swarm_has_forgotten_is_not_told() -> None:
    recorded = RecordedSwarm()
    recorded.tasks = [task for task in recorded.tasks if task["Status"]["State"] == "running"]
    found = look(recorded)
    assert (found["ended_as"], found["updated_replicas"], found["spacing_s"]) == (
        "rolled-back-by-hand",
        None,
        None,
    )


def test_replicas_that_were_given_the_image_at_once_have_no_time_between_them() -> None:
    recorded = RecordedSwarm()
    for task in recorded.tasks:
        task["CreatedAt"] = task["CreatedAt"][:17] + "00.5Z"
    assert look(recorded)["spacing_s"] < 1


def test_only_the_last_time_that_a_replica_was_given_the_image_counts() -> None:
    recorded = RecordedSwarm()
    whole = look(recorded)
    earlier = [
        task | {"CreatedAt": f"2026-11-28T00:00:0{place}Z"}
        for place in (0, 1)
        for task in recorded.tasks
        if get_image(task["Spec"]) == ("nginx:1.27", "nginx:1.26")[place]
    ]
    recorded.tasks += earlier
    assert look(recorded)["spacing_s"] == whole["spacing_s"]


@pytest.mark.parametrize("state", ["updating", "rollback_started"])
def test_while_it_is_under_way_its_age_is_told(state: str) -> None:
    recorded = RecordedSwarm()
    assert facts(SwarmUpdate(service="web").observe(recorded))["ended_as"] == "rolled-back-by-hand"
    recorded.services[0]["UpdateStatus"]["State"] = state
    seen = SwarmUpdate(service="web").observe(recorded)
    assert isinstance(seen, Seen)
    assert (seen.facts["ended_as"], seen.age_s is not None and seen.age_s > 0) == ("running", True)
