"""Kinds `http` and `postgres`: who answers, by which address, and in which way there is no answer."""

from typing import Any, get_args

import pytest

from dckgrade.engine.answers import Address, HttpAnswer, NoAnswer, NoAnswerReason, NotThere, OutOfReach
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.postgres import Postgres
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES, FakeEngine, facts, serving
from tests.support.scenes.net import PAGE


@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_is_seen_with_its_server_its_beginning_and_no_secret(engine: str) -> None:
    fake_engine = FakeEngine(engine)
    fake_engine.serves = serving(PAGE)
    observed = Http(container="webservers").observe(fake_engine)
    found = facts(observed)
    assert (found["answers"], found["problem"], found["via"]) == (True, None, "own")
    assert (found["status_code"], found["server"]) == (200, "nginx/1.27.0")
    assert found["content_type"] == "text/html"
    assert found["body"].startswith("<h1>été</h1> password=*** \ufffdxxx")
    assert len(found["body"]) <= 4096
    assert isinstance(observed, Seen)
    assert observed.age_s is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_published_port_is_tried_before_the_container_s_own_address(engine: str) -> None:
    fake_engine = FakeEngine(engine)
    fake_engine.serves = serving(PAGE)
    assert facts(Http(container="published", path="/a?b").observe(fake_engine))["via"] == "published"
    assert fake_engine.questions[-1].startswith("http 127.0.0.1:1808")
    assert fake_engine.questions[-1].endswith("/a?b")


def test_when_the_published_port_does_not_serve_the_own_address_is_tried() -> None:
    fake_engine = FakeEngine()
    own = fake_engine.inspect("published")["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    fake_engine.serves = serving(PAGE, own)
    assert facts(Http(container="published").observe(fake_engine))["via"] == "own"


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["-p", "5433"], []),
        (["postgres", "-c", "port=5433"], []),
        (["postgres", "--port=5433"], []),
        ([], ["PGPORT=5433"]),
    ],
)
def test_postgresql_is_asked_at_the_port_that_it_was_told(command: list[str], variables: list[str]) -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["Config"] |= {"Cmd": command, "Env": variables}

    def serve(address: Address) -> bytes:
        if address.port != 5433:
            raise NoAnswer("refused")
        return b"N"

    fake_engine.serves = serve
    assert facts(Postgres(container="webservers").observe(fake_engine))["accepts"] is True


@pytest.mark.parametrize(
    ("published", "exposed", "serving_port", "via"),
    [
        ({8080: 8080}, [8080], 8080, "published"),
        ({8080: 80}, [80], 80, "published"),
        ({}, [8080], 8080, "own"),
        ({}, [], 8080, "own"),
        ({8081: 8081}, [80], 8081, "published"),
    ],
)
def test_a_server_is_found_at_the_port_where_it_serves(
    published: dict[int, int], exposed: list[int], serving_port: int, via: str
) -> None:
    fake_engine = FakeEngine()
    inspected = fake_engine.inspect("webservers")
    inspected["NetworkSettings"]["Ports"] = {
        f"{inner}/tcp": [{"HostIp": "", "HostPort": str(port)}] for inner, port in published.items()
    }
    inspected["Config"]["ExposedPorts"] = {f"{port}/tcp": {} for port in exposed}

    def serve(address: Address) -> HttpAnswer:
        if address.port != serving_port:
            raise NoAnswer("refused")
        return PAGE

    fake_engine.serves = serve
    found = facts(Http(container="webservers").observe(fake_engine))
    assert (found["status_code"], found["via"]) == (200, via)


def test_a_page_is_a_better_answer_than_an_error_and_an_error_is_one() -> None:
    fake_engine = FakeEngine()
    missing = HttpAnswer(status=404, headers={"server": "nginx"}, body=b"")
    fake_engine.serves = lambda address: PAGE if address.port == 8080 else missing
    assert facts(Http(container="webservers").observe(fake_engine))["status_code"] == 200
    fake_engine.serves = lambda _address: missing
    assert facts(Http(container="webservers").observe(fake_engine))["status_code"] == 404


def test_at_the_host_s_other_ports_another_s_server_is_not_taken_for_this_one() -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("hostnet")["Config"]["ExposedPorts"] = {"80/tcp": {}}

    def serve(address: Address) -> HttpAnswer:
        if address.port != 8080:
            raise NoAnswer("refused")
        return PAGE

    fake_engine.serves = serve
    assert facts(Http(container="hostnet").observe(fake_engine))["problem"] == "refused"


@pytest.mark.parametrize("how", get_args(NoAnswerReason))
@pytest.mark.parametrize("probe", [Http(container="webservers"), Postgres(container="webservers")])
def test_in_which_way_there_is_no_answer_is_told(how: NoAnswerReason, probe: Http | Postgres) -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(NoAnswer(how))
    observed = probe.observe(fake_engine)
    found = facts(observed)
    assert found["problem"] == how
    assert not found.get("answers", found.get("accepts"))
    assert {found[name] for name in found.keys() - {"problem", "answers", "accepts"}} == {None}
    assert isinstance(observed, Seen)
    assert observed.age_s is not None


@pytest.mark.parametrize("probe", [Http, Postgres])
@pytest.mark.parametrize("name", ["killed", "paused", "created-only", "looping", "dbserver"])
def test_what_does_not_run_is_not_asked(probe: type[Http | Postgres], name: str) -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(PAGE)
    observed = probe(container=name).observe(fake_engine)
    assert facts(observed)["problem"] == "not-running"
    assert fake_engine.questions == ["containers"]
    assert isinstance(observed, Seen)
    assert observed.age_s is None


def test_a_container_without_a_network_has_no_address_and_no_wait_helps() -> None:
    observed = Http(container="nonet").observe(FakeEngine())
    assert facts(observed)["problem"] == "no-address"
    assert isinstance(observed, Seen)
    assert observed.age_s is None


def test_a_container_on_the_host_s_network_is_asked_at_the_host() -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(PAGE)
    assert facts(Http(container="hostnet", port=8080).observe(fake_engine))["answers"] is True
    assert fake_engine.questions[-1] == "http 127.0.0.1:8080/"


@pytest.mark.parametrize("name", ["webservers", "published", "hostnet"])
def test_an_address_that_cannot_be_reached_from_here_is_nobody_s_mistake(name: str) -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "no route"))
    expected = Unobservable(kind="http", why=UnobservableReason.ADDRESS_OUT_OF_REACH, detail="no route")
    assert Http(container=name).observe(fake_engine) == expected
    assert Postgres(container=name).observe(fake_engine) == Unobservable(
        kind="postgres", why=UnobservableReason.ADDRESS_OUT_OF_REACH, detail="no route"
    )


def test_one_address_that_refuses_outweighs_one_that_cannot_be_reached() -> None:
    fake_engine = FakeEngine()

    def serve(address: Any) -> HttpAnswer:
        raise (
            NoAnswer("refused")
            if address.via == "published"
            else OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH)
        )

    fake_engine.serves = serve
    assert facts(Http(container="published").observe(fake_engine))["problem"] == "refused"


def test_any_other_trouble_is_not_hidden_by_the_next_address() -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(OutOfReach(UnobservableReason.DEADLINE, "3 s"))
    assert Http(container="published").observe(fake_engine) == Unobservable(
        kind="http", why=UnobservableReason.DEADLINE, detail="3 s"
    )


@pytest.mark.parametrize("probe", [Http(container="webservers"), Postgres(container="webservers")])
def test_an_engine_that_does_not_answer_is_no_absence(probe: Http | Postgres) -> None:
    fake_engine = FakeEngine()
    fake_engine.trouble["container"] = OutOfReach(UnobservableReason.DEADLINE, "3 s")
    observed = probe.observe(fake_engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.DEADLINE
    fake_engine.trouble["container"] = NotThere("gone")
    assert isinstance(probe.observe(fake_engine), Absent)
    fake_engine.listed = []
    assert isinstance(probe.observe(fake_engine), Absent)


@pytest.mark.parametrize(
    ("answer", "accepts", "problem", "encrypted"),
    [
        (b"N", True, None, False),
        (b"S", True, None, True),
        (b"E", False, "garbled", None),
        (b"HTTP/1.1 400 Bad Request", False, "garbled", None),
        (b"", False, "garbled", None),
    ],
)
def test_one_byte_tells_postgresql_from_anything_else(
    *, answer: bytes, accepts: bool, problem: str | None, encrypted: bool | None
) -> None:
    fake_engine = FakeEngine()
    fake_engine.serves = serving(answer)
    found = facts(Postgres(container="envs").observe(fake_engine))
    assert found == {"accepts": accepts, "problem": problem, "via": "own", "encrypted": encrypted}
    assert fake_engine.questions[-1].endswith(":5432 0000000804d2162f")


@pytest.mark.parametrize(
    ("arguments", "variables", "port"),
    [
        (["postgres"], [], 5432),
        (["postgres", "-p", "5433"], [], 5433),
        (["postgres", "-c", "port=5434"], ["PGPORT=6000"], 5434),
        (["--port=5435", "-c", "max_connections=9"], [], 5435),
        (["postgres", "-cport=5436"], [], 5436),
        (["postgres"], ["PGPORT=5437"], 5437),
        (["postgres"], ["PGPORT=eighty"], 5432),
        (["postgres", "-p", "80:80"], [], 5432),
    ],
)
def test_a_database_is_asked_at_the_port_that_it_is_given(
    arguments: list[str], variables: list[str], port: int
) -> None:
    fake_engine = FakeEngine()
    fake_engine.inspect("webservers")["Config"] |= {"Cmd": arguments, "Env": variables}

    def serve(address: Address) -> bytes:
        if address.port != port:
            raise NoAnswer("refused")
        return b"N"

    fake_engine.serves = serve
    assert facts(Postgres(container="webservers").observe(fake_engine))["accepts"] is True
