"""Kind `container-error`: the program's own words, from lines that real programs have written."""

import pytest

from dckgrade.probes.docker.container_error import ContainerError
from dckgrade.probes.docker.error_lines import MAX_ERROR_CHARS, PROGRAMS, find_error_line, find_program
from dckgrade.report.observation import Absent, Seen
from tests.support.cpu_time import measure_units
from tests.support.fake_engine import ENGINES, FakeEngine, facts
from tests.support.handmade_engine import OWN_APPARMOR, LabelledEngine

SAYS = {
    "nginx": (
        (
            '2026/11/28 10:00:00 [emerg] 1#1: unknown directive "listne" in /etc/nginx/nginx.conf:2\n'
            'nginx: [emerg] unknown directive "listne" in /etc/nginx/nginx.conf:2'
        ),
        'unknown directive "listne" in /etc/nginx/nginx.conf:2',
    ),
    "postgres": (
        (
            "LOG:  starting PostgreSQL 18\nFATAL:  database files are incompatible with server\n"
            "DETAIL:  The data directory was initialized by PostgreSQL version 13."
        ),
        "database files are incompatible with server",
    ),
    "mariadb": (
        (
            "2026-11-29 12:00:00 0 [ERROR] mysqld: unknown variable 'nope=1'\n"
            "2026-11-29 12:00:00 0 [ERROR] Aborting"
        ),
        "mysqld: unknown variable 'nope=1'",
    ),
    "mysql": (
        (
            "2026-11-29T12:00:00.1Z 0 [ERROR] [MY-000067] [Server] unknown variable 'nope=1'.\n"
            "2026-11-29T12:00:00.2Z 0 [ERROR] [MY-010119] [Server] Aborting"
        ),
        "unknown variable 'nope=1'.",
    ),
    "prometheus": (
        (
            'ts=2026-11-28T10:00:00Z caller=main.go:521 level=error msg="Error loading config" '
            'file=/p.yml err="parsing YAML file /p.yml: yaml: line 4: mapping values are not allowed"'
        ),
        "parsing YAML file /p.yml: yaml: line 4: mapping values are not allowed",
    ),
    "cadvisor": (
        (
            "I1128 10:00:00.000000       1 cadvisor.go:132] Starting\n"
            "F1128 10:00:00.000000       1 cadvisor.go:135] Failed to create a manager: no such file"
        ),
        "Failed to create a manager: no such file",
    ),
    "grafana": (
        "GF_PATHS_DATA='/var/lib/grafana' is not writable.\nYou may have issues with file permissions",
        "GF_PATHS_DATA='/var/lib/grafana' is not writable.",
    ),
    "elasticsearch": (
        (
            "Error: A fatal exception has occurred. Program will exit.\nInvalid initial heap size: -Xms512\n"
            "Error: Could not create the Java Virtual Machine."
        ),
        "Invalid initial heap size: -Xms512",
    ),
    "logstash": (
        (
            "[2026-11-28T10:00:00,000][INFO ][logstash.runner] Starting\n"
            "[2026-11-28T10:00:00,000][ERROR][logstash.agent] Failed to execute action {:id=>:main}\n"
            "[2026-11-28T10:00:00,000][ERROR][org.logstash.Logstash    ] java.lang.IllegalStateException: "
            "Logstash stopped processing because of an error: (SystemExit) exit"
        ),
        "Failed to execute action {:id=>:main}",
    ),
    "kibana": (
        (
            '{"type":"log","tags":["fatal","root"],"message":"Error: [elasticsearch.hosts]: expected URI '
            'with scheme [http|https]."}'
        ),
        "Error: [elasticsearch.hosts]: expected URI with scheme [http|https].",
    ),
}


@pytest.mark.parametrize("image", SAYS)
def test_each_program_of_the_labs_is_quoted(image: str) -> None:
    log, text = SAYS[image]
    assert find_error_line(find_program(image), log, ended=True) == text


def test_every_program_of_the_table_has_such_a_line() -> None:
    assert {program.image_word for program in PROGRAMS} == SAYS.keys()


def test_an_unknown_program_is_quoted_by_its_last_line_that_looks_like_an_error_once_it_has_ended() -> None:
    program = find_program("my-app")
    log = "listening\nsh: 1: nodemon: not found\nbye"
    assert program.name == "my-app"
    assert find_error_line(program, log, ended=True) == "sh: 1: nodemon: not found"
    assert find_error_line(program, "hello\n\n", ended=True) == "hello"
    assert find_error_line(program, "", ended=True) is None
    assert find_error_line(program, log, ended=False) is None


def test_what_is_quoted_is_masked_bounded_and_on_one_line() -> None:
    program = find_program("postgres")
    quoted = find_error_line(program, f"FATAL:  password=hunter2 {'x' * 900}", ended=True)
    assert quoted is not None
    assert "hunter2" not in quoted
    assert len(quoted) == MAX_ERROR_CHARS
    assert find_error_line(find_program("nginx"), "\x1b[31m[emerg] a\\n\\tb\x1b[0m", ended=True) == "a b"


def test_a_hostile_log_takes_no_time() -> None:
    def read() -> None:
        for line in ("level=error " * 5000, "[ERROR][" * 8000, 'a."message":"\\' * 5000, "GF_='" * 12000):
            for program in PROGRAMS:
                find_error_line(program, f"{line}\n" * 2, ended=True)

    assert measure_units(read, 40) < 40


@pytest.mark.parametrize("version", ENGINES)
def test_what_the_engine_refused_comes_before_the_log(version: str) -> None:
    engine = FakeEngine(version)
    observed = facts(ContainerError(name="port-taken").observe(engine))
    assert observed["program"] == "Docker"
    assert "already" in observed["text"]
    assert observed["place"] == "docker inspect port-taken: State.Error"


def test_a_container_that_is_not_there_is_absent() -> None:
    engine = FakeEngine(ENGINES[0])
    assert isinstance(ContainerError(name="nothing-like-it").observe(engine), Absent)


def test_the_container_that_a_topic_chooses_is_quoted_too() -> None:
    engine = LabelledEngine().add("mine", OWN_APPARMOR, state="created")
    found = engine.inspected["mine"]
    assert isinstance(found, dict)
    found["State"]["Error"] = "driver failed: Bind for 0.0.0.0:8080 failed: port is already allocated"
    observed = ContainerError(name="@apparmor", image="nginx").observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["program"], observed.facts["place"]) == (
        "Docker",
        "docker inspect mine: State.Error",
    )


def test_what_a_program_of_postgresql_says_is_quoted_and_not_its_hint() -> None:
    log = "initdb: unrecognized option '--nope'\ninitdb: hint: Try \"initdb --help\" for more information."
    assert (
        find_error_line(find_program("postgres"), log, ended=True) == "initdb: unrecognized option '--nope'"
    )


AT = "2026-11-29 12:00:00"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            [
                f"{AT} 0 [ERROR] mysqld: Can't write to file './x' (Errcode: 13 \"Permission denied\")",
                f"{AT} 0 [ERROR] DDL_LOG: Failed to create ddl log file: ./x",
                f"{AT} 0 [ERROR] Aborting",
            ],
            "mysqld: Can't write to file './x' (Errcode: 13 \"Permission denied\")",
        ),
        (
            [f"{AT}+00:00 [ERROR] [Entrypoint]: Database is uninitialized", "\tYou need to specify one of X"],
            "Database is uninitialized",
        ),
        ([f"{AT} 0 [Note] mysqld: ready for connections."], None),
    ],
)
def test_what_mariadb_says_is_the_cause_and_not_that_it_ends(lines: list[str], wanted: str | None) -> None:
    assert find_error_line(find_program("mariadb"), "\n".join(lines), ended=False) == wanted
