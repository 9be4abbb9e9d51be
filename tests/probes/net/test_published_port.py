"""Kind `published-port`: what is published, where it answers, and what only looks like publishing."""

from typing import Any

import pytest

from dckgrade.engine.answers import Address, HttpAnswer, NoAnswer, NoAnswerReason, OutOfReach
from dckgrade.probes.net.published_port import PublishedPort
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_networks import ENGINES, RecordedNetworks, answer

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)


def look(engine: RecordedNetworks, container: str, port: int = 8080) -> dict[str, Any]:
    return facts(PublishedPort(container=container, port=port).observe(engine))


def serving_at(*hosts: str) -> Any:
    """Serve at these addresses of the machine alone."""

    def serve(address: Address, _path: str) -> HttpAnswer:
        if address.host not in hosts:
            raise NoAnswer("refused")
        return answer("page")

    return serve


@EVERY_ENGINE
def test_a_loopback_binding_answers_there_and_nowhere_else(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    recorded.serves = serving_at("127.0.0.1")
    found = look(recorded, "proxy")
    assert found["bindings"] == [{"ip": "127.0.0.1", "port": 8080, "inner": 80}]
    assert (found["bound"], found["loopback_only"], found["answers"]) == (True, True, True)
    assert (found["elsewhere"], found["elsewhere_at"]) == (False, None)
    assert (Address("172.30.1.1", 8080, "published"), "/") in recorded.requests, "the gateway was asked too"


@EVERY_ENGINE
def test_a_binding_to_every_address_answers_at_the_gateway(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    recorded.serves = serving_at("127.0.0.1", "172.30.1.1")
    found = look(recorded, "everywhere", 8083)
    assert (found["loopback_only"], found["elsewhere"], found["elsewhere_at"]) == (False, True, "172.30.1.1")


@EVERY_ENGINE
def test_exposing_opens_nothing(engine: str) -> None:
    found = look(RecordedNetworks(engine), "exposed")
    assert (found["bindings"], found["bound"], found["answers"]) == ([], False, None)
    assert (found["exposed_only"], found["asked_not_bound"]) == (True, False)


@EVERY_ENGINE
def test_publishing_on_an_internal_network_comes_to_nothing_and_gives_no_error(engine: str) -> None:
    found = look(RecordedNetworks(engine), "on-internal", 8082)
    assert (found["runs"], found["bindings"], found["bound"]) == (True, [], False)
    assert (found["asked_not_bound"], found["exposed_only"]) == (True, False)


@EVERY_ENGINE
def test_a_port_that_docker_chose_is_told_from_one_that_was_asked_for(engine: str) -> None:
    recorded = RecordedNetworks(engine)
    assert look(recorded, "any-port")["random_port"] is True
    assert look(recorded, "any-port")["bound"] is False
    assert look(recorded, "everywhere", 8083)["random_port"] is False


@pytest.mark.parametrize(
    ("reason", "answers"), [("refused", False), ("reset", False), ("garbled", True), ("silent", True)]
)
def test_a_connection_that_docker_drops_is_no_answer_and_another_protocol_is_one(
    reason: NoAnswerReason, answers: object
) -> None:
    recorded = RecordedNetworks()

    def serve(_address: Address, _path: str) -> HttpAnswer:
        raise NoAnswer(reason)

    recorded.serves = serve
    assert look(recorded, "proxy")["answers"] is answers


def test_an_error_page_is_an_answer() -> None:
    recorded = RecordedNetworks()
    recorded.serves = lambda _address, _path: answer(status=502)
    assert look(recorded, "proxy")["answers"] is True


def test_what_does_not_run_has_no_port_and_is_not_asked() -> None:
    recorded = RecordedNetworks()
    observed = PublishedPort(container="stopped", port=8080).observe(recorded)
    assert (facts(observed)["runs"], facts(observed)["bindings"]) == (False, [])
    assert recorded.requests == []
    assert isinstance(observed, Seen)
    assert observed.age_s is None


def test_from_another_machine_what_is_bound_decides_and_a_loopback_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded = RecordedNetworks()
    recorded.on_this_machine = False
    recorded.serves = serving_at("127.0.0.1")
    assert look(recorded, "everywhere", 8083)["elsewhere"] is True
    monkeypatch.setattr(recorded, "find_addresses", lambda *_: ())
    observed = PublishedPort(container="proxy", port=8080).observe(recorded)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_an_address_that_cannot_be_tried_is_not_one_that_answers() -> None:
    recorded = RecordedNetworks()

    def serve(address: Address, _path: str) -> HttpAnswer:
        if address.host != "127.0.0.1":
            raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH)
        return answer("page")

    recorded.serves = serve
    assert look(recorded, "proxy")["elsewhere"] is False


def test_no_container_no_port() -> None:
    observed = PublishedPort(container="nobody", port=8080).observe(RecordedNetworks())
    assert observed == Absent(kind="published-port")
