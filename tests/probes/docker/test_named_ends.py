"""What TP5 names where a container has ended, by its command and its own last words."""

from typing import Any

import pytest

from tests.support.built_in_labs import load_built_in_lab
from tests.support.fake_engine import FakeEngine
from tests.support.named_mistakes import name_mistake

TP5 = load_built_in_lab("tp5").lab
NGINX_STOPS = "2026/01/01 10:00:00 [notice] 1#1: signal 3 (SIGQUIT) received, shutting down\n"
POSTGRES_STOPS = "LOG:  received fast shutdown request\nLOG:  database system is shut down\n"


def ended(name: str, command: list[str], log: str, **state: Any) -> FakeEngine:
    """Have the container *name*, which was given *command*, have ended with code 0."""
    engine = FakeEngine()
    container = engine.inspect(name)
    engine.entry(name)["State"] = "exited"
    container["State"] |= {"Status": "exited", "Running": False, "ExitCode": 0} | state
    engine.images[container["Image"]] = {
        "Config": {"Entrypoint": container["Config"]["Entrypoint"], "Cmd": container["Config"]["Cmd"]},
        "RepoTags": [container["Config"]["Image"]],
    }
    container["Config"]["Cmd"] = command
    engine.logs[engine.id_of(name)] = log
    return engine


@pytest.mark.parametrize(
    ("name", "command", "log", "code"),
    [
        ("webservers", ["sh"], "", "ST-23"),
        # Into the background: the log says nothing of an end.
        ("webservers", ["nginx"], "[notice] 8#8: start worker process 9\n", "ST-23"),
        ("dbserver", ["bash"], "", "ST-23"),
        # A command of the trainee's that did its work, until somebody stopped it.
        ("webservers", ["nginx-debug", "-g", "daemon off;"], NGINX_STOPS, "ST-04"),
        (
            "webservers",
            ["nginx", "-g", "daemon off;"],
            NGINX_STOPS.replace("shutting", "gracefully shutting"),
            "ST-04",
        ),
        ("dbserver", ["postgres", "-c", "shared_buffers=64MB"], POSTGRES_STOPS, "ST-04"),
        ("dbserver", ["postgres", "-c", "x=y"], POSTGRES_STOPS.replace("fast", "smart"), "ST-04"),
    ],
)
def test_a_command_that_worked_until_it_was_stopped_is_not_blamed(
    name: str, command: list[str], log: str, code: str
) -> None:
    mistake = name_mistake(TP5, ended(name, command, log), f"{name}-running")
    assert mistake
    assert mistake.code == code
