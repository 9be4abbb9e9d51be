"""The table of engine requests: its rows may leave, are requested once and can be faked."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from dckgrade.engine import allowlist, resources
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import NotThere
from dckgrade.engine.resources import RESOURCES, Resource
from dckgrade.engine.responses import decode_json_object
from tests.support.fake_engine import FakeEngine
from tests.support.fault_engine import connect_fault_engine, reply_with

PLUGIN = Resource(name="plugin", path="/plugins/{name}/json", parse_body=decode_json_object)
OWN_QUERIES = {"tasks": {"filters": '{"service":["iujbbb1ugw31jds64qzv225bb"]}'}}
READING = [resource for resource in RESOURCES if resource.method == "GET"]


@pytest.mark.parametrize("resource", READING, ids=lambda resource: resource.name)
def test_every_reading_of_the_table_may_leave_by_get_and_by_nothing_else(resource: Resource[Any]) -> None:
    path = f"/v1.41{resource.build_path('web')}"
    query = urlencode({**resource.query, **OWN_QUERIES.get(resource.name, {})})
    require_allowed_request("GET", path, query=query)
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        with pytest.raises(ForbiddenRequest):
            require_allowed_request(method, path, query=query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/services", {}),
        ("/services", {"status": "false"}),
        ("/services", {"status": "true", "insertDefaults": "true"}),
        ("/services/web", {"status": "true"}),
        ("/tasks", {}),
        ("/tasks", {"filters": "{}"}),
        ("/tasks", {"filters": '{"node":["self"]}'}),
        ("/tasks", {"filters": '{"service":["a"],"node":["b"]}'}),
        ("/tasks", {"filters": '{"service":["a"]}', "more": "1"}),
        ("/secrets", {}),
        ("/secrets/mdp", {}),
        ("/configs", {}),
        ("/configs/site", {}),
        ("/swarm", {}),
        ("/swarm/unlockkey", {}),
        ("/distribution/nginx/json", {}),
    ],
)
def test_of_a_swarm_nothing_is_asked_but_services_with_their_state_and_the_tasks_of_one(
    path: str, query: dict[str, str]
) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("GET", f"/v1.41{path}", query=urlencode(query))


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_what_changes_something_has_a_guard_and_every_row_a_bound(resource: Resource[Any]) -> None:
    assert resource.method in {"GET", "HEAD"} or resource.guard
    assert 0 < resource.timeout_s <= 20
    assert 0 < resource.max_bytes <= 64 * resources.MIB


def test_names_are_unique_since_the_memo_knows_resources_by_them() -> None:
    names = [resource.name for resource in RESOURCES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("ref", ["", ".", "..", "../images"])
def test_what_cannot_be_a_name_is_not_asked_for(ref: str) -> None:
    with pytest.raises(NotThere):
        resources.CONTAINER.build_path(ref)


def test_a_new_row_is_asked_once_permitted_and_faked_without_another_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect_fault_engine(tmp_path, {"/plugins/front/json": reply_with({"Enabled": True})}) as (
        connected,
        there,
    ):
        with pytest.raises(ForbiddenRequest):
            connected.read(PLUGIN, "front")
        monkeypatch.setattr(allowlist, "RESOURCES", (*RESOURCES, PLUGIN))
        snapshot = connected.take_snapshot()
        assert [snapshot.read(PLUGIN, "front") for _ in range(2)] == [{"Enabled": True}] * 2
    assert there.requests[1:] == ["GET /v1.51/plugins/front/json"]

    fake = FakeEngine()
    with pytest.raises(NotThere):
        fake.read(PLUGIN, "front")
    fake.answers["plugin"] = {"front": {"Enabled": False}}
    assert fake.read(PLUGIN, "front") == {"Enabled": False}
