"""What older recordings, which lack facts of today, still tell of a probe; never more than that."""

from collections.abc import Mapping
from typing import Any

import pytest

from dckgrade.probes.base import Probe, observation_key
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.registry import load_kinds, name_kind
from dckgrade.probes.trivy.trivy_tool import TrivyTool
from dckgrade.report.observation import Absent, Observation, Seen
from tests.support.kinds import build_example

MEASURED = {"live": True, "memory_bytes": 10, "memory_limit_bytes": 99, "cpu_ns": 5, "processes": 2}
BESIDE = {"name": "web", "image": "nginx", "image_fits": True, "status": "running", "id": "1"}


def recall(probe: Probe, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the facts that *probe* has of a recording of *facts* alone."""
    kind = type(probe).__struct_config__.tag
    seen = probe.recall({observation_key(probe): Seen(kind=str(kind), facts=dict(facts))})
    assert isinstance(seen, Seen)
    return seen.facts


@pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
def test_every_kind_recalls_what_is_recorded_now(kind: type[Probe]) -> None:
    probe = build_example(kind)
    for seen in (
        Seen(kind=name_kind(kind), facts=dict.fromkeys(kind.facts.__struct_fields__)),
        Absent(kind=name_kind(kind)),
    ):
        assert probe.recall({observation_key(probe): seen}) == seen
    assert probe.recall({}) is None


def test_figures_recorded_beside_their_container_are_those_of_its_image() -> None:
    probe = ContainerStats(container="web")
    recorded: dict[str, Observation] = {
        "container-stats container=web": Seen(kind="container-stats", facts=MEASURED),
        "container name=web image=nginx": Seen(kind="container", facts=BESIDE),
        "container name=db image=postgres": Seen(kind="container", facts=BESIDE | {"name": "db"}),
    }
    seen = probe.recall(recorded)
    assert isinstance(seen, Seen)
    assert seen.facts == MEASURED | {name: BESIDE[name] for name in ("name", "image", "image_fits", "status")}
    assert recall(probe, MEASURED) == MEASURED


def test_older_figures_without_processes_are_nobodys() -> None:
    facts = recall(ContainerStats(container="web"), MEASURED | {"processes": None})
    assert facts == dict.fromkeys(MEASURED) | {"live": True}


def test_older_recordings_show_trivy_and_never_that_it_is_missing() -> None:
    probe, seen = TrivyTool(image="nginx:1.17"), Seen(kind="trivy-tool", facts={"ways": ["image"]})
    assert probe.recall({"trivy-tool": seen}) == seen
    assert probe.recall({"trivy-tool": Absent(kind="trivy-tool")}) is None


@pytest.mark.parametrize(
    ("facts", "access"), [({"answers": True}, "open"), ({"answers": False}, None), ({}, None)]
)
def test_an_older_kibana_that_was_seen_wanted_no_account(facts: dict[str, Any], access: str | None) -> None:
    assert recall(Kibana(container="kibana", elasticsearch="elasticsearch"), facts)["access"] == access


@pytest.mark.parametrize(
    ("facts", "added"),
    [
        ({"answers": True, "problem": None}, {"speaks_tls": False}),
        ({"answers": False, "problem": "not-running"}, {"speaks_tls": False}),
        ({"answers": False, "problem": "garbled"}, {}),
    ],
)
def test_an_older_elasticsearch_spoke_tls_only_where_it_may_have(
    facts: dict[str, Any], added: dict[str, Any]
) -> None:
    assert recall(Elasticsearch(container="elasticsearch"), facts) == facts | added
