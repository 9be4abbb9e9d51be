"""Every case of TP2, applied on a real engine and graded; what the report must say stands in the fixtures."""

import json
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from dckgrade.engine import endpoint
from dckgrade.engine.connection import connect_engine
from dckgrade.probes.seccomp.seccomp_call import (
    SYSCALL_ATTEMPTS,
    ForbiddenAttempt,
    classify_call_output,
    list_twins,
)
from dckgrade.prove.case import list_cases
from dckgrade.prove.live import DisposableEngine
from tests.conftest import FIXTURES

pytestmark = pytest.mark.engine

LIVE = [case for case in list_cases(FIXTURES, "tp2") if case.can_be_applied]


CALLS = sorted({call for attempt in SYSCALL_ATTEMPTS for call in list_twins(attempt.call)})
DENY_ALL = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": CALLS, "action": "SCMP_ACT_ERRNO"}]}


@pytest.fixture
def client(engine: DisposableEngine) -> Iterator[docker.APIClient]:
    engine.empty()
    client = docker.APIClient(engine.host)
    yield client
    client.close()


def sleeping(client: docker.APIClient, image: str, *options: str) -> str:
    host = client.create_host_config(security_opt=list(options))
    made = client.create_container(image, ["sleep", "600"], entrypoint=[], host_config=host)
    client.start(made["Id"])
    return str(made["Id"])


def answers(engine: DisposableEngine, container: str) -> dict[str, str]:
    """Make every try in *container*, whatever its profile."""
    with connect_engine(endpoint.resolve_endpoint(engine.host, None, {}, Path("/nonexistent"))) as daemon:
        look = daemon.take_snapshot()
        tried = [ForbiddenAttempt(attempt, attempt.call, frozenset({1})) for attempt in SYSCALL_ATTEMPTS]
        return {
            forbidden.call: classify_call_output(
                forbidden, look.run_command(container, forbidden.attempt.argv)
            )
            for forbidden in tried
        }


@pytest.mark.parametrize("image", ["nginx", "busybox", "postgres"])
def test_dockers_default_lets_every_try_and_nothing_changes(
    image: str, engine: DisposableEngine, client: docker.APIClient
) -> None:
    container = sleeping(client, image)
    before = client.diff(container)
    assert answers(engine, container) == dict.fromkeys(
        (attempt.call for attempt in SYSCALL_ATTEMPTS), "allowed"
    )
    assert client.diff(container) == before


def test_a_profile_that_forbids_them_refuses_every_try(
    engine: DisposableEngine, client: docker.APIClient
) -> None:
    container = sleeping(client, "busybox", f"seccomp={json.dumps(DENY_ALL)}")
    assert answers(engine, container) == dict.fromkeys(
        (attempt.call for attempt in SYSCALL_ATTEMPTS), "refused"
    )
