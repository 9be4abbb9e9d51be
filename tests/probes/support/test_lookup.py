"""Which container is meant: by name, by service, by a name that is nearly right, by image."""

import pytest

from dckgrade.probes.docker.container import Container
from dckgrade.probes.support.lookup import list_named_containers
from dckgrade.report.observation import Absent, Seen
from tests.support.built_in_labs import load_built_in_lab
from tests.support.fake_engine import ENGINES, FakeEngine, facts, seen


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


TP5 = {"webservers": "nginx", "dbserver": "postgres"}


def name_alone(fake_engine: FakeEngine, found_as: str, image: str, **entry: str) -> FakeEngine:
    """Leave one container, under another name and of another image."""
    fake_engine.only("webservers").renamed("webservers", found_as)
    fake_engine.entry(found_as).update(Image=image, **entry)
    fake_engine.inspect(found_as)["Config"]["Image"] = image
    return fake_engine


@pytest.mark.parametrize(
    ("found_as", "image", "owner"),
    [
        ("webserver", "nginx", "webservers"),
        ("webserver", "postgres", "webservers"),  # nearer by an edit, whatever it runs
        ("dbserve", "nginx", "dbserver"),
        ("DB_Server", "mysql", "dbserver"),
    ],
)
def test_a_container_stands_for_the_nearest_name_of_the_lab_alone(
    found_as: str, image: str, owner: str
) -> None:
    fake_engine = name_alone(FakeEngine(), found_as, image)
    fake_engine.lab_containers = TP5

    found = {name: Container(name=name, image=TP5[name]).observe(fake_engine) for name in TP5}

    (other,) = TP5.keys() - {owner}
    assert found[other] == Absent(kind="container")
    assert (facts(found[owner])["found_by"], facts(found[owner])["name"]) == ("near-miss", found_as)


@pytest.mark.parametrize(("image", "owner"), [("nginx", "server-a"), ("postgres:16", "server-b")])
def test_the_image_decides_between_names_that_are_equally_near(image: str, owner: str) -> None:
    fake_engine = name_alone(FakeEngine(), "server-c", image)
    fake_engine.lab_containers = {"server-a": "nginx", "server-b": "postgres"}

    found = [name for name, its in fake_engine.lab_containers.items() if is_found(fake_engine, name, its)]

    assert found == [owner]


def test_a_name_that_somebody_bears_is_not_given_to_another() -> None:
    fake_engine = FakeEngine().only("webservers").renamed("webservers", "server-a")
    fake_engine.twin("server-a", Names=["/server-c"])
    fake_engine.lab_containers = {"server-a": "nginx", "server-b": "nginx"}

    assert facts(Container(name="server-b").observe(fake_engine))["found_by"] == "near-miss"
    assert facts(Container(name="server-a").observe(fake_engine))["found_by"] == "name"


def test_containers_without_a_name_are_shared_out_among_names_of_the_same_image() -> None:
    fake_engine = FakeEngine().only("webservers").renamed("webservers", "charming_curie")
    fake_engine.lab_containers = {"first": "nginx", "second": "nginx"}
    assert [is_found(fake_engine, name) for name in ("first", "second")] == [True, False]

    fake_engine.twin("charming_curie", Names=["/happy_hopper"])
    found = [
        facts(Container(name=name, image="nginx").observe(fake_engine))["id"] for name in ("first", "second")
    ]
    assert len({*found}) == 2


def test_a_container_of_another_name_of_the_lab_is_not_taken_for_its_image() -> None:
    fake_engine = FakeEngine().only("webservers")
    fake_engine.lab_containers = {"webservers": "nginx", "proxy": "nginx"}
    assert not is_found(fake_engine, "proxy", "nginx")


@pytest.mark.parametrize("command", ["nginx --name webservers", "/docker-entrypoint.sh -d --name=webservers"])
def test_a_name_that_was_given_to_the_program_is_seen(command: str) -> None:
    fake_engine = name_alone(FakeEngine(), "charming_curie", "nginx", Command=command, State="created")
    fake_engine.lab_containers = TP5
    assert seen(fake_engine, "webservers")["found_by"] == "arguments"
    assert not is_found(fake_engine, "dbserver", "postgres")
    assert Container(name="webservers").observe(fake_engine) == Absent(kind="container")


def test_the_containers_of_a_lab_are_those_that_its_probes_name() -> None:
    lab = load_built_in_lab("tp5").lab
    assert list_named_containers(lab.list_probes()) == TP5
    assert list_named_containers(load_built_in_lab("tp2").lab.list_probes()) == {}


def is_found(fake_engine: FakeEngine, name: str, image: str | None = "nginx") -> bool:
    """Tell whether a container stands for *name*."""
    return isinstance(Container(name=name, image=image).observe(fake_engine), Seen)
