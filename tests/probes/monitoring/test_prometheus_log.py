"""Kind `prometheus-log`: what Prometheus refuses, in its own words, and where the mistake lies."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dckgrade.probes.monitoring.prometheus_log import MAX_TEXT_CHARS, PrometheusLog
from tests.support.fake_engine import facts
from tests.support.monitoring import ANSWERS, VERSIONS, Monitored

STARTS: dict[str, Any] = json.loads((ANSWERS / "starts.json").read_text(encoding="utf-8"))
PATH = "/etc/prometheus/prometheus.yml"
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


def look(
    log: str, content: bytes | None = None, changed_s: float = -60, cmd: list[str] | None = None
) -> dict[str, Any]:
    """Look at a Prometheus with that log, and that file as it was some seconds after the refusal."""
    fake_engine = Monitored()
    ref = fake_engine.id_of("prometheus")
    fake_engine.logs[ref] = log
    fake_engine.inspect("prometheus")["Config"]["Cmd"] = cmd or []
    if content is not None:
        changed_at = REFUSED_AT + timedelta(seconds=changed_s)
        fake_engine.changes[f"{ref}:{PATH}"] = changed_at
        fake_engine.answers["archive"] = {ref: (content, changed_at)}
    return facts(PrometheusLog().observe(fake_engine))


@pytest.mark.parametrize("before", [OLD, NEW], ids=VERSIONS)
def test_a_refused_file_is_named_quoted_and_placed(before: str) -> None:
    found = look(f"{refuse('first', before)}\n{refuse(ERROR, before)}\nbye", SHIFTED)
    assert (found["problem"], found["line"], found["key"]) == ("no-space-after-colon", 2, "job_name:")
    assert (found["program"], found["text"], found["place"]) == ("Prometheus", ERROR, f"{PATH}:2")


@pytest.mark.parametrize(("content", "changed_s"), [(None, 0), (SHIFTED, 60), (b"\xff\xfe", -60)])
def test_a_file_that_is_not_the_one_that_was_refused_explains_nothing(
    content: bytes | None, changed_s: float
) -> None:
    found = look(refuse(ERROR), content, changed_s)
    assert (found["problem"], found["line"], found["text"]) == ("other", 3, ERROR)


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
    found = look("\n".join(case[version]), cmd=case["args"])
    assert (found["problem"], found["key"]) == (problem, key)
    said = " ".join(" ".join(case[version]).replace('\\"', '"').split())
    assert problem is None or found["text"] in said


def test_what_it_said_before_it_was_ready_is_over() -> None:
    failed = "\n".join(STARTS["data-root-owned"][VERSIONS[0]])
    ready = f'{OLD} msg="Server is ready to receive web requests."'
    assert look(f"{failed}\n{ready}")["problem"] is None
    assert look(f"{ready}\n{failed}")["problem"] == "data-not-writable"


def test_secrets_are_masked_and_text_is_bounded() -> None:
    said = refuse(
        rf"parsing YAML file {PATH}: \"http://admin:s3cr3t-value@cadvisor\" is not a valid hostname"
    )
    found = look(said)
    assert "s3cr3t" not in str(found)
    assert found["problem"] == "not-host-port"
    assert len(look(refuse("x" * 900))["text"]) == MAX_TEXT_CHARS
