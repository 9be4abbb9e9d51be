"""What an engine holds, read of recorded engines and of oddly answering ones."""

import random

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.probes.support.inventory import read_inventory
from dckgrade.probes.support.supply import Inventory
from tests.support.fake_engine import ENGINES
from tests.support.odd_answers import AnswerTap, list_alterations
from tests.support.recordable_engine import prepare_full_engine

MAX_ALTERATIONS = 1000
"""Of some ten thousand, the same in every run."""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_an_engine_holds_is_told_by_name_without_what_docker_makes_by_itself(engine: str) -> None:
    held = read_inventory(prepare_full_engine(engine))
    containers = {entry.name: entry for entry in held.containers}

    assert (held.images, held.networks, held.volumes) == (("nginx:latest",), ("back",), ("data",))
    assert {"webservers", "dbserver", "published"} <= {*containers}
    assert (containers["dbserver"].repository, containers["dbserver"].ports) == ("postgres", (5432,))
    assert containers["dbserver"].destinations == ()
    assert containers["webservers"].running
    assert containers["published"].machine_ports


def test_a_container_of_compose_is_called_by_its_service_and_a_task_of_a_swarm_not_at_all() -> None:
    fake = prepare_full_engine()
    fake.entry("webservers")["Labels"] = {"com.docker.swarm.task": "", "com.docker.swarm.task.id": "x"}
    held = read_inventory(fake)

    assert "webservers" not in {entry.name for entry in held.containers}
    (project,) = held.projects.values()
    assert project[0] in {entry.name for entry in held.containers}


def test_the_services_of_a_swarm_are_told_by_its_manager_alone() -> None:
    fake = prepare_full_engine()
    fake.answers["services"] = {"": [{"ID": "s", "Spec": {"Name": "web"}}]}
    assert read_inventory(fake).services == ()

    fake.info = {**fake.info, "Swarm": {"ControlAvailable": True}}
    assert read_inventory(fake).services == ("web",)


def test_no_odd_answer_makes_it_crash() -> None:
    fake = prepare_full_engine().only("composed", "published", "named-volume", "webservers")
    fake.answers["services"] = {"": [{"ID": "s", "Spec": {"Name": "web"}}]}
    fake.info = {"Swarm": {"ControlAvailable": True}}
    tap = AnswerTap(fake)
    assert read_inventory(fake).services == ("web",)

    refused = 0
    alterations = list_alterations(tap.answers)
    for alteration in random.Random(0).sample(alterations, MAX_ALTERATIONS):  # noqa: S311 - nothing secret
        with tap.alter(alteration):
            try:
                assert isinstance(read_inventory(fake), Inventory)
            except (OutOfReach, NotThere):
                refused += 1
    assert refused
