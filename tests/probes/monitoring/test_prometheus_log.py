"""Kind `prometheus-log`: what Prometheus refuses, in its own words, and where the mistake lies."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dckgrade.probes.base import observation_key
from dckgrade.probes.docker.container import Container
from dckgrade.probes.monitoring.prometheus_log import MAX_FILE_BYTES, MAX_TEXT_CHARS, PrometheusLog
from dckgrade.report.observation import Seen
from tests.support.built_in_labs import load_built_in_lab
from tests.support.fake_engine import facts
from tests.support.monitoring import ANSWERS, VERSIONS, Monitored
from tests.support.recorded_facts import line, recording

REFUSALS: dict[str, Any] = json.loads((ANSWERS / "refusals.json").read_text(encoding="utf-8"))
STARTS: dict[str, Any] = json.loads((ANSWERS / "starts.json").read_text(encoding="utf-8"))
PATH = "/etc/prometheus/prometheus.yml"
CONTAINER = Container(name="prometheus", image="prometheus")
REFUSED_AT = datetime(2026, 11, 24, 4, 41, 4, tzinfo=UTC)
OLD = "ts=2026-11-24T04:41:04Z caller=main.go:469 level=error"
NEW = "time=2026-11-24T04:41:04Z level=ERROR source=main.go:580"
LOADED = (
    'ts=2026-11-24T04:41:05Z caller=main.go:1229 level=info msg="Completed loading of configuration file"'
)
SHIFTED = b"scrape_configs:\n  - job_name:cadvisor\n    static_configs:\n"
ERROR = f"parsing YAML file {PATH}: yaml: line 3: mapping values are not allowed in this context"


def refuse(error: str, before: str = OLD) -> str:
    return f'{before} msg="Error loading config (--config.file={PATH})" file={PATH} err="{error}"'


def stage(log: str, content: bytes | None = None, changed_s: float = -60) -> Monitored:
    """Make a Prometheus with that log, and that file as it was some seconds after the refusal."""
    fake_engine = Monitored()
    ref = fake_engine.id_of("prometheus")
    fake_engine.logs[ref] = log
    if content is not None:
        changed_at = REFUSED_AT + timedelta(seconds=changed_s)
        fake_engine.changes[f"{ref}:{PATH}"] = changed_at
        fake_engine.answers["archive"] = {ref: (content, changed_at)}
    return fake_engine


def look(log: str, content: bytes | None = None, changed_s: float = -60) -> dict[str, Any]:
    return facts(PrometheusLog().observe(stage(log, content, changed_s)))


@pytest.mark.parametrize("before", [OLD, NEW], ids=VERSIONS)
def test_a_refused_file_is_named_quoted_and_placed(before: str) -> None:
    found = look(f"{refuse('first', before)}\n{refuse(ERROR, before)}\nbye", SHIFTED)
    assert (found["problem"], found["line"], found["key"]) == ("no-space-after-colon", 2, "job_name:")
    assert (found["program"], found["text"], found["place"]) == ("Prometheus", ERROR, f"{PATH}:2")


@pytest.mark.parametrize(
    ("content", "changed_s"),
    [(None, 0), (SHIFTED, 60), (b"\xff\xfe", -60), (SHIFTED * MAX_FILE_BYTES, -60)],
)
def test_a_file_that_is_not_the_one_that_was_refused_explains_nothing(
    content: bytes | None, changed_s: float
) -> None:
    found = look(refuse(ERROR), content, changed_s)
    assert (found["problem"], found["line"], found["text"]) == ("other", 3, ERROR)
    assert found["file_is_newer"] == (changed_s > 0)


def test_a_file_that_was_loaded_since_was_not_refused() -> None:
    assert look(f"{refuse(ERROR)}\n{LOADED}")["text"] is None
    assert look(f"{LOADED}\n{refuse(ERROR)}")["text"] == ERROR
    assert look("level=info hello") == look("") | {"problem": None}


def test_a_refused_reload_is_told_apart() -> None:
    log = (
        f'{LOADED}\n{OLD} msg="Error reloading config" err="couldn\'t load configuration '
        f'(--config.file=\\"{PATH}\\"): parsing YAML file {PATH}: not a valid duration string: \\"5\\""'
    )
    found = look(log, b"global:\n  scrape_interval: 5\n")
    assert (found["reloading"], found["problem"], found["line"], found["key"]) == (
        True,
        "no-duration",
        2,
        "5",
    )
    assert found["text"] == f'parsing YAML file {PATH}: not a valid duration string: "5"'


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "problem", "key"),
    [
        ("v1", "option-of-version-1", "-config.file"),
        ("v1-alertmanager", "option-of-version-1", "-alertmanager.url"),
        ("one-dash", "option-of-version-1", "-config.file"),
        ("docker-p", "unknown-option", "-p"),
        ("docker-network-eq", "unknown-option", "--network"),
        ("misspelt", "unknown-option", "--config.flie"),
        ("word-path", "unexpected-word", "/bin/prometheus"),
        ("emdash", "unexpected-word", "—config.file=/etc/prometheus/prometheus.yml"),
        ("file-missing", "no-file", "/etc/prometheus/promtheus.yml"),
        ("file-is-folder", "is-a-folder", "/etc/prometheus"),
        ("equals-space", "no-file", " /etc/prometheus/prometheus.yml"),
        ("data-root-owned", "data-not-writable", "/rootdata"),
        ("data-missing", "no-data-folder", "/nowhere/data"),
        ("agent-storage-without", "agent-mode", "--storage.agent.path"),
        ("listen-taken", None, None),
        ("no-value", None, None),
        ("version", None, None),
        ("external-url", None, None),
    ],
)
def test_what_keeps_it_from_starting_is_named(
    name: str, problem: str | None, key: str | None, version: str
) -> None:
    case = STARTS[name]
    fake_engine = stage("\n".join(case[version]))
    fake_engine.inspect("prometheus")["Config"]["Cmd"] = case["args"]
    found = facts(PrometheusLog().observe(fake_engine))
    assert (found["problem"], found["key"]) == (problem, key)
    log = " ".join(" ".join(case[version]).replace('\\"', '"').split())
    assert problem is None or found["text"] in log


def test_what_it_said_before_it_was_ready_is_over() -> None:
    failed = "\n".join(STARTS["data-root-owned"][VERSIONS[0]])
    ready = f'{OLD} msg="Server is ready to receive web requests."'
    assert look(f"{failed}\n{ready}")["problem"] is None
    assert look(f"{ready}\n{failed}")["problem"] == "data-not-writable"


def test_secrets_are_masked_and_text_is_bounded() -> None:
    log = refuse(rf"parsing YAML file {PATH}: \"http://admin:s3cr3t-value@cadvisor\" is not a valid hostname")
    found = look(log)
    assert "s3cr3t" not in str(found)
    assert found["problem"] == "not-host-port"
    assert len(look(refuse("x" * 900))["text"]) == MAX_TEXT_CHARS


CODES = {
    "tab": "PM-05",
    "code-fence": "PM-36",
    "reserved-character": "PM-37",
    "lookalike": "PM-37",
    "no-space-after-colon": "PM-38",
    "no-space-after-dash": "PM-38",
    "no-colon": "PM-39",
    "second-colon": "PM-39",
    "bare-value": "PM-39",
    "no-elements": "PM-40",
    "list-behind-its-key": "PM-40",
    "open-quote": "PM-41",
    "open-bracket": "PM-41",
    "not-utf-8": "PM-42",
    "job-twice": "PM-43",
    "key-twice": "PM-43",
    "no-duration": "PM-44",
    "indentation": "PM-04",
    "misplaced-key": "PM-04",
    "not-a-list": "PM-06",
    "not-host-port": "PM-07",
    "space-in-target": "PM-07",
    "unknown-key": "PM-08",
    "other": "PM-90",
}


def test_the_lab_names_every_refused_file_and_quotes_prometheus() -> None:
    tp6 = load_built_in_lab("tp6").lab
    refused = {name: case for name, case in REFUSALS.items() if case["2.42.0"] and "file" in case}
    state = {"error": "", "exit_code": 2, "oom_killed": False, "command": [], "stable": True}
    for name, case in refused.items():
        log = refuse(case["2.42.0"])
        observed = PrometheusLog().observe(stage(log, case["file"].encode()))
        ended = Seen(kind="container", facts=state | {"status": "exited", "log_tail": log})
        seen = {observation_key(CONTAINER): ended, observation_key(PrometheusLog()): observed}
        named = line(tp6, recording(seen), "prometheus-running").diagnosis
        assert named is not None, name
        assert (named.code, named.quotation and named.quotation.program) == (
            CODES[case["means"][0]],
            "Prometheus",
        ), name
