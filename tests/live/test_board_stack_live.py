"""The class board on a real swarm of three machines, under load, while things break: nothing is lost."""

import http.client
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dckgrade.classroom import board_client
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.run import grade_lab
from dckgrade.lab.load import load_lab
from dckgrade.prove.engines.cluster import get_machine_address
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.report import board_request as wire
from dckgrade.report import signature
from dckgrade.report.result import Verdict
from images import build
from tests.conftest import need, need_private_engines
from tests.support.board_stack import IMAGE, TIMEOUT_S, BoardStack, run_board_stack
from tests.support.class_reports import make_trainee_report
from tests.support.report_sender import Sender

pytestmark = pytest.mark.engine
NAMES = ("Ada", "Grace", "Alan", "Edsger")


def kill_database(stack: BoardStack) -> None:
    """Kill the database as a crash does; the swarm starts another on the same volume."""
    killed = stack.find_database()
    run_docker(stack.manager.host, "kill", killed)
    stack.wait_until(lambda: stack.find_database() not in {"", killed}, "no other database")
    stack.wait_until_it_serves()


def update_image(stack: BoardStack) -> None:
    """Deploy another image: the boards are replaced one after the other."""
    image = stack.tag_image(IMAGE)
    stack.deploy(image)
    wait_for_update(stack, "completed")
    assert list_images(stack) == {image}
    stack.wait_until_it_serves()


def update_to_a_broken_image(stack: BoardStack) -> None:
    """Deploy an image that does not run: one board is tried, and the swarm goes back."""
    before = list_images(stack)
    for place in stack.machines:
        build.load(stack.cluster.engines[place].host, ["busybox"])
    stack.deploy(stack.tag_image("busybox"))
    wait_for_update(stack, "rollback_completed")
    assert list_images(stack) == before
    stack.wait_until_it_serves()


def lose_a_machine(stack: BoardStack) -> None:
    """Kill a machine that is not the database's, with all that runs on it."""
    stack.machines.remove(2)
    stack.cluster.engines[2].stop()
    stack.wait_until_it_serves()


FAULTS = (kill_database, update_image, update_to_a_broken_image, lose_a_machine)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fault" in metafunc.fixturenames:
        chosen = FAULTS if metafunc.config.getoption("--every-fault") else FAULTS[:1]
        metafunc.parametrize("fault", chosen, ids=lambda fault: fault.__name__)


def wait_for_update(stack: BoardStack, state: str) -> None:
    def has_ended() -> bool:
        return bool(stack.inspect_service("board").get("UpdateStatus", {}).get("State") == state)

    stack.wait_until(has_ended, f"the update is not {state}")


def list_images(stack: BoardStack) -> set[str]:
    """Return the images of the boards that run."""
    words = ("service", "ps", "--filter", "desired-state=running", "--format", "{{.Image}}", "class_board")
    return set(run_docker(stack.manager.host, *words).split())


@pytest.fixture(scope="module")
def stack() -> Iterator[BoardStack]:
    need_private_engines()
    if shutil.which("caddy") is None:
        need("no caddy on PATH", what="proxy")
    with run_board_stack() as running:
        yield running


@pytest.fixture(scope="module")
def senders(stack: BoardStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sender]]:
    """Have a class send reports all the time."""
    folder, started = tmp_path_factory.mktemp("outboxes"), []
    for name in NAMES:
        joined = stack.join(name)
        report = signature.sign_report(make_trainee_report(name), signature.TraineeKey(name, joined.secret))
        # A trainee may send 600 an hour: the faults take minutes.
        sender = Sender(
            joined, folder / name, report, interval_s=1.5, enter_network=stack.manager.enter_network
        )
        sender.start()
        started.append(sender)
    yield started
    for sender in started:
        sender.over.set()


def read_digests(stack: BoardStack) -> list[str]:
    """Read the digests of what is kept; one that is there twice is there twice."""
    return stack.query("SELECT encode(digest, 'hex') FROM reports")


def list_acknowledged(senders: list[Sender]) -> set[str]:
    return set[str]().union(*(sender.acknowledged for sender in senders))


def test_the_tasks_meet_what_ch6_and_ch8_ask(stack: BoardStack) -> None:
    loaded = load_lab(Path(__file__).with_name("board-stack.yaml"))
    where = resolve_endpoint(stack.manager.host, None, {}, Path("/nonexistent"))
    with stack.manager.enter_network(), connect_engine(where) as daemon:
        report = grade_lab(loaded, daemon, RunOptions())
    assert [(line.id, line.misses) for line in report.checks if line.verdict is not Verdict.PASSED] == []


def test_no_acknowledged_report_is_lost_and_the_boards_find_back(
    stack: BoardStack, senders: list[Sender], fault: Callable[[BoardStack], None]
) -> None:
    before = len(list_acknowledged(senders))
    stack.wait_until(lambda: len(list_acknowledged(senders)) > before, "nothing is acknowledged")

    fault(stack)

    after = list_acknowledged(senders)
    assert after <= set(read_digests(stack))
    stack.wait_until(lambda: len(list_acknowledged(senders)) >= len(after) + 2 * len(NAMES), "no load")
    # Each board hears from the others, by the database, who has joined at one of them.
    newcomer = f"after-{fault.__name__}"
    stack.join(newcomer)
    for place in stack.machines:
        stack.wait_until(lambda place=place: newcomer in stack.ask(place, "/classes/1")[1], f"board {place}")  # type: ignore[misc]


def test_in_the_end_everything_that_was_sent_is_there_once(stack: BoardStack, senders: list[Sender]) -> None:
    for sender in senders:
        sender.over.set()
        sender.join(TIMEOUT_S)
    with stack.manager.enter_network():
        for sender in senders:
            board_client.deliver(sender.joined, sender.outbox)
    assert sorted(read_digests(stack)) == sorted(set[str]().union(*(sender.sent for sender in senders)))


def join_with_wrong_codes(stack: BoardStack, place: int, asked_from: int) -> set[int]:
    """Try a dozen wrong codes, each as if for another address; returns how the board answered."""
    statuses = set()
    with stack.cluster.engines[asked_from].enter_network():
        for number in range(12):
            connection = http.client.HTTPConnection(get_machine_address(place), 8000, timeout=TIMEOUT_S)
            body = json.dumps({"code": "AAAABBBB", "name": "Eve"})
            connection.request("POST", wire.JOIN_PATH, body, {"X-Forwarded-For": f"198.51.100.{number}"})
            statuses.add(connection.getresponse().status)
            connection.close()
    return statuses


def test_the_proxy_alone_is_believed_who_asks(stack: BoardStack) -> None:
    assert join_with_wrong_codes(stack, place=1, asked_from=0) == {403}
    assert join_with_wrong_codes(stack, place=1, asked_from=1) == {403, 429}
