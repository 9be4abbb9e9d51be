"""Which container is meant: by name, by service, by a name that is nearly right, by image."""

import pytest

from dckgrade.probes.docker.container import Container
from dckgrade.report.observation import Absent
from tests.support.fake_engine import ENGINES, FakeEngine, seen


def test_a_container_is_found_by_its_name_before_anything_else() -> None:
    fake_engine = FakeEngine()
    fake_engine.twin("webservers", Names=["/webserver"])
    fake_engine.twin("webservers", Names=["/other"], Labels={"com.docker.compose.service": "webservers"})
    found = seen(fake_engine, "webservers")
    assert (found["found_by"], found["others"], found["id"]) == ("name", 0, fake_engine.id_of("webservers"))


@pytest.mark.parametrize(
    ("label", "service", "stack"),
    [
        ("com.docker.compose.service", "web", None),
        ("com.docker.swarm.service.name", "web", None),
        ("com.docker.swarm.service.name", "lab_web", "lab"),
    ],
)
def test_a_container_is_found_by_its_service(label: str, service: str, stack: str | None) -> None:
    fake_engine = FakeEngine().only("webservers", "dbserver")
    labels = {label: service} | ({"com.docker.stack.namespace": stack} if stack else {})
    fake_engine.renamed("webservers", "lab-web-1").entry("lab-web-1")["Labels"] = labels
    found = seen(fake_engine, "web")
    assert (found["found_by"], found["name"]) == ("label", "lab-web-1")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recorded_compose_container_is_found_by_its_service(engine: str) -> None:
    found = seen(FakeEngine(engine), "web")
    assert (found["found_by"], found["name"]) == ("label", "composed")


@pytest.mark.parametrize(
    "name", ["webserver", "web-servers", "Webservers", "web_servers", "webservres", "wbservers2"]
)
def test_a_name_within_two_edits_is_a_near_miss(name: str) -> None:
    fake_engine = FakeEngine().only("webservers", "dbserver").renamed("webservers", name)
    found = seen(fake_engine, "webservers")
    assert (found["found_by"], found["name"]) == ("near-miss", name)


@pytest.mark.parametrize("name", ["server", "webapp", "dbserver2", "www"])
def test_another_name_is_no_near_miss(name: str) -> None:
    fake_engine = FakeEngine().only("webservers").renamed("webservers", name)
    assert Container(name="webservers").observe(fake_engine) == Absent(kind="container")


def test_four_letters_are_too_few_for_two_edits() -> None:
    fake_engine = FakeEngine().only("webservers").renamed("webservers", "wab1")
    assert Container(name="web2").observe(fake_engine) == Absent(kind="container")


@pytest.mark.parametrize(
    "image",
    ["nginx", "nginx:1.27", "registry.example/web/nginx", "localhost:5000/nginx:1@sha256:" + "a" * 64],
)
def test_under_another_name_a_running_container_is_found_by_its_image(image: str) -> None:
    fake_engine = FakeEngine().only("webservers", "killed").renamed("webservers", "charming_curie")
    fake_engine.entry("charming_curie")["Image"] = image
    fake_engine.inspect("charming_curie")["Config"]["Image"] = image
    found = seen(fake_engine, "webservers")
    assert (found["found_by"], found["image_fits"], found["image"]) == ("image", True, image)


def test_a_container_that_does_not_run_is_not_found_by_its_image() -> None:
    fake_engine = FakeEngine().only("created-only", "dbserver")
    assert Container(name="webservers", image="nginx").observe(fake_engine) == Absent(kind="container")
    assert Container(name="webservers", image="postgres").observe(fake_engine) == Absent(kind="container")


def test_among_several_the_running_one_comes_first_then_the_newest() -> None:
    fake_engine = FakeEngine().only("webservers")
    fake_engine.renamed("webservers", "elsewhere")
    labels = {"com.docker.compose.service": "shop"}
    running = fake_engine.twin("elsewhere", Names=["/shop-1"], Labels=labels, Created=100)
    fake_engine.twin("elsewhere", Names=["/shop-2"], Labels=labels, Created=300, State="exited")
    found = seen(fake_engine, "shop")
    assert (found["id"], found["others"]) == (running["Id"], 1)
    newest = fake_engine.twin("elsewhere", Names=["/shop-3"], Labels=labels, Created=200)
    found = seen(fake_engine, "shop")
    assert (found["id"], found["others"]) == (newest["Id"], 2)


def test_an_alias_of_a_link_is_no_name() -> None:
    fake_engine = FakeEngine().only("webservers", "dbserver")
    fake_engine.entry("dbserver")["Names"] = ["/webservers/db", "/dbserver"]
    assert Container(name="db").observe(fake_engine) == Absent(kind="container")
    assert seen(fake_engine, "dbserver")["found_by"] == "name"
