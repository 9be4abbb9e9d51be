"""A `daemon.json` as dockerd reads it. The words are those of dockerd 20.10.24, run on these very files."""

import pytest

from dckgrade.probes.docker.daemon_json.rotation import LogConfig, parse_size_bytes
from dckgrade.probes.docker.daemon_json.settings import DaemonJsonProblem, parse_daemon_json
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
