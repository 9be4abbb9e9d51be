"""TP6 on a real engine: how often an account is tried, and that the stand-in locks as Grafana does."""

import shutil
from pathlib import Path

import pytest

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run
from dckgrade.probes.base import Probe
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries
from dckgrade.prove import images, live
from dckgrade.prove.case import list_cases
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.fake_engine import facts

pytestmark = pytest.mark.engine

IMAGES = ["nginx", "prom/prometheus", "gcr.io/cadvisor/cadvisor", "grafana/grafana"]
ADMIN = ("wget", "-q", "-O", "-", "http://{}@localhost:3000/api/org")


@pytest.fixture
def grafana(engine: DisposableEngine) -> DisposableEngine:
    images.load_images(engine.host, IMAGES, FIXTURES / "tp6")
    return engine


def failures(engine: DisposableEngine) -> int:
    """Count what Grafana has refused."""
    return run_docker(engine.host, "logs", "grafana").count(" 401 -")


@pytest.mark.timeout(180)
def test_a_refused_account_costs_one_failure_however_often_the_run_looks(grafana: DisposableEngine) -> None:
    (changed,) = [case for case in list_cases(FIXTURES, "tp6") if case.name == "password-changed"]
    report = live.grade_case(load_built_in_lab("tp6"), changed, grafana)
    assert {line.id: line.verdict for line in report.checks}["dashboard-imported"] == "unknown"
    assert failures(grafana) == 1


def org(engine: DisposableEngine, account: str) -> bool:
    """Try an account; say whether it is let in."""
    words = [part.format(account) for part in ADMIN]
    return '"Main Org."' in run_docker(
        engine.host, "exec", "grafana", "sh", "-c", f"{' '.join(words)} || true"
    )


@pytest.mark.timeout(120)
def test_the_stand_in_locks_an_account_out_after_five_failures(grafana: DisposableEngine) -> None:
    grafana.empty()
    run_docker(grafana.host, "run", "-d", "--name", "grafana", "grafana/grafana")
    ready = "until wget -q -O /dev/null http://localhost:3000/api/health; do sleep 0.1; done"
    run_docker(grafana.host, "exec", "grafana", "sh", "-c", ready)
    assert org(grafana, "admin:admin")
    assert [org(grafana, "admin:wrong") for _ in range(5)] == [False] * 5
    assert not org(grafana, "admin:admin")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("password", "verdict"), [("test", "passed"), ("canary-secret-1", "unknown")])
def test_prometheus_opens_to_the_account_that_the_user_gives(
    grafana: DisposableEngine, password: str, verdict: str
) -> None:
    (locked,) = [case for case in list_cases(FIXTURES, "tp6") if case.name == "prometheus-wants-an-account"]
    loaded = load_built_in_lab("tp6")
    inputs = {"prometheus-user": "admin", "prometheus-password": password}
    grafana.empty()
    with grafana.enter_network():
        live.run_case_script(locked, grafana)
        with connect_engine(resolve_endpoint(grafana.host, None, {}, Path("/nonexistent"))) as connected:
            report = run.grade_lab(loaded, connected, RunOptions(timeout_s=60, inputs=inputs))
    verdicts = {line.id: line.verdict for line in report.checks}
    assert (verdicts["prometheus-ready"], verdicts["metrics-name-this-engine"]) == (verdict, verdict)
    assert "canary" not in repr(report)


@pytest.mark.timeout(180)
def test_figures_that_prometheus_no_longer_shows_by_itself_are_found_all_the_same(
    grafana: DisposableEngine, tmp_path: Path
) -> None:
    (slow,) = [case for case in list_cases(FIXTURES, "tp6") if case.name == "first-scrape-to-come"]
    probes: tuple[Probe, ...] = (PrometheusSeries(), GrafanaSeries())
    grafana.empty()
    with grafana.enter_network():
        live.run_case_script(slow, grafana, Path(shutil.copytree(slow.folder, tmp_path, dirs_exist_ok=True)))
        with connect_engine(resolve_endpoint(grafana.host, None, {}, Path("/nonexistent"))) as connected:
            snapshot = connected.take_snapshot()
            found = [facts(probe.observe(snapshot)) for probe in probes]
    assert [seen["named"] for seen in found] == [["grafana"], ["grafana"]]
