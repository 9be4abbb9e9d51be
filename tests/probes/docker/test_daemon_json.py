"""A `daemon.json` as dockerd reads it. The words are those of dockerd 20.10.24, run on these very files."""

import json
from pathlib import Path

import pytest

from dckgrade.probes.docker.daemon_json.log_options import (
    find_refused_value,
    find_start_error,
    find_unknown_option,
)
from dckgrade.probes.docker.daemon_json.rotation import LogConfig
from dckgrade.probes.docker.daemon_json.settings import DaemonJsonProblem, parse_daemon_json
from dckgrade.probes.docker.daemon_json.sizes import parse_size_bytes
from tests.support.refused_daemon_json import REFUSED


@pytest.mark.parametrize(("text", "problem", "error", "place"), REFUSED)
def test_what_dockerd_refuses_is_refused_in_its_own_words_and_at_its_place(
    text: str, problem: DaemonJsonProblem, error: str, place: tuple[int, int]
) -> None:
    reading = parse_daemon_json(text.encode())
    assert (reading.problem, reading.error, reading.position) == (problem, error, place)
    assert reading.log is None


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "null",
        '{"log-driver":null,"log-opts":null}',
        '{"log-opts": {"max-size": null}}',
        '{"log-driver":"JSON-FILE"}',
        '{"log-driver":"jsonfile"}',
        '{"log-driver":"loki","log-opts":{"loki-url":"x"}}',
        # Before 29 `local` had no such options.
        '{"log-driver":"local","log-opts":{"labels":"a"}}',
        '{"log-driver":"none","log-opts":{"max-size":"10m"}}',
        '{"log-driver":"splunk","log-opts":{"splunk-url":"x"}}',
        '{"log-opt":["max-size=10m"],"insecure-registry":["x:5000"],"registry-mirror":["http://x"]}',
        '{"live-restore":true,"max-retries":3,"min-api-version":"1.24","a-key-of-tomorrow":1}',
        '{"log-driver":"grafana/loki:latest","log-opts":{"anything":"x"}}',
        '{"log-driver":"json-file","log-opts":{"tag":"x","mode":"non-blocking","max-buffer-size":"4m"}}',
        '{"dns-opts":["x"],"storage-opts":["y"],"log-level":"debug","labels":["a=b"],"debug":true}',
        '{"proxies":{"http-proxy":"http://x"},"runtimes":{"logs":{"path":"x"}}}',
    ],
)
def test_what_dockerd_starts_with_is_not_refused(text: str) -> None:
    assert parse_daemon_json(text.encode()).problem is None


@pytest.mark.parametrize(
    ("version", "problem"), [(None, None), (20, "unknown-key"), (29, "unknown-key"), (30, None)]
)
def test_a_key_that_no_known_version_has_stops_those(version: int | None, problem: str | None) -> None:
    reading = parse_daemon_json(b'{"debug": true,\n"rotate": true}', version=version)
    assert (reading.problem, reading.position) == (problem, (2, 1) if problem else None)


@pytest.mark.parametrize(("version", "problem"), [(None, None), (20, None), (26, "unknown-key")])
def test_a_key_of_old_versions_stops_later_ones(version: int | None, problem: str | None) -> None:
    assert parse_daemon_json(b'{"graph": "/srv/docker"}', version=version).problem == problem


DOCKER_S_ANSWERS: list[tuple[str, dict[str, str], str]] = json.loads(
    (Path(__file__).parents[2] / "answers" / "log-options-20.10.24.json").read_bytes()
)
"""Log options that dockerd was given with a container, and its words; none where that started."""
NEEDS_GO = ("tag", "env-regex", "labels-regex")
"""Their values are read by parsers of Go's own."""


@pytest.mark.parametrize(("driver", "options", "message"), DOCKER_S_ANSWERS)
def test_log_options_are_refused_as_docker_refuses_them(
    driver: str, options: dict[str, str], message: str
) -> None:
    refusal = find_refused_value(driver, options) or find_unknown_option(driver, options)
    starting = find_start_error(driver, options)
    if not message:
        assert (refusal, starting) == (None, None)
    elif "unknown log opt" in message and driver in {"json-file", "journald", "syslog", "fluentd"}:
        assert refusal is None or refusal[1] == message
    elif (
        driver in {"json-file", "local"} and "logging driver" in message and not {*NEEDS_GO} & options.keys()
    ):
        assert starting
        words = message.removeprefix("failed to initialize logging driver: ")
        assert words[:12] == starting[:12] or "ParseFloat" in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tag": "{{.Name"}, "unclosed action"),
        ({"tag": "{{.Nome}}"}, "can't evaluate field Nome"),
        ({"env-regex": "("}, "missing closing )"),
        ({"labels-regex": "["}, "missing closing ]"),
        ({"env-regex": "*"}, "missing argument to repetition operator"),
    ],
)
@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_patterns_and_templates_that_are_surely_broken_are_told(
    driver: str, options: dict[str, str], words: str
) -> None:
    assert words in str(find_start_error(driver, options))
    assert not LogConfig(driver, {"max-size": "10m", "max-file": "3", **options}).rotates


MARKS = [
    ("utf-8-sig", "ï"),
    ("utf-16", "ÿ"),
]


@pytest.mark.parametrize(("encoding", "character"), MARKS)
def test_a_byte_order_mark_is_told_with_its_place_unless_docker_reads_it(
    encoding: str, character: str
) -> None:
    content = '{"log-driver": "json-file", "log-opts": {"max-size": "10m"}}'.encode(encoding)
    words = f"invalid character '{character}' looking for beginning of value"
    for reading in (parse_daemon_json(content, version=20), parse_daemon_json(content, words)):
        assert (reading.problem, reading.error, reading.position) == ("not-json", words, (1, 1))
    assert parse_daemon_json(content, version=28).log == LogConfig("json-file", {"max-size": "10m"})
    last_words = "failed to set log opts: unknown log opt 'x' for json-file log driver"
    assert parse_daemon_json(content, last_words, version=20).problem == "unknown-option"


WHOLE = b"""{
  "log-driver": "fluentd",
  "log-opts": {"tag": "x", "fluentd-address": "x:y"},
  "storage-driver": "zfsx",
  "bip": "300.0.0.1/24",
  "pidfile": "/run/docker.pid",
  "registry-mirrors": ["mirror.gcr.io"],
  "hosts": ["tcp://0.0.0.0:2375"],
  "default-address-pools": [{"base": "10.0.0.0/8"}]
}"""


@pytest.mark.parametrize(
    ("last_words", "problem", "line"),
    [
        ("failed to set log opts: unknown log opt 'tag' for fluentd log driver", "unknown-option", 3),
        (
            'failed to set log opts: invalid fluentd-address x:y: strconv.Atoi: parsing "y": invalid syntax',
            *("refused-value", 3),
        ),
        ("failed to set log opts: something of tomorrow", "refused-value", 1),
        (
            "the following directives are specified both as a flag and in the configuration file: hosts",
            *("given-twice", 8),
        ),
        ("failed to start daemon: error initializing graphdriver: driver not supported", "refused", 4),
        (
            "failed to start daemon: Error initializing network controller: bad address: 300.0.0.1/24",
            *("refused", 5),
        ),
        ('failed to start daemon: invalid mirror: unsupported scheme "" in "mirror.gcr.io"', "refused", 7),
        (
            "failed to start daemon: Error initializing network controller: invalid pools size: 0",
            *("refused", 9),
        ),
    ],
)
def test_what_docker_says_has_its_place(last_words: str, problem: str, line: int) -> None:
    reading = parse_daemon_json(WHOLE, last_words)
    assert (reading.problem, reading.error) == (problem, last_words)
    assert reading.position
    assert reading.position[0] == line


@pytest.mark.parametrize(
    "last_words",
    [
        "failed to start daemon: pid file found, ensure docker is not running or delete /run/docker.pid",
        "failed to start daemon: error initializing graphdriver: no space left on device",
        "failed to load listeners: can't create unix socket /run/docker.sock: device or resource busy",
    ],
)
def test_what_docker_says_of_something_else_is_no_fault_of_the_file(last_words: str) -> None:
    assert parse_daemon_json(WHOLE, last_words).problem is None


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_fine_since_23(content: bytes) -> None:
    assert parse_daemon_json(content, version=28).problem is None
    assert parse_daemon_json(content, version=20).problem == "not-json"


@pytest.mark.parametrize(
    ("text", "last_words", "problem"),
    [
        (
            '{"log-opts":{"max-size":"10m",\n"max-file":3}}',
            "json: cannot unmarshal number into Go struct field Config.log-opts.max-file of type string",
            "not-text",
        ),
        (
            '{\n"dns":"8.8.8.8"}',
            *("json: cannot unmarshal string into Go struct field Config.dns of type []net.IP", "wrong-type"),
        ),
        ('{"debug": true\n}}', "invalid character '}' after top-level value", "not-json"),
        (
            '{"debug":\n}',
            "invalid character '}' looking for beginning of value",
            "not-json",
        ),
    ],
)
def test_the_words_of_docker_28_mean_the_same(text: str, last_words: str, problem: str) -> None:
    reading = parse_daemon_json(text.encode(), f"invalid JSON: {last_words}", version=28)
    assert (reading.problem, reading.error) == (problem, f"invalid JSON: {last_words}")
    assert reading.position
    assert reading.position[0] == 2


@pytest.mark.parametrize(
    "field", ["Config.log-opts", "Config.CommonConfig.LogConfig.log-opts", "Config.log-opts.max-file"]
)
def test_a_log_option_that_is_a_number_is_told_whichever_way_go_writes_its_field(field: str) -> None:
    """Go 1.24 writes out what a field is embedded in (26.1 of Debian 13)."""
    last_words = f"json: cannot unmarshal number into Go struct field {field} of type string"
    reading = parse_daemon_json(b'{"log-opts": {"max-size": "10m",\n"max-file": 3}}', last_words, version=26)
    assert (reading.problem, reading.position) == ("not-text", (2, 1))


def test_of_several_options_the_one_that_docker_names_is_the_place() -> None:
    content = b'{"log-driver": "journald", "log-opts": {"max-size": "10m",\n"max-file": "3"}}'
    last_words = "failed to set log opts: unknown log opt 'max-file' for journald log driver"
    assert parse_daemon_json(content, last_words).position == (2, 1)


@pytest.mark.parametrize("flags", [["host"], ["H", "containerd"], ["hosts"]])
def test_a_key_that_the_command_line_has_too_is_given_twice(flags: list[str]) -> None:
    reading = parse_daemon_json(b'{"debug": true,\n"hosts": ["tcp://0.0.0.0:2375"]}', flags=flags)
    assert (reading.problem, reading.position) == ("given-twice", (2, 1))
    assert parse_daemon_json(b'{"debug": true}', flags=flags).problem is None


def test_log_options_given_twice_add_up_as_in_go() -> None:
    reading = parse_daemon_json(b'{"log-opts": {"max-size": "10m"}, "log-opts": {"max-file": "3"}}')
    assert reading.log == LogConfig("json-file", {"max-size": "10m", "max-file": "3"})


@pytest.mark.parametrize(
    ("rest", "place"), [('\n{"log-opts": {}}', (2, 1)), ("\n}", (2, 1)), (" xx", (1, 29))]
)
def test_what_follows_the_first_object_was_never_read_before_23(rest: str, place: tuple[int, int]) -> None:
    content = b'{"log-driver": "json-file"}' + rest.encode()
    reading = parse_daemon_json(content, version=20)
    assert (reading.problem, reading.trailing_position) == (None, place)
    assert reading.log == LogConfig("json-file", {})
    later = parse_daemon_json(content, version=28)
    assert (later.problem, later.position) == ("not-json", place)
    assert later.error.endswith("after top-level value")


@pytest.mark.parametrize(
    "text",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"a":NaN}', b"\xff\xfe{\0}\0", b'{"a":' + b"9" * 5000 + b"}"],
)
def test_a_hostile_file_is_refused_or_read_and_never_a_crash(text: bytes) -> None:
    assert parse_daemon_json(text).problem in {"not-json", None}


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        *[("10m", 10_000_000), ("10MB", 10_000_000), ("10MiB", 10_000_000), ("10 m", 10_000_000)],
        *[("1g", 10**9), ("1.5k", 1500), ("500", 500), ("0", 0)],
        *[("10 mega", None), ("m", None), ("-1", None), ("", None), ("1.2.3", None), ("9" * 400, None)],
    ],
)
def test_a_size_is_read_as_the_engine_reads_it(text: str, bytes_: int | None) -> None:
    assert parse_size_bytes(text) == bytes_


@pytest.mark.parametrize(
    ("log", "rotates"),
    [
        (LogConfig(), False),
        (LogConfig("json-file", {"max-size": "10m"}), True),
        (LogConfig("json-file", {"max-size": "10m", "max-file": "3"}), True),
        (LogConfig("json-file", {"max-file": "3"}), False),
        (LogConfig("json-file", {"max-size": "0"}), False),
        (LogConfig("json-file", {"max-size": "10 mega"}), False),
        (LogConfig("json-file", {"max-size": "10m", "max-file": "0"}), False),
        (LogConfig("json-file", {"max-size": "10m", "max-file": "x"}), False),
        (LogConfig("json-file", {"max-size": "10m", "compress": "true"}), False),
        (LogConfig("json-file", {"max-size": "10m", "max-file": "2", "compress": "true"}), True),
        (LogConfig("local", {"max-size": "10m", "max-file": "1"}), False),
        (LogConfig("local", {"max-size": "10m", "max-file": "1", "compress": "false"}), True),
        (LogConfig("local"), True),
        (LogConfig("local", {"max-size": "x"}), False),
        (LogConfig("journald", {"max-size": "10m"}), False),
        (LogConfig("jsonfile", {"max-size": "10m"}), False),
    ],
)
def test_rotation_wants_a_driver_that_rotates_a_size_and_a_file(log: LogConfig, rotates: bool) -> None:  # noqa: FBT001
    assert log.rotates is rotates
