"""The kinds of things that a lab can look at: the one list of them, and an observation's name."""

from dckgrade.probe.apparmor_container import ApparmorContainer
from dckgrade.probe.apparmor_file import ApparmorFile
from dckgrade.probe.apparmor_host import ApparmorHost
from dckgrade.probe.apparmor_label import ApparmorLabel
from dckgrade.probe.apparmor_write import ApparmorWrite
from dckgrade.probe.cadvisor import Cadvisor
from dckgrade.probe.container import Container
from dckgrade.probe.container_log import ContainerLog
from dckgrade.probe.container_stats import ContainerStats
from dckgrade.probe.daemon_file import DaemonFile
from dckgrade.probe.elastic_network import ElasticNetwork
from dckgrade.probe.elasticsearch import Elasticsearch
from dckgrade.probe.grafana import Grafana
from dckgrade.probe.grafana_dashboard import GrafanaDashboard
from dckgrade.probe.grafana_series import GrafanaSeries
from dckgrade.probe.http import Http
from dckgrade.probe.image import Image
from dckgrade.probe.kibana import Kibana
from dckgrade.probe.log_marker import LogMarker
from dckgrade.probe.log_rotation import LogRotation
from dckgrade.probe.logstash import Logstash
from dckgrade.probe.logstash_log import LogstashLog
from dckgrade.probe.postgres import Postgres
from dckgrade.probe.prometheus import Prometheus
from dckgrade.probe.prometheus_file import PrometheusFile
from dckgrade.probe.prometheus_log import PrometheusLog
from dckgrade.probe.prometheus_series import PrometheusSeries
from dckgrade.probe.prometheus_target import PrometheusTarget
from dckgrade.probe.seccomp_call import SeccompCall
from dckgrade.probe.seccomp_container import SeccompContainer
from dckgrade.probe.seccomp_file import SeccompFile
from dckgrade.probe.seccomp_filter import SeccompFilter
from dckgrade.probe.swarm import Swarm
from dckgrade.probe.trivy_database import TrivyDatabase
from dckgrade.probe.trivy_scan import TrivyScan
from dckgrade.probe.trivy_tool import TrivyTool
from dckgrade.probe.volume import Volume

Probe = (
    ApparmorContainer
    | ApparmorFile
    | ApparmorHost
    | ApparmorLabel
    | ApparmorWrite
    | Cadvisor
    | Container
    | ContainerLog
    | ContainerStats
    | DaemonFile
    | ElasticNetwork
    | Elasticsearch
    | Grafana
    | GrafanaDashboard
    | GrafanaSeries
    | Http
    | Image
    | Kibana
    | LogMarker
    | LogRotation
    | Logstash
    | LogstashLog
    | Postgres
    | Prometheus
    | PrometheusFile
    | PrometheusLog
    | PrometheusSeries
    | PrometheusTarget
    | SeccompCall
    | SeccompContainer
    | SeccompFile
    | SeccompFilter
    | Swarm
    | TrivyDatabase
    | TrivyScan
    | TrivyTool
    | Volume
)

# Those that the engine answers last come first: all their questions are sent before any answer is read.
KINDS: tuple[type[Probe], ...] = (
    ContainerStats,
    LogMarker,
    Http,
    Postgres,
    SeccompCall,
    SeccompFilter,
    LogRotation,
    ApparmorWrite,
    ApparmorLabel,
    ApparmorContainer,
    ApparmorFile,
    ApparmorHost,
    SeccompContainer,
    SeccompFile,
    Swarm,
    GrafanaDashboard,
    GrafanaSeries,
    Grafana,
    PrometheusSeries,
    PrometheusTarget,
    PrometheusFile,
    Prometheus,
    PrometheusLog,
    Cadvisor,
    Logstash,
    Kibana,
    Elasticsearch,
    ElasticNetwork,
    LogstashLog,
    Volume,
    TrivyScan,
    TrivyDatabase,
    TrivyTool,
    Image,
    DaemonFile,
    ContainerLog,
    Container,
)


def kind(probe: Probe) -> str:
    """Name the kind of *probe*, as labs and recordings spell it."""
    return str(probe.__struct_config__.tag)


def key(probe: Probe) -> str:
    """Name what *probe* looks at: `container name=dbserver image=postgres`. Equal probes have equal keys."""
    parameters = ((name, getattr(probe, name)) for name in probe.__struct_fields__)
    return " ".join([kind(probe), *(f"{name}={value}" for name, value in parameters if value is not None)])
