"""Kind `swarm-task`: what the task on this node really has."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, HttpAnswer, NoAnswer, OutOfReach
from dckgrade.probes.swarm.swarm_task import SwarmTask
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_swarm import ENGINES, PAGE, RecordedSwarm

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)


def look(recorded: RecordedSwarm) -> Any:
    return facts(SwarmTask(service="web").observe(recorded))


def leave_this_node(recorded: RecordedSwarm) -> None:
    own = recorded.info["Swarm"]["NodeID"]
    recorded.tasks = [task for task in recorded.tasks if task["NodeID"] != own]


@EVERY_ENGINE
def test_k4_a_secret_is_seen_among_the_kernel_s_mounts_and_nowhere_else(engine: str) -> None:
    recorded = RecordedSwarm(engine)
    found = look(recorded)
    assert recorded.task["Mounts"] == []
    assert found["local"] is True
    assert found["secrets"] == found["mounted"] == ["/run/secrets/mdp"]
    assert recorded.ran == [("cat", "/proc/self/mounts")]
    recorded.mounts = CommandResult(0, "overlay / overlay rw 0 0\n/dev/sda1 /run/secrets/mdp ext4 ro 0 0\n")
    assert look(recorded)["mounted"] == []


@pytest.mark.parametrize(
    "trouble", [OutOfReach(UnobservableReason.ENGINE_ERROR, "no cat"), CommandResult(127, "cat: not found")]
)
def test_mounts_that_cannot_be_read_are_not_told(trouble: CommandResult | Exception) -> None:
    recorded = RecordedSwarm()
    recorded.mounts = trouble
    found = look(recorded)
    assert (found["mounted"], found["status_code"]) == (None, 200)


def test_a_secret_with_a_path_of_its_own_is_looked_for_there() -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["ContainerSpec"]["Secrets"][0]["File"]["Name"] = "/etc/pw"
    recorded.mounts = CommandResult(0, "tmpfs /etc/pw tmpfs ro,relatime 0 0\n")
    found = look(recorded)
    assert (found["mounted"], found["elsewhere"]) == (["/etc/pw"], ["/etc/pw"])


@EVERY_ENGINE
def test_memory_is_what_is_in_force_and_a_variable_named_like_a_secret_is_named_alone(engine: str) -> None:
    found = look(RecordedSwarm(engine))
    assert found["memory_limit_bytes"] == 64 * 2**20
    assert found["secret_like_env"] == ["DB_PASSWORD"]
    assert "hunter2" not in repr(found)


def test_the_task_is_asked_at_the_published_target_first_then_at_the_usual_port() -> None:
    recorded, asked = RecordedSwarm(), list[int]()
    recorded.services[0]["Endpoint"]["Ports"][0]["TargetPort"] = 8080

    def answer(port: int) -> HttpAnswer:
        asked.append(port)
        if port == 8080:
            raise NoAnswer("refused")
        return PAGE

    recorded.answer_inside = answer
    found = look(recorded)
    assert asked == [8080, 80]
    assert (found["status_code"], found["via"], found["problem"]) == (200, "inside", None)


def test_a_task_that_is_silent_says_so() -> None:
    recorded = RecordedSwarm()

    def refuse(_port: int) -> HttpAnswer:
        raise NoAnswer("refused")

    recorded.answer_inside = refuse
    found = look(recorded)
    assert (found["status_code"], found["problem"]) == (None, "refused")


def test_without_a_task_here_the_published_port_is_asked_and_nothing_is_run() -> None:
    recorded = RecordedSwarm()
    leave_this_node(recorded)
    recorded.outside = PAGE
    found = look(recorded)
    assert (found["local"], found["container"], found["mounted"]) == (False, None, None)
    assert (found["memory_limit_bytes"], found["command"]) == (None, "")
    assert (found["status_code"], found["via"]) == (200, "published")
    assert recorded.ran == []


def test_a_mesh_that_does_not_answer_is_told_by_its_problem() -> None:
    recorded = RecordedSwarm()
    leave_this_node(recorded)
    found = look(recorded)
    assert (found["local"], found["status_code"], found["problem"]) == (False, None, "refused")
    recorded.services[0]["Endpoint"]["Ports"] = []
    found = look(recorded)
    assert (found["published"], found["problem"]) == ([], None)


def test_a_task_that_was_replaced_meanwhile_is_none() -> None:
    recorded = RecordedSwarm()
    recorded.task = {"Id": "0" * 64}
    assert look(recorded)["local"] is False
