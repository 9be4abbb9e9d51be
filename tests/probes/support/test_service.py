"""Where a program answers over HTTP: at which port, below which prefix, and by whose leave."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.engine.answers import Address, HttpAnswer, Json, Login, NoAnswer, OutOfReach
from dckgrade.probes.support import service_settings
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.service import HttpService, ServiceReply, reach_service
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import FakeEngine

OK = HttpAnswer(status=200, headers={}, body=b"It is Ready.")
LOCKED = HttpAnswer(status=401, headers={"www-authenticate": "Basic"}, body=b"Unauthorized\n")
MISSING = HttpAnswer(status=404, headers={}, body=b"404 page not found\n")
OTHER = HttpAnswer(status=200, headers={}, body=b"<html>Cockpit</html>")

METER = HttpService(
    image="meter",
    path="/-/ready",
    usual_ports=(9090, 9091),
    is_own_answer=lambda answer: b"It is" in answer.body or answer == LOCKED,
    port_settings=("web.listen-address", "METER_PORT"),
    root_settings=("web.route-prefix", "METER_ROOT_URL"),
    account="meter",
)


class Web(FakeEngine):
    """A container `meter` whose doors answer as a test says, by port and path, and by account."""

    def __init__(self, pages: Mapping[str, HttpAnswer], account: Login | None = None) -> None:
        super().__init__()
        self.renamed("published", "meter").only("meter")
        self.pages, self.account = pages, account
        self.sent: list[tuple[str, Login]] = []
        self.publish({}).expose(9090)["Config"] |= {"Image": "prom/meter:v1", "Env": [], "Cmd": []}
        self.networks = self.inspect("meter")["NetworkSettings"]["Networks"]

    def publish(self, ports: Mapping[int, int]) -> "Web":
        """Publish the container's ports, each as a port of the machine."""
        bound = {f"{inner}/tcp": [{"HostIp": "", "HostPort": str(port)}] for inner, port in ports.items()}
        self.inspect("meter")["NetworkSettings"]["Ports"] = bound
        return self

    def expose(self, *ports: int) -> Any:
        """Expose ports; give the inspect answer, to be changed."""
        self.inspect("meter")["Config"]["ExposedPorts"] = {f"{port}/tcp": {} for port in ports}
        return self.inspect("meter")

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        self.questions.append(f"{address.port}{path}")
        if login:
            self.sent.append((f"{address.port}{path}", login))
        if str(address.port) not in {page.partition("/")[0] for page in self.pages}:
            raise NoAnswer("refused")
        if self.account and login != self.account:
            return LOCKED
        return self.pages.get(f"{address.port}{path}", MISSING)

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        return self.request_http(Address("127.0.0.1", port, "inside"), path) if ref else MISSING


def reach(engine: FakeEngine, service: HttpService = METER) -> ServiceReply[ReachedService]:
    return reach_service(engine, "meter", service)


def where(engine: FakeEngine, service: HttpService = METER) -> tuple[int, str, str | None]:
    """Tell port, root and way of what was reached."""
    found = reach(engine, service)
    assert found.answer, found
    return found.answer.port, found.answer.root, found.via


def test_what_the_sheet_promises_is_tried_first_whatever_the_port_inside() -> None:
    engine = Web({"9090/-/ready": OK}).publish({80: 8080, 9095: 9090})
    assert where(engine) == (9095, "", "published")
    assert engine.questions[-1] == "9090/-/ready"


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["--web.listen-address=:9095"], []),
        (["--web.listen-address", "0.0.0.0:9095"], []),
        (["sh", "-c", "exec meter '--web.listen-address=[::]:9095' --x"], []),
        (["-E", "METER_PORT=9095-9100"], []),
        ([], ["METER_PORT=9095"]),
    ],
)
def test_a_port_that_is_told_is_found_though_nothing_is_published(
    command: list[str], variables: list[str]
) -> None:
    engine = Web({"9095/-/ready": OK})
    engine.inspect("meter")["Config"] |= {"Cmd": command, "Env": variables}
    assert where(engine) == (9095, "", "own")


@pytest.mark.parametrize("value", ["", ":", "x", "0", "99999", "9095:x"])
def test_a_setting_that_is_no_port_is_none(value: str) -> None:
    assert service_settings.list_configured_ports({"p": value}, ("p", "absent")) == []


def test_published_then_exposed_then_usual_ports_are_tried() -> None:
    engine = Web({"9091/-/ready": OK}).publish({8000: 18000})
    engine.expose(7000, 9090)
    assert where(engine) == (9091, "", "own")
    ports = [int(question.partition("/")[0]) for question in engine.questions if question[0].isdigit()]
    assert list(dict.fromkeys(ports)) == [9090, 18000, 8000, 7000, 9091]


def test_ports_that_take_http_for_something_else_are_not_asked() -> None:
    engine = Web({}).publish({5044: 5044, 8080: 9600})
    engine.expose(5044, 9600)
    logstash = replace(METER, usual_ports=(9600,), allowed_ports=range(9600, 9700))
    assert reach(engine, logstash).problem == "refused"
    asked = {question.partition("/")[0] for question in engine.questions if question[0].isdigit()}
    assert asked == {"9600", "8080"}


def test_on_the_machine_s_network_the_told_port_is_asked_at_the_machine() -> None:
    engine = Web({"9095/-/ready": OK, "9090/-/ready": OTHER})
    engine.inspect("meter")["HostConfig"]["NetworkMode"] = "host"
    engine.inspect("meter")["NetworkSettings"]["Networks"] = {"host": {"IPAddress": ""}}
    engine.inspect("meter")["Config"]["Cmd"] = ["--web.listen-address=:9095"]
    assert where(engine) == (9095, "", "own")


def test_a_container_in_another_s_network_has_that_one_s_ports() -> None:
    class Borrowing(Web):
        def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
            return super().find_addresses(self.inspect_container("lender") if inspected else {}, port)

    engine = Borrowing({"9090/-/ready": OK})
    engine.inspected["lender"] = copy.deepcopy(engine.inspect("meter"))
    engine.inspected["lender"]["NetworkSettings"]["Ports"] = {"9095/tcp": [{"HostPort": "9090"}]}
    engine.inspect("meter")["HostConfig"]["NetworkMode"] = "container:lender"
    assert where(engine) == (9095, "", "published")


def test_a_container_whose_lender_is_gone_is_there_and_cannot_be_asked() -> None:
    engine = Web({"9090/-/ready": OK})
    engine.inspect("meter")["HostConfig"]["NetworkMode"] = "container:" + "0" * 64
    with pytest.raises(OutOfReach) as refusal:
        where(engine)
    assert refusal.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["--web.route-prefix=/lab/meter/"], []),
        ([], ["METER_ROOT_URL=%(protocol)s://%(domain)s:%(http_port)s/lab/meter/"]),
        ([], ["METER_ROOT_URL=http://localhost:9090/lab/meter"]),
    ],
)
def test_a_prefix_is_learnt_from_the_settings(command: list[str], variables: list[str]) -> None:
    engine = Web({"9090/lab/meter/-/ready": OK})
    engine.inspect("meter")["Config"] |= {"Cmd": command, "Env": variables}
    assert where(engine) == (9090, "/lab/meter", "own")
    assert reach(engine).answer.request("/-/ready") == OK  # type: ignore[union-attr]


def test_a_prefix_that_is_told_and_not_in_force_does_no_harm() -> None:
    engine = Web({"9090/-/ready": OK})
    engine.inspect("meter")["Config"]["Env"] = ["METER_ROOT_URL=http://localhost/meter"]
    assert where(engine) == (9090, "", "own")


@pytest.mark.parametrize(
    ("path", "status", "headers", "body"),
    [
        ("/", 302, {"location": "/meter"}, b""),
        ("/", 302, {"location": "http://localhost:9090/meter/graph?x=/y"}, b""),
        ("/-/ready", 301, {"location": "/meter/-/ready"}, b""),
        ("/-/ready", 404, {}, b"nothing at /-/ready: this is served below /meter"),
        ("/", 200, {}, b"<html><base href='/meter/'><link href=\"/meter/style.css\"></html>"),
        ("/-/ready", 404, {}, b'{"message": "see http://localhost:9090/meter/"}'),
    ],
)
def test_a_prefix_is_learnt_from_a_redirect_or_a_body(
    path: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    answer = HttpAnswer(status=status, headers=headers, body=body)
    assert where(Web({f"9090{path}": answer, "9090/meter/-/ready": OK})) == (9090, "/meter", "own")


def test_the_search_for_a_prefix_has_an_end() -> None:
    body = b" ".join(b"/%d/%d" % (number, number) for number in range(500))
    engine = Web({"9090/-/ready": HttpAnswer(status=404, headers={}, body=body)})
    with pytest.raises(OutOfReach):
        reach(engine)
    assert sum(question.startswith("9090/") for question in engine.questions) <= 6


def test_a_404_of_the_right_image_is_doubt_and_of_another_image_another_program() -> None:
    engine = Web({"9090/": MISSING})
    with pytest.raises(OutOfReach) as caught:
        reach(engine)
    assert (caught.value.why, caught.value.detail) == (UnobservableReason.UNREADABLE, "HTTP 404 for /-/ready")
    engine.inspect("meter")["Config"]["Image"] = "nginx"
    assert reach(engine).problem == "garbled"


def test_one_that_answers_to_https_only_is_doubt_and_no_other_program() -> None:
    answer = HttpAnswer(status=400, headers={}, body=b"Client sent an HTTP request to an HTTPS server.\n")
    with pytest.raises(OutOfReach, match="HTTPS"):
        reach(Web({"9090/-/ready": answer}))


def test_another_program_at_the_promised_port_does_not_hide_the_right_one() -> None:
    assert where(Web({"9090/-/ready": OTHER, "8000/-/ready": OK}).publish({8000: 8000})) == (
        8000,
        "",
        "published",
    )
    assert reach(Web({"9090/-/ready": OTHER})).problem == "garbled"
    stranger = replace(METER, belongs_to=lambda reached, _inspected: reached.port != 9090)
    assert reach(Web({"9090/-/ready": OK}), stranger).problem == "garbled"


ACCOUNT = Login("me", "canary")


def with_account(engine: Web, account: Login = ACCOUNT) -> Web:
    engine.inputs = {"meter-user": account.user, "meter-password": account.password}
    return engine


def test_what_wants_an_account_is_the_right_program_and_tells_nothing() -> None:
    found = reach(Web({"9090/-/ready": OK}, ACCOUNT)).answer
    assert found
    assert (found.access, found.is_locked) == ("wanted", True)


def test_the_account_that_the_user_names_opens_it_below_any_prefix() -> None:
    start_page = HttpAnswer(status=302, headers={"location": "/meter"}, body=b"")
    engine = with_account(Web({"9090/": start_page, "9090/meter/-/ready": OK}, ACCOUNT))
    found = reach(engine).answer
    assert found
    assert (found.access, found.root, found.is_locked) == ("granted", "/meter", False)
    assert found.request("/-/ready") == OK
    assert {login for _, login in engine.sent} == {ACCOUNT}


def test_an_account_that_is_refused_is_said_and_sent_to_no_other_door() -> None:
    engine = with_account(
        Web({"9090/-/ready": OK, "9095/-/ready": OK}, ACCOUNT), Login("me", "other")
    ).publish({9095: 9090})
    found = reach(engine).answer
    assert found
    assert (found.access, found.is_locked) == ("refused", True)
    assert {place for place, _ in engine.sent} == {"9090/-/ready"}


def test_no_account_is_sent_to_what_asks_for_none_or_is_another_program() -> None:
    engine = with_account(Web({"9090/-/ready": OK}))
    assert reach(engine).answer.access == "open"  # type: ignore[union-attr]
    realm = HttpAnswer(status=401, headers={"www-authenticate": 'Basic realm="router"'}, body=b"router")
    assert reach(with_account(Web({"9090/-/ready": realm}))).problem == "garbled"
    assert engine.sent == []


def test_inside_its_container_no_account_is_sent() -> None:
    class Far(Web):
        def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
            raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{len(inspected)} {port}")

    assert where(Far({"9091/-/ready": OK})) == (9091, "", "inside")
    locked = with_account(Far({"9090/-/ready": OK}, ACCOUNT))
    assert reach(locked).answer.access == "wanted"  # type: ignore[union-attr]
    assert locked.sent == []
    assert reach(Far({})).problem == "refused"


def test_one_that_may_listen_inside_alone_is_asked_there_too() -> None:
    class Inner(Web):
        def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
            if address.via != "inside":
                raise NoAnswer("refused")
            return super().request_http(address, path, login)

    pages = {"9090/-/ready": OK}
    assert reach(Inner(pages)).problem == "refused"
    assert where(Inner(pages), replace(METER, may_be_inside=True)) == (9090, "", "inside")
