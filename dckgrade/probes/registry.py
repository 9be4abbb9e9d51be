"""The kinds of things that a lab can look at: the one list of them, and an observation's name."""

from dckgrade.probes.apparmor.apparmor_container import ApparmorContainer
from dckgrade.probes.apparmor.apparmor_file import ApparmorFile
from dckgrade.probes.apparmor.apparmor_host import ApparmorHost
from dckgrade.probes.apparmor.apparmor_label import ApparmorLabel
from dckgrade.probes.apparmor.apparmor_write import ApparmorWrite
from dckgrade.probes.docker.container import Container
from dckgrade.probes.docker.container_log import ContainerLog
from dckgrade.probes.docker.container_stats import ContainerStats
from dckgrade.probes.docker.daemon_file import DaemonFile
from dckgrade.probes.docker.image import Image
from dckgrade.probes.docker.log_rotation import LogRotation
from dckgrade.probes.docker.swarm import Swarm
from dckgrade.probes.docker.volume import Volume
from dckgrade.probes.elastic.elastic_network import ElasticNetwork
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.elastic.log_marker import LogMarker
from dckgrade.probes.elastic.logstash import Logstash
from dckgrade.probes.elastic.logstash_log import LogstashLog
from dckgrade.probes.monitoring.cadvisor import Cadvisor
from dckgrade.probes.monitoring.grafana import Grafana
from dckgrade.probes.monitoring.grafana_dashboard import GrafanaDashboard
from dckgrade.probes.monitoring.grafana_series import GrafanaSeries
from dckgrade.probes.monitoring.prometheus import Prometheus
from dckgrade.probes.monitoring.prometheus_file import PrometheusFile
from dckgrade.probes.monitoring.prometheus_log import PrometheusLog
from dckgrade.probes.monitoring.prometheus_series import PrometheusSeries
from dckgrade.probes.monitoring.prometheus_target import PrometheusTarget
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.postgres import Postgres
from dckgrade.probes.seccomp.seccomp_call import SeccompCall
from dckgrade.probes.seccomp.seccomp_container import SeccompContainer
from dckgrade.probes.seccomp.seccomp_file import SeccompFile
from dckgrade.probes.seccomp.seccomp_filter import SeccompFilter
from dckgrade.probes.trivy.trivy_database import TrivyDatabase
from dckgrade.probes.trivy.trivy_scan import TrivyScan
from dckgrade.probes.trivy.trivy_tool import TrivyTool

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


def kind_of(probe: Probe) -> str:
    """Name the kind of *probe*, as labs and recordings spell it."""
    return str(probe.__struct_config__.tag)


def observation_key(probe: Probe) -> str:
    """Name what *probe* looks at: `container name=dbserver image=postgres`. Equal probes have equal keys."""
    parameters = ((name, getattr(probe, name)) for name in probe.__struct_fields__)
    return " ".join([kind_of(probe), *(f"{name}={value}" for name, value in parameters if value is not None)])
