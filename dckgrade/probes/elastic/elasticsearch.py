"""Kind `elasticsearch`: whether Elasticsearch answers, and the health of its cluster."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe, add_missing_facts, get_fact
from dckgrade.probes.elastic import log_patterns
from dckgrade.probes.elastic.container_state import ContainerLife, read_container_life, read_log
from dckgrade.probes.elastic.elasticsearch_api import (
    ELASTICSEARCH_IMAGE,
    fetch_cluster_health,
    list_locked_indices,
    parse_node_description,
    reach_elasticsearch,
)
from dckgrade.probes.support import value_words
from dckgrade.probes.support.account import ServiceAccess
from dckgrade.probes.support.http_json import ReachedService, as_mapping
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply, find_id_and_state
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ClusterStatus = Literal["green", "yellow", "red"]
ELASTICSEARCH_START_BUDGET_S = 120.0
TLS_PROBLEMS = {"reset", "garbled", "silent"}
"""How a question in clear fares at a port that speaks TLS."""


class Facts(ContainerLife, frozen=True, kw_only=True):
    """What is seen of one Elasticsearch. Without an answer, the rest is null."""

    answers: bool
    """Elasticsearch answers: not another program at its port."""
    problem: ServiceProblem | None
    via: ReachedVia | None
    speaks_tls: bool
    """Its log says that it was asked in clear where it takes encrypted connections only."""
    access: ServiceAccess | None
    """Whether it answers anybody; else whether the account that was given is let in."""
    version: str | None
    cluster: ClusterStatus | None
    """yellow is usual for one node: copies have nowhere to go. null while there is no master yet."""
    locked: list[str]
    """Indices that Elasticsearch has made read-only because the disk is nearly full."""


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "access": value_words.ACCESS,
    "answers": {
        False: Text(fr="Elasticsearch ne répond pas", en="Elasticsearch does not answer"),
    },
    "cluster": {
        "green": Text(fr="vert (green)", en="green"),
        "yellow": Text(fr="jaune (yellow)", en="yellow"),
        "red": Text(fr="rouge (red)", en="red"),
        None: Text(fr="inconnu", en="not known"),
    },
}


class Elasticsearch(Probe, frozen=True, kw_only=True, tag="elasticsearch"):
    """Look at the Elasticsearch in *container*."""

    container: ContainerName = "elasticsearch"

    facts: ClassVar[type[Struct]] = Facts
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("elasticsearch")
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur d'Elasticsearch n'a été trouvé", en="no Elasticsearch container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "name": Text(fr="nom du conteneur", en="container name"),
        "status": Text(fr="état du conteneur", en="container state"),
        "exit_code": Text(fr="code de sortie", en="exit code"),
        "oom_killed": Text(fr="tué par manque de mémoire", en="killed for lack of memory"),
        "error": Text(fr="erreur du moteur", en="error of the engine"),
        "log_tail": Text(fr="dernières lignes du log", en="last lines of the log"),
        "up_s": Text(fr="en marche depuis", en="running for"),
        "starting": Text(fr="en cours de démarrage", en="still starting"),
        "answers": Text(fr="Elasticsearch répond", en="Elasticsearch answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "via": Text(fr="voie de la réponse", en="way of the answer"),
        "speaks_tls": Text(fr="connexions chiffrées seulement", en="encrypted connections only"),
        "access": Text(fr="accès à Elasticsearch", en="access to Elasticsearch"),
        "version": Text(fr="version d'Elasticsearch", en="Elasticsearch version"),
        "cluster": Text(fr="état du cluster", en="cluster health"),
        "locked": Text(fr="index passés en lecture seule", en="indices made read-only"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="elasticsearch")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact({True: Text(fr="répond", en="answers")}),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, ask how the cluster fares."""
        try:
            answered = reach_elasticsearch(engine, self.container)
            inspected = engine.inspect_container(
                find_id_and_state(engine, self.container, ELASTICSEARCH_IMAGE)[0]
            )
            facts = read_elasticsearch_facts(answered, inspected, engine)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("elasticsearch", trouble)
        return Seen(kind="elasticsearch", facts=msgspec.to_builtins(facts), age_s=answered.age_s)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """What older recordings lack is told by the problem alone, where that is not one of TLS."""
        seen = super().recall(recorded)
        may_be_tls = not get_fact(seen, "answers") and get_fact(seen, "problem") in TLS_PROBLEMS
        return seen if may_be_tls else add_missing_facts(seen, speaks_tls=False)


def read_elasticsearch_facts(
    answered: ServiceReply[ReachedService], inspected: Json, engine: Engine
) -> Facts:
    """Put it all into facts."""
    service = answered.answer
    open_service = service if service and not service.is_locked else None
    cluster = parse_cluster_status(fetch_cluster_health(open_service.request)) if open_service else None
    return Facts(
        answers=service is not None,
        problem=answered.problem,
        via=answered.via,
        **read_container_life(
            inspected, engine, ELASTICSEARCH_START_BUDGET_S, ready=cluster in {"green", "yellow"}
        ),
        speaks_tls=service is None
        and answered.problem in TLS_PROBLEMS
        and log_patterns.is_asked_in_clear(read_log(engine, inspected)),
        access=service.access if service else None,
        version=read_elasticsearch_version(service) if service else None,
        cluster=cluster,
        locked=list_locked_indices(service.request) if service and cluster else [],
    )


def read_elasticsearch_version(service: ReachedService) -> str | None:
    """Return its version: `7.9.3`; None where it wants an account first."""
    number = as_mapping(parse_node_description(service.first_answer).get("version")).get("number")
    return str(number) if number else None


def parse_cluster_status(word: str | None) -> ClusterStatus | None:
    """Read Elasticsearch's word."""
    match word:
        case "green" | "yellow" | "red":
            return word
        case _:
            return None
