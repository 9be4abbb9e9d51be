"""Kind `swarm-task`: what the task on this node really has."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, HttpAnswer, NoAnswer, OutOfReach
from dckgrade.probes.swarm.swarm_task import SwarmTask
from dckgrade.report.observation import Unobservable, UnobservableReason
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


@pytest.mark.parametrize("why", [UnobservableReason.DEADLINE, UnobservableReason.UNREADABLE])
def test_mounts_of_which_the_engine_gave_no_good_answer_are_nobody_s_mistake(why: UnobservableReason) -> None:
    recorded = RecordedSwarm()
    recorded.mounts = OutOfReach(why, "cut short")
    assert isinstance(SwarmTask(service="web").observe(recorded), Unobservable)


def test_a_secret_with_a_path_of_its_own_is_looked_for_there() -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["ContainerSpec"]["Secrets"][0]["File"]["Name"] = "/etc/pw"
    recorded.mounts = CommandResult(0, "tmpfs /etc/pw tmpfs ro,relatime 0 0\n")
    found = look(recorded)
    assert (found["mounted"], found["elsewhere"]) == (["/etc/pw"], ["/etc/pw"])


def test_the_kernel_tells_a_secret_by_the_folder_that_a_link_leads_to() -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["ContainerSpec"]["Secrets"][0]["File"]["Name"] = "/var/run/secrets/mdp"
    found = look(recorded)
    assert (found["secrets"], found["mounted"]) == (["/var/run/secrets/mdp"], ["/var/run/secrets/mdp"])
    assert found["elsewhere"] == []


@EVERY_ENGINE
def test_memory_is_what_is_in_force_and_a_variable_named_like_a_secret_is_named_alone(engine: str) -> None:
    found = look(RecordedSwarm(engine))
    assert found["memory_limit_bytes"] == 64 * 2**20
    assert found["secret_like_env"] == ["DB_PASSWORD"]
    assert "hunter2" not in repr(found)


def test_a_page_at_a_port_to_which_no_published_one_leads_is_none() -> None:
    recorded, asked = RecordedSwarm(), list[int]()
    recorded.services[0]["Endpoint"]["Ports"][0]["TargetPort"] = 8080

    def answer(port: int) -> HttpAnswer:
        asked.append(port)
        if port == 8080:
            raise NoAnswer("refused")
        return PAGE

    recorded.answer_inside = answer
    found = look(recorded)
    assert (asked, found["status_code"], found["problem"]) == ([8080], None, "refused")
    recorded.services[0]["Endpoint"]["Ports"] = []
    assert (look(recorded)["status_code"], asked[1:]) == (200, [80])


@pytest.mark.parametrize(
    ("asked", "granted", "in_force"),
    [
        (75161927, 75161600, 75161927),  # --limit-memory 0.07g, in pages of 4 KiB
        (75161927, 75104256, 75161927),  # in pages of 64 KiB
        (64 * 2**20, 128 * 2**20, 128 * 2**20),
        (128 * 2**20, 64 * 2**20, 64 * 2**20),
        (64 * 2**20, None, None),
    ],
)
def test_a_limit_that_the_kernel_rounds_to_whole_pages_is_the_one_that_was_asked_for(
    asked: int, granted: int | None, in_force: int | None
) -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = asked
    recorded.stats["memory_stats"] = {"limit": granted} if granted else {}
    found = look(recorded)
    assert found["memory_limit_bytes"] == in_force
    assert found["memory_unbounded"] is (None if granted is None else False)


def test_a_limit_above_the_machine_s_memory_bounds_nothing() -> None:
    recorded = RecordedSwarm()
    recorded.spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = 999 * 2**30
    recorded.stats["memory_stats"]["limit"] = recorded.info["MemTotal"]
    assert look(recorded)["memory_unbounded"] is True


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
