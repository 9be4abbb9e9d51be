"""A `daemon.json` as dockerd reads it. The words are those of dockerd 20.10.24, run on these very files."""

import pytest

from dckgrade.probes.docker.daemon_json.rotation import LogConfig, parse_size_bytes
from dckgrade.probes.docker.daemon_json.settings import DaemonJsonProblem, parse_daemon_json

REFUSED: list[tuple[str, DaemonJsonProblem, str, tuple[int, int]]] = [
    (
        '{\n  "log-driver": "json-file",\n  "log-opts": {"max-size": "10m", "max-file": "3",}\n}\n',
        *("not-json", "invalid character '}' looking for beginning of object key string", (3, 50)),
    ),
    (
        '{"log-driver": "json-file",\n "log-opts": {"max-size": "10m",\n "max-file": 3}}',
        *(
            "not-text",
            "json: cannot unmarshal number into Go struct field Config.log-opts of type string",
            (3, 2),
        ),
    ),
    ('{"log-driver": "json-file",\n "log-opts": {"max-size": "10m"}', "not-json", "unexpected EOF", (2, 33)),
    ('{"log-driver": "json-file\n', "not-json", r"invalid character '\n' in string literal", (1, 26)),
    ('{\n "log-driver": "json-file"\n\n', "not-json", "unexpected EOF", (2, 27)),
    ("", "not-json", "EOF", (1, 1)),
    (" \n", "not-json", "EOF", (2, 1)),
    (
        '{"log-driver": "json-file", // here\n "log-opts": {"max-size": "10m"}}',
        *("not-json", "invalid character '/' looking for beginning of object key string", (1, 29)),
    ),
    (
        '{\n# here\n"log-driver": "json-file"}',
        *("not-json", "invalid character '#' looking for beginning of object key string", (2, 1)),
    ),
    (
        '{“log-driver”: "json-file"}',
        *("not-json", "invalid character 'â' looking for beginning of object key string", (1, 2)),
    ),
    (
        "{'log-driver': 'json-file'}",
        *("not-json", r"invalid character '\'' looking for beginning of object key string", (1, 2)),
    ),
    (
        '{"log-driver": "json-file"\n "log-opts": {"max-size": "10m"}}',
        *("not-json", "invalid character '\"' after object key:value pair", (2, 2)),
    ),
    ('{"log-driver": "json\tfile"}', "not-json", r"invalid character '\t' in string literal", (1, 21)),
    (
        '{\u00a0"log-driver": "json-file"}',
        *("not-json", "invalid character 'Â' looking for beginning of object key string", (1, 2)),
    ),
    (
        '{"logDriver": "json-file"}',
        *("unknown-key", "the following directives don't match any configuration option: logDriver", (1, 2)),
    ),
    (
        '{"Log-Driver": "json-file"}',
        *("unknown-key", "the following directives don't match any configuration option: Log-Driver", (1, 2)),
    ),
    (
        '{"log-driver":"json-file","log-opt": {"max-size": "10m"}}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 39)),
    ),
    (
        '{"log-driver":"json-file","max-size": "10m"}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 27)),
    ),
    (
        '{"log-opts": {"max-size": "10m"}, "Log-opts": {"max-size":"3"}}',
        *("unknown-key", "the following directives don't match any configuration option: max-size", (1, 48)),
    ),
    (
        '{"log-driver":"json-file","log-opts": {"maxsize": "10m"}}',
        *(
            "unknown-option",
            "failed to set log opts: unknown log opt 'maxsize' for json-file log driver",
            (1, 40),
        ),
    ),
    (
        '{"log-opts": {"MAX-SIZE": "10m"}}',
        *(
            "unknown-option",
            "failed to set log opts: unknown log opt 'MAX-SIZE' for json-file log driver",
            (1, 15),
        ),
    ),
    (
        '{"log-driver":"local","log-opts": {"labels": "a"}}',
        *("unknown-option", "failed to set log opts: unknown log opt 'labels' for log driver local", (1, 36)),
    ),
    (
        '{"log-driver":"json-file","log-opts": ["max-size=10m"]}',
        "wrong-type",
        "json: cannot unmarshal array into Go struct field Config.log-opts of type map[string]string",
        (1, 27),
    ),
    (
        '{"log-driver":"json-file","log-opts": "max-size=10m"}',
        "wrong-type",
        "json: cannot unmarshal string into Go struct field Config.log-opts of type map[string]string",
        (1, 27),
    ),
    (
        '{"log-driver":"json-file","log-opts": {"compress": true}}',
        *(
            "not-text",
            "json: cannot unmarshal bool into Go struct field Config.log-opts of type string",
            (1, 40),
        ),
    ),
    (
        '{"log-driver":3}',
        "wrong-type",
        "json: cannot unmarshal number into Go struct field Config.log-driver of type string",
        (1, 2),
    ),
    (
        '{"log-driver":["json-file"]}',
        "wrong-type",
        "json: cannot unmarshal array into Go struct field Config.log-driver of type string",
        (1, 2),
    ),
    (
        '{"log-driver":"jsonfile","log-opts": {"max-size": "10m"}}',
        "unknown-driver",
        'failed to set log opts: error looking up logging plugin jsonfile: plugin "jsonfile" not found',
        (1, 2),
    ),
    (
        '[{"log-driver":"json-file"}]',
        "wrong-type",
        "json: cannot unmarshal array into Go value of type map[string]interface {}",
        (1, 1),
    ),
    (
        '"x"',
        "wrong-type",
        "json: cannot unmarshal string into Go value of type map[string]interface {}",
        (1, 1),
    ),
    (
        '{"log-opts": {"max-size": "10m"},\n"log-opts": {"max-file": 3}}',
        *(
            "not-text",
            "json: cannot unmarshal number into Go struct field Config.log-opts of type string",
            (2, 14),
        ),
    ),
]


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
        '{"log-driver":"grafana/loki:latest","log-opts":{"anything":"x"}}',
        '{"log-driver":"json-file","log-opts":{"tag":"x","mode":"non-blocking","max-buffer-size":"4m"}}',
        '{"dns-opts":["x"],"storage-opts":["y"],"log-level":"debug","labels":["a=b"],"debug":true}',
        '{"proxies":{"http-proxy":"http://x"},"runtimes":{"logs":{"path":"x"}}}',
    ],
)
def test_what_dockerd_starts_with_is_not_refused(text: str) -> None:
    assert parse_daemon_json(text.encode()).problem is None


@pytest.mark.parametrize(
    ("rest", "place"), [('\n{"log-opts": {}}', (2, 1)), ("\n}", (2, 1)), (" xx", (1, 29))]
)
def test_what_follows_the_first_object_is_never_read(rest: str, place: tuple[int, int]) -> None:
    reading = parse_daemon_json(b'{"log-driver": "json-file"}' + rest.encode())
    assert (reading.problem, reading.trailing_position) == (None, place)
    assert reading.log == LogConfig("json-file", {})


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
        (LogConfig("local"), True),
        (LogConfig("local", {"max-size": "x"}), False),
        (LogConfig("journald", {"max-size": "10m"}), False),
        (LogConfig("jsonfile", {"max-size": "10m"}), False),
    ],
)
def test_rotation_wants_a_driver_that_rotates_a_size_and_a_file(log: LogConfig, rotates: bool) -> None:  # noqa: FBT001
    assert log.rotates is rotates
