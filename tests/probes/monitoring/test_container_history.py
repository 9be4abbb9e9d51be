"""Kind `container-history`: what Prometheus remembers of a name, and of whose containers."""

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer
from dckgrade.probes.monitoring.container_history import ContainerHistory
from dckgrade.report.observation import Absent
from tests.support.fake_engine import facts
from tests.support.monitoring import Monitored, page, vector

HERE, THERE = (
    {"job": "cadvisor", "instance": "cadvisor:8080"},
    {"job": "cadvisor", "instance": "10.0.0.2:8080"},
)
OLD, OTHER = "a" * 64, "b" * 64


def look(fake_engine: Monitored, answer: HttpAnswer | Exception) -> int | None:
    fake_engine.pages["9090/api/v1/query"] = answer
    found: int | None = facts(ContainerHistory(container="grafana").observe(fake_engine))["predecessors"]
    return found


def test_an_earlier_container_of_the_same_name_is_remembered() -> None:
    fake_engine = Monitored()
    own = HERE | {"id": f"/docker/{fake_engine.id_of('grafana')}"}
    before = HERE | {"id": f"/system.slice/docker-{OLD}.scope"}
    assert look(fake_engine, vector((own, "1"), (before, "1"))) == 1
    # The nested groups of one container count once.
    assert look(fake_engine, vector((own, "1"), (own | {"id": f"/a{own['id']}"}, "1"))) == 0


def test_the_container_in_which_the_engine_itself_runs_is_no_predecessor() -> None:
    fake_engine = Monitored()
    own = HERE | {"id": f"/docker/{OTHER}/docker/{fake_engine.id_of('grafana')}"}
    before = HERE | {"id": f"/docker/{OTHER}/docker/{OLD}"}
    assert look(fake_engine, vector((own, "1"))) == 0
    assert look(fake_engine, vector((own, "1"), (before, "1"))) == 1


def test_another_engine_s_container_is_no_predecessor() -> None:
    fake_engine = Monitored()
    own = HERE | {"id": f"/docker/{fake_engine.id_of('grafana')}"}
    assert look(fake_engine, vector((own, "1"), (THERE | {"id": f"/docker/{OTHER}"}, "1"))) == 0
    assert look(fake_engine, vector((HERE | {"id": f"/docker/{OTHER}"}, "1"))) == 0


@pytest.mark.parametrize("answer", [vector(), page({"data": None}), page([])])
def test_nothing_remembered_is_no_predecessor(answer: HttpAnswer) -> None:
    assert look(Monitored(), answer) == 0


def test_a_prometheus_that_does_not_answer_remembers_nothing() -> None:
    fake_engine = Monitored()
    fake_engine.pages["9090/-/ready"] = NoAnswer("refused")
    assert facts(ContainerHistory(container="grafana").observe(fake_engine))["predecessors"] is None


def test_without_the_container_there_is_no_history() -> None:
    assert ContainerHistory(container="nobody-so-called").observe(Monitored()) == Absent(
        kind="container-history"
    )
