"""Kind `elastic-network`: whether the three containers of the stack reach each other."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.elastic import elasticsearch_api, kibana_api, logstash_api
from dckgrade.probes.elastic.container_state import inspect_stack_container
from dckgrade.probes.support import reachability
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, uptime_s
from dckgrade.probes.support.supply import ONCE, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the three."""

    missing: list[str]
    """Those of which there is no container."""
    shared: list[str]
    """Networks that all of them are on and that somebody made: names are resolved there."""
    apart: list[str]
    """Those that are on none of Elasticsearch's networks, and do not reach it in another way either."""
    together: bool
    """All are there, and none is apart."""


WORDS: Mapping[str, ValueWords] = {
    "together": {
        False: Text(
            fr="les trois conteneurs ne se joignent pas", en="the three containers do not reach each other"
        ),
    },
}


class ElasticNetwork(Probe, frozen=True, kw_only=True, tag="elastic-network"):
    """Look at the networks of *elasticsearch*, *logstash* and *kibana*."""

    elasticsearch: ContainerName = "elasticsearch"
    logstash: ContainerName = "logstash"
    kibana: ContainerName = "kibana"

    facts: ClassVar[type[Struct]] = Facts
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("kibana")
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur d'Elasticsearch n'a été trouvé", en="no Elasticsearch container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "missing": Text(fr="conteneurs absents", en="missing containers"),
        "shared": Text(fr="réseaux communs", en="networks in common"),
        "apart": Text(fr="conteneurs à l'écart", en="containers apart"),
        "together": Text(fr="les trois conteneurs se joignent", en="the three containers reach each other"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Inspect all that are there."""
        wanted = {
            self.elasticsearch: elasticsearch_api.ELASTICSEARCH_IMAGE,
            self.logstash: logstash_api.LOGSTASH_IMAGE,
            self.kibana: kibana_api.KIBANA_IMAGE,
        }
        try:
            found = {
                name: inspected
                for name, image in wanted.items()
                if (inspected := inspect_stack_container(engine, name, image))
            }
            centre = found.get(self.elasticsearch)
            apart = [
                name
                for name, inspected in found.items()
                if not (centre and reachability.can_reach_other(inspected, centre))
            ]
            # What is proven by effect needs no network of a certain kind: addresses will do.
            arriving = {name for name in apart if self.arrives(engine, name)}
            ages = [uptime_s(inspected, engine.now()) for inspected in found.values()]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("elastic-network", trouble)
        if not found:
            return Absent(kind="elastic-network")
        missing = [name for name in wanted if name not in found]
        apart = sorted(set(apart) - arriving)
        facts = Facts(
            missing=missing,
            shared=list_shared_networks(found.values()),
            apart=apart,
            together=not missing and not apart,
        )
        age_s = min((age for age in ages if age is not None), default=None)
        return Seen(kind="elastic-network", facts=msgspec.to_builtins(facts), age_s=age_s)

    def arrives(self, engine: Engine, name: str) -> bool:
        """Return whether Elasticsearch is reached from there all the same, by what it has come to."""
        if name == self.kibana:
            answer = kibana_api.reach_kibana(engine, name).answer
            return bool(
                answer and kibana_api.read_kibana_state(answer.first_answer) in kibana_api.READY_STATES
            )
        if name == self.logstash:
            service = logstash_api.reach_logstash(engine, name).answer
            going = logstash_api.fetch_pipeline_flow(service.request) if service else None
            return bool(going and going.written)
        return False


def list_shared_networks(found: Iterable[Json]) -> list[str]:
    """Name the networks that somebody made and that all are on."""
    made = [
        reachability.get_networks(inspected).keys() - reachability.PREDEFINED_NETWORKS for inspected in found
    ]
    return sorted(set.intersection(*map(set, made))) if made else []
