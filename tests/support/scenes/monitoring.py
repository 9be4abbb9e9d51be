"""Scenes of topic monitoring: Prometheus, cAdvisor and Grafana as they should be."""

from collections.abc import Mapping
from datetime import UTC, datetime

from dckgrade.probes.base import Probe
from dckgrade.probes.monitoring.cadvisor import Cadvisor
from dckgrade.probes.monitoring.container_history import ContainerHistory
from dckgrade.probes.monitoring.grafana import Grafana
from dckgrade.probes.monitoring.grafana_dashboard import GrafanaDashboard
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.prometheus import Prometheus
from dckgrade.probes.monitoring.prometheus_file import PrometheusFile
from dckgrade.probes.monitoring.prometheus_log import PrometheusLog
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries
from dckgrade.probes.monitoring.prometheus_target import PrometheusTarget
from tests.support.monitoring import Monitored, describe_source, page, vector
from tests.support.scenes import Scene, SceneBuilder

CADVISOR = {"__name__": "cadvisor_version_info", "dockerVersion": "28.5.2"}
PANELS = [
    {"type": "graph", "targets": [{"expr": expression, "refId": "A"}], "datasource": "Prometheus"}
    for expression in (
        "time() - node_boot_time",
        "sum by (name) (rate(container_cpu_usage_seconds_total[1m]))",
    )
]
DASHBOARD = {"gnetId": 893, "title": "Docker and system monitoring", "rows": [{"panels": PANELS}]}


def show_monitoring(probe: Probe) -> list[Scene]:
    """Have cAdvisor's figures of one container be seen through Prometheus and through Grafana."""
    engine = Monitored()
    group = f"/docker/{engine.id_of('grafana')}"
    series = vector(({"id": group, "name": "grafana"}, "999.0"))
    engine.pages |= {
        "9090/api/v1/query?query=max by": series,
        "9090/api/v1/query?query=count by (job, instance, id)": series,
        "9090/api/v1/query?query={": vector(({}, "9"), (CADVISOR, "1")),
        "3000/api/datasources": page([describe_source()]),
        "3000/api/datasources/uid/u/health": page(
            {"message": "Successfully queried the Prometheus API.", "status": "OK"}
        ),
        "3000/api/datasources/proxy/uid/u": series,
        "3000/api/search": page([{"uid": "d", "title": "x"}]),
        "3000/api/dashboards/uid/d": page({"meta": {}, "dashboard": DASHBOARD}),
    }
    engine.changes[f"{engine.id_of('prometheus')}:/etc/prometheus/prometheus.yml"] = engine.clock
    return [Scene(probe, engine.only("prometheus", "cadvisor", "grafana"))]


def show_refused_file(probe: Probe) -> list[Scene]:
    """Have Prometheus say at which line it refused its file, and the file be there."""
    engine = Monitored()
    ref = engine.id_of("prometheus")
    refused = "parsing YAML file /p.yml: yaml: line 3: mapping values are not allowed in this context"
    engine.logs[ref] = f'ts=2026-11-24T04:41:04Z msg="Error loading config (x)" file=/p.yml err="{refused}"'
    engine.changes[f"{ref}:/p.yml"] = datetime(2026, 11, 24, tzinfo=UTC)
    engine.answers["archive"] = {ref: (b"a:\n  - job_name:cadvisor\n    b: c\n", engine.clock)}
    return [Scene(probe, engine.only("prometheus"))]


SCENES: Mapping[str, SceneBuilder] = {
    "container-history": lambda: show_monitoring(ContainerHistory(container="grafana")),
    "cadvisor": lambda: show_monitoring(Cadvisor()),
    "grafana": lambda: show_monitoring(Grafana()),
    "grafana-dashboard": lambda: show_monitoring(GrafanaDashboard()),
    "grafana-series": lambda: show_monitoring(GrafanaSeries()),
    "prometheus": lambda: show_monitoring(Prometheus()),
    "prometheus-file": lambda: show_monitoring(PrometheusFile()),
    "prometheus-log": lambda: show_refused_file(PrometheusLog()),
    "prometheus-series": lambda: show_monitoring(PrometheusSeries()),
    "prometheus-target": lambda: show_monitoring(PrometheusTarget()),
}
