"""Kind `prometheus-log`: in which words Prometheus refuses a configuration, and where the mistake lies."""

import pytest

from dckgrade.probes.monitoring.prometheus_log import PrometheusLog, read_prometheus_log_facts
from tests.support.fake_engine import facts
from tests.support.monitoring import Monitored

ENDS = 'msg="Error loading config (--config.file=/p.yml)"'
OLD = f"ts=2026-11-24T04:41:04Z caller=main.go:469 level=error {ENDS}"
NEW = f"time=2026-11-24T05:21:51Z level=ERROR source=main.go:580 {ENDS}"
YAML = "parsing YAML file /p.yml: "


@pytest.mark.parametrize("before", [OLD, NEW], ids=["2.42", "3.5"])
@pytest.mark.parametrize(
    ("error", "problem", "line", "key"),
    [
        (f"{YAML}yaml: line 2: did not find expected '-' indicator", "indentation", 2, None),
        (f"{YAML}yaml: line 3: mapping values are not allowed in this context", "indentation", 3, None),
        (f"{YAML}yaml: line 2: found character that cannot start any token", "tab", 2, None),
        (
            rf"{YAML}yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `cadviso...` into []string",
            "not-a-list",
            4,
            None,
        ),
        (rf"{YAML}\"http://cadvisor:8080\" is not a valid hostname", "not-host-port", None, None),
        (
            rf"{YAML}yaml: unmarshal errors:\n  line 3: field static_config not found in type config.X",
            "unknown-key",
            3,
            "static_config",
        ),
        ("open /p.yml: permission denied", "not-readable", None, None),
        ("something new", "other", None, None),
    ],
)
def test_the_error_is_read_in_the_words_of_both_major_versions(
    before: str, error: str, problem: str, line: int | None, key: str | None
) -> None:
    found = read_prometheus_log_facts(
        f'{before} file=/p.yml err="first"\n{before} file=/p.yml err="{error}"\nbye'
    )
    assert (found.problem, found.line, found.key) == (problem, line, key)


def test_a_log_without_such_an_error_says_nothing() -> None:
    assert (
        read_prometheus_log_facts('level=info msg="Completed loading of configuration file"').problem is None
    )
    assert facts(PrometheusLog().observe(Monitored()))["error"] is None
