"""Scenes of topic elastic: the whole stack answers, and Kibana must be looked into."""

from collections.abc import Mapping

from dckgrade.probes.base import Probe
from dckgrade.probes.elastic.elastic_network import ElasticNetwork
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.elastic.log_marker import LogMarker
from dckgrade.probes.elastic.logstash import Logstash
from dckgrade.probes.elastic.logstash_log import LogstashLog
from tests.support.elastic_stack import NOT_READY, Stack, hits
from tests.support.monitoring import page
from tests.support.scenes import Scene, SceneBuilder


def show_stack(probe: Probe) -> list[Scene]:
    """Have every service answer."""
    engine = Stack()
    engine.pages |= {
        "5601/api/status": NOT_READY,
        "9200/_cat/indices": page([{"index": "logs", "docs.count": "7"}]),
        "9200/_all/_settings": page({"logs": {"settings": {"index.blocks.read_only_allow_delete": "true"}}}),
        "9200/_search": hits(("logs", {"message": "dckgrade"})),
    }
    return [Scene(probe, engine)]


SCENES: Mapping[str, SceneBuilder] = {
    "elastic-network": lambda: show_stack(ElasticNetwork()),
    "elasticsearch": lambda: show_stack(Elasticsearch()),
    "kibana": lambda: show_stack(Kibana()),
    "log-marker": lambda: show_stack(LogMarker()),
    "logstash": lambda: show_stack(Logstash()),
    "logstash-log": lambda: show_stack(LogstashLog()),
}
