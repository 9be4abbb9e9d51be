"""Kind `container-health`: what a check says, and checks that can say nothing else."""

from typing import Any

import pytest

from dckgrade.probes.docker.container_health import ContainerHealth, read_health_facts
from dckgrade.report.observation import Absent, Unobservable
from tests.support.fake_engine import FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerHealth(container=name).observe(engine))


def check(*test: str, **last: Any) -> Any:
    tries = [{"ExitCode": 0, "Output": "", **last}] if last else []
    health = {"Status": "unhealthy", "FailingStreak": 1, "Log": tries}
    return read_health_facts("x", {"State": {"Health": health}, "Config": {"Healthcheck": {"Test": [*test]}}})


@every_version
def test_a_check_that_asks_the_page_is_healthy(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["status"], found["exit_code"], found["streak"]) == ("healthy", 0, 0)
    assert (found["always_true"], found["swallows"], found["tool_missing"]) == (False, False, None)
    assert (found["asks"], found["interval_s"]) == ("127.0.0.1:8080", 1.0)


@every_version
def test_a_tool_that_the_image_lacks_is_named(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "unlimited")
    assert (found["status"], found["exit_code"], found["tool_missing"]) == ("unhealthy", 127, "curl")


@every_version
def test_a_check_that_takes_too_long_is_told_apart(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "checked")
    assert (found["status"], found["exit_code"], found["timed_out"]) == ("unhealthy", -1, True)
    assert found["tool_missing"] is None


@every_version
def test_without_a_check_there_is_none(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "handling")
    assert (found["status"], found["check"], found["exit_code"], found["asks"]) == ("none", "", None, None)
    assert (found["always_true"], found["swallows"]) == (False, False)


@pytest.mark.parametrize(
    ("test", "always", "swallows"),
    [
        (["CMD-SHELL", "true"], True, False),
        (["CMD", "/bin/true"], True, False),
        (["CMD-SHELL", "exit 0"], True, False),
        (["CMD-SHELL", "exit"], True, False),
        (["CMD-SHELL", "echo ok"], True, False),
        (["CMD", "sh", "-c", ":"], True, False),
        (["CMD-SHELL", "wget -q http://localhost/ || true"], False, True),
        (["CMD-SHELL", "wget -q http://localhost/ || exit 0"], False, True),
        (["CMD-SHELL", "curl http://localhost/; exit 0"], False, True),
        (["CMD-SHELL", "curl http://localhost/ ; true"], False, True),
        (["CMD-SHELL", "curl -f http://localhost/ || echo down"], False, True),
        (["CMD", "/bin/sh", "-c", "curl http://x || true"], False, True),
        (["CMD-SHELL", "wget -q http://localhost/ || exit 1"], False, False),
        (["CMD-SHELL", "wget -q http://localhost/ && exit 0"], False, False),
        (["CMD-SHELL", "wget -q http://localhost/ && true"], False, False),
        (["CMD-SHELL", "echo $(curl -f http://localhost/) | grep ok"], False, False),
        (["CMD", "curl", "http://x/?a;true"], False, False),
        (["CMD-SHELL", "exit 1"], False, False),
        (["CMD-SHELL", "echo $(curl -f http://localhost/)"], True, False),
        (["CMD-SHELL", "echo checking\ncurl -f http://localhost/"], False, False),
        (["CMD-SHELL", "sleep 1\necho up"], True, True),
        (["CMD", "mysqladmin", "--version"], True, False),
        (["CMD-SHELL", "mysqladmin -uroot --version || exit 1"], True, False),
        (["CMD-SHELL", "/usr/bin/mariadb -V"], True, False),
        (["CMD-SHELL", "curl --version > /dev/null 2>&1"], True, False),
        (["CMD-SHELL", "sleep 1"], True, False),
        (["CMD-SHELL", "sleep 5 && exit 0"], True, False),
        (["CMD-SHELL", "sleep 5; echo ok"], True, True),
        (["CMD-SHELL", "date"], True, False),
        (["CMD-SHELL", "which mysqladmin || exit 1"], True, False),
        (["CMD-SHELL", "command -v curl"], True, False),
        (["CMD-SHELL", "sleep 1 && mysqladmin ping"], False, False),
        (["CMD-SHELL", "mysqladmin --version && mysqladmin ping"], False, False),
        (["CMD-SHELL", "mysqladmin ping --silent -h localhost"], False, False),
        (["CMD-SHELL", "test -n \"$(mysql -e 'select version()')\""], False, False),
        (["CMD-SHELL", "mysqladmin version"], False, False),
        (["CMD-SHELL", "/check.sh --version 2"], False, False),
        (["CMD-SHELL", "/check.sh --version"], False, False),
        (["CMD-SHELL", "python check.py --version"], False, False),
        (["CMD-SHELL", "echo ping | nc localhost 1 && exit 0"], False, False),
        (["CMD-SHELL", "wget -q http://localhost/; echo $?"], False, True),
        (["CMD-SHELL", "wget -q http://localhost/ || printf down"], False, True),
        (["CMD-SHELL", "(wget -q http://localhost/ || true)"], False, True),
        (["CMD-SHELL", "wget -q -O - http://localhost/ | cat"], False, True),
        (["CMD-SHELL", "wget -q http://localhost/ || exit 1 | cat"], False, True),
        (["CMD-SHELL", "wget -q -O - http://localhost/ | grep -q ok"], False, False),
        (["CMD-SHELL", "set -o pipefail; wget -q -O - http://localhost/ | cat"], False, False),
        (["CMD-SHELL", "wget -q http://localhost/ || exit 1; exit 0"], False, False),
        (["CMD-SHELL", "wget -q http://localhost/ || { echo down; exit 1; }; echo up"], False, False),
        (["CMD-SHELL", "if wget -q http://x; then exit 0; else exit 1; fi; exit 0"], False, False),
        (["CMD-SHELL", "set -e; wget -q http://localhost/; echo up"], False, False),
        (["CMD-SHELL", "set -e; wget -q http://localhost/ || true"], False, True),
        (["CMD-SHELL", "curl -f http://localhost/ || echo down >&2"], False, True),
        (["CMD-SHELL", "curl -f http://localhost/ >/dev/null 2>&1 || echo down 1>&2"], False, True),
        (["CMD-SHELL", "echo down >&2; curl -f http://localhost/"], False, False),
        (["CMD-SHELL", "curl -f http://localhost/ || echo down & false"], False, False),
        (["CMD", "sh", "-ec", "true"], True, False),
        (["CMD", "sh", "-ec", "curl -f http://localhost/; true"], False, False),
        (["CMD", "sh", "-ec", "curl -f http://localhost/ || true"], False, True),
        (["CMD", "/bin/bash", "-lc", "curl -f http://localhost/ || true"], False, True),
        (["NONE"], False, False),
        ([], False, False),
    ],
)
def test_a_check_that_cannot_fail_is_seen_by_its_command(
    test: list[str], *, always: bool, swallows: bool
) -> None:
    found = check(*test)
    assert (found.always_true, found.swallows) == (always, swallows)


@pytest.mark.parametrize(
    ("command", "timeout_ns", "always"),
    [
        ("sleep 5", 1_000_000_000, False),
        ("sleep 5", 10_000_000_000, True),
        ("sleep 5 && exit 0", 5_000_000_000, False),
        ("sleep 3; sleep 3", 5_000_000_000, False),
        ("sleep 20", 0, True),
        ("sleep 1m || exit 1", 0, False),
        ("sleep 0.5s", 1_000_000_000, True),
        ("date", 1_000_000_000, True),
    ],
)
def test_a_check_that_waits_longer_than_it_may_does_fail(
    command: str, timeout_ns: int, *, always: bool
) -> None:
    health = {"Test": ["CMD-SHELL", command], "Timeout": timeout_ns}
    assert read_health_facts("x", {"Config": {"Healthcheck": health}}).always_true is always


@pytest.mark.parametrize(
    "begin", ["echo", "true", "exit 0", "wget x; echo", "wget x\n", "ps", "(", "kill -0"]
)
@pytest.mark.parametrize("filling", [" ", "\n", " \n\t", "; ", "x;", ")", " -b", "/a"])
def test_a_command_of_a_hundred_thousand_characters_is_judged_at_once(begin: str, filling: str) -> None:
    judged = check("CMD-SHELL", f"{begin}{filling * (100_000 // len(filling))}&")
    assert (judged.always_true, judged.swallows) == (False, False)


@pytest.mark.parametrize(
    ("command", "asks_nothing"),
    [
        ("pidof httpd", True),
        ("/bin/pidof httpd || exit 1", True),
        ("pgrep -f httpd", True),
        ("ps | grep httpd", True),
        ("ps aux | grep -q httpd || exit 1", True),
        ("kill -0 1", True),
        ("pidof httpd && wget -q http://localhost/", False),
        ("wget -q http://localhost/ || kill 1", False),
        ('[ "$(wget -q -O - http://localhost/)" ]', False),
        ("netstat -ltn | grep -q 8080", False),
        ("/check.sh", False),
    ],
)
def test_a_check_that_looks_for_a_process_asks_nothing(command: str, *, asks_nothing: bool) -> None:
    assert check("CMD-SHELL", command).asks_nothing is asks_nothing


@pytest.mark.parametrize(
    ("output", "tool"),
    [
        ("/bin/sh: curl: not found\n", "curl"),
        ("sh: 1: curl: not found\n", "curl"),
        ("/bin/sh: line 1: wget: command not found", "wget"),
        (
            'OCI runtime exec failed: exec failed: exec: "curl": executable file not found in $PATH: unknown',
            "curl",
        ),
        ("wget: server returned error: HTTP/1.1 404 Not Found\n", None),
        ("<html>page: not found</html>", None),
        ("", None),
    ],
)
def test_only_the_shell_s_and_the_engine_s_words_name_a_missing_tool(output: str, tool: str | None) -> None:
    assert check("CMD-SHELL", "x", ExitCode=127, Output=output).tool_missing == tool


def test_a_page_that_says_not_found_is_no_missing_tool_of_a_check_that_succeeds() -> None:
    assert check("CMD-SHELL", "x", ExitCode=0, Output="sh: curl: not found").tool_missing is None


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("curl -f http://localhost:8080/x || exit 1", "localhost:8080"),
        ("wget http://[::1]:8080/", "[::1]:8080"),
        ("wget https://web/", "web"),
        ("curl http://user:word@web:80/", "web:80"),
        ("pg_isready", None),
    ],
)
def test_the_address_that_is_asked_is_read_without_an_account(command: str, asked: str | None) -> None:
    assert check("CMD-SHELL", command).asks == asked


def test_secrets_in_the_command_and_in_its_output_are_masked() -> None:
    found = check(
        "CMD-SHELL",
        "mysqladmin ping --password=c4n4ry",
        ExitCode=1,
        Output="password=c4n4ry refused " + "x" * 900,
    )
    assert "c4n4ry" not in repr(found)
    assert len(found.output) == 200


def test_an_unknown_word_for_health_is_unreadable() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    engine.inspect("limited")["State"]["Health"]["Status"] = "fine"
    assert isinstance(ContainerHealth(container="limited").observe(engine), Unobservable)


def test_an_unknown_container_is_absent() -> None:
    assert isinstance(ContainerHealth(container="nobody").observe(EngineWithKeptContainers("28.5.2")), Absent)
