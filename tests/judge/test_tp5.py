"""Which mistake TP5 names: what engines and the official images say in states that no case has."""

from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.grading import judging
from dckgrade.report import codec
from dckgrade.report.observation import Absent, Observation, Seen
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab

LAB = load_built_in_lab("tp5")
SOLUTION = FIXTURES / "tp5" / "solution" / "recording.json"
WEB, DB = "container name=webservers image=nginx", "container name=dbserver image=postgres"
EXITED = {"status": "exited", "exit_code": 1, "own_command": True, "log_tail": ""}
CREATED = {"status": "created", "own_command": True, "log_tail": ""}
NGINX_LOG, DAEMON = "2026/11/28 10:00:00 [emerg] 1#1: ", "driver failed programming external connectivity: "

WEB_CASES = [
    # The entrypoints of the official images: Debian's dash, Alpine's ash, bash.
    ({**EXITED, "exit_code": 127, "log_tail": "/docker-entrypoint.sh: 47: exec: -p: not found"}, "ST-02"),
    ({**EXITED, "exit_code": 127, "log_tail": "exec: line 47: --restart: not found"}, "ST-02"),
    ({**EXITED, "exit_code": 127, "log_tail": "/docker-entrypoint.sh: 47: exec: ngnix: not found"}, "ST-24"),
    ({**CREATED, "error": 'exec: "-d": executable file not found in $PATH: unknown'}, "ST-02"),
    ({**CREATED, "error": 'exec: "bash": executable file not found in $PATH: unknown'}, "ST-24"),
    ({**CREATED, "error": 'exec: "/app.sh": permission denied: unknown'}, "ST-24"),
    ({**CREATED, "error": ""}, "ST-17"),
    # Engines up to 27, from 28, Docker Desktop on macOS and on Windows.
    ({**CREATED, "error": f"{DAEMON}Bind for 0.0.0.0:80 failed: port is already allocated"}, "ST-13"),
    ({**CREATED, "error": "failed to bind host port for 0.0.0.0:80: address already in use"}, "ST-13"),
    ({**CREATED, "error": "Ports are not available: exposing port TCP 0.0.0.0:80: listen tcp"}, "ST-13"),
    (
        {
            **CREATED,
            "error": "access a socket in a way forbidden by its access permissions.",
        },
        "ST-13",
    ),
    ({**CREATED, "error": "error mounting /x to rootfs: not a directory: unknown"}, "ST-22"),
    (
        {
            **EXITED,
            "log_tail": 'nginx: [emerg] mkdir() "/var/cache/nginx/tmp" failed (13: Permission denied)',
        },
        "ST-21",
    ),
    (
        {**EXITED, "log_tail": f'{NGINX_LOG}open() "/run/nginx.pid" failed (30: Read-only file system)'},
        "ST-21",
    ),
    ({**EXITED, "log_tail": f"{NGINX_LOG}bind() to 0.0.0.0:80 failed (98: Address already in use)"}, "ST-25"),
    # A page that could not be read is no reason for a stop.
    (
        {**EXITED, "exit_code": 0, "log_tail": f'{NGINX_LOG}open() "/x" failed (13: Permission denied)'},
        "ST-04",
    ),
    ({**EXITED, "exit_code": 0, "own_command": False}, "ST-23"),
    ({**EXITED, "exit_code": 0, "own_command": None}, "ST-04"),
    ({**EXITED, "exit_code": 137, "own_command": False, "oom_killed": True}, "ST-18"),
    ({**EXITED, "exit_code": 143, "own_command": False}, "ST-04"),
    ({**EXITED, "status": "restarting", "exit_code": 0, "own_command": False}, "ST-23"),
    ({**EXITED, "status": "restarting", "exit_code": 137, "oom_killed": True}, "ST-18"),
    ({**EXITED, "status": "restarting"}, "ST-06"),
    ({**EXITED, "exit_code": 3}, "ST-92"),
    ({**CREATED, "error": "network nope not found"}, "ST-92"),  # container-error is not in the recording
]
DB_CASES = [
    ({**EXITED, "command": ["-e", "POSTGRES_PASSWORD=***"]}, "ST-02"),
    ({**EXITED, "command": ["--name", "dbserver"], "log_tail": "FATAL:  --name requires a value"}, "ST-02"),
    ({**EXITED, "command": ["-p", "5432:5432"]}, "ST-02"),
    ({**EXITED, "command": ["-v", "donnees:/var/lib/postgresql/data"]}, "ST-02"),
    ({**EXITED, "command": ["-d"], "log_tail": "postgres: option requires an argument -- 'd'"}, "ST-02"),
    ({**EXITED, "command": ["-c", "max_connections=x"]}, "ST-92"),
    ({**EXITED, "exit_code": 0, "command": ["postgres", "-p", "5433"]}, "ST-04"),
    (
        {
            **EXITED,
            "env_names": ["POSTGRES_PASSWORD_FILE"],
            "log_tail": "/bin/docker-entrypoint.sh: line 25: /run/secrets/pw: No such file or directory",
        },
        "ST-20",
    ),
    ({**EXITED, "log_tail": "FATAL:  database files are incompatible with server"}, "ST-19"),
    (
        {
            **EXITED,
            "log_tail": "chown: changing ownership of '/var/lib/postgresql/data': Operation not permitted",
        },
        "ST-21",
    ),
    ({**EXITED, "log_tail": 'initdb: error: could not access directory "/d": Permission denied'}, "ST-21"),
    (
        {**EXITED, "log_tail": 'FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership'},
        "ST-21",
    ),
    ({**EXITED, "log_tail": 'LOG:  could not bind IPv4 address "0.0.0.0": Address already in use'}, "ST-25"),
    (
        {
            **EXITED,
            "log_tail": "psql:/d/a.sql: could not read from input file: Is a directory",
        },
        "ST-22",
    ),
]


def name_mistake(check: str, key: str, observation: Observation) -> str | None:
    """Judge the solution's recording with another observation; return the code of the check's mistake."""
    report = codec.from_json(SOLUTION.read_bytes(), str(SOLUTION))
    changed = replace(report, observations={**report.observations, key: observation})
    lines = {line.id: line for line in judging.judge_report_again(LAB, changed, "en").checks}
    return lines[check].diagnosis.code if lines[check].diagnosis else None  # type: ignore[union-attr]


def change_facts(key: str, facts: dict[str, Any]) -> Observation:
    """Return the solution's observation with other facts."""
    seen = codec.from_json(SOLUTION.read_bytes(), str(SOLUTION)).observations[key]
    assert isinstance(seen, Seen)
    return replace(seen, facts={**seen.facts, **facts})


@pytest.mark.parametrize(("facts", "code"), WEB_CASES)
def test_the_mistake_of_webservers_is_named(facts: dict[str, Any], code: str) -> None:
    assert name_mistake("webservers-running", WEB, change_facts(WEB, facts)) == code


@pytest.mark.parametrize(("facts", "code"), DB_CASES)
def test_the_mistake_of_dbserver_is_named(facts: dict[str, Any], code: str) -> None:
    assert name_mistake("dbserver-running", DB, change_facts(DB, facts)) == code


def test_one_that_is_missing_is_not_a_lab_that_is_not_begun() -> None:
    assert name_mistake("dbserver-running", DB, Absent(kind="container")) == "ST-07"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"live": False, "status": "created"}, "ST-30"),
        ({"live": False, "status": "exited"}, "ST-08"),
        ({"live": False, "status": "running"}, "ST-08"),
        ({"image_fits": False}, "ST-15"),
        ({"memory_bytes": None}, "ST-09"),
        ({"memory_bytes": 0}, "ST-09"),
        ({"cpu_ns": None}, "ST-09"),
    ],
)
def test_what_is_no_measure_is_named(facts: dict[str, Any], code: str) -> None:
    key = "container-stats container=dbserver"
    assert name_mistake("dbserver-stats", key, change_facts(key, facts)) == code
