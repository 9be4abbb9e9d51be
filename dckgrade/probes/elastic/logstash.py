"""Kind `logstash`: the pipelines of Logstash, and whether they reach Elasticsearch."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe, add_missing_facts
from dckgrade.probes.elastic import log_patterns
from dckgrade.probes.elastic.container_state import ContainerLife, read_container_life, read_log
from dckgrade.probes.elastic.logstash_api import (
    EMPTY_FLOW,
    LOGSTASH_IMAGE,
    START_BUDGET_S,
    fetch_pipeline_flow,
    reach_logstash,
    read_logstash_version,
)
from dckgrade.probes.support import reachability, value_words
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, find_id_and_state
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

PIPELINE_FOLDER = "/usr/share/logstash/pipeline"


class Facts(ContainerLife, frozen=True, kw_only=True):
    """What is seen of one Logstash."""

    answers: bool
    """Its monitoring API answers, on port 9600."""
    problem: ServiceProblem | None
    via: ReachedVia | None
    version: str | None
    running: bool
    """Whether a pipeline runs."""
    inputs: list[str]
    outputs: list[str]
    taken_in: int
    passed_on: int
    written: int | None
    """Documents that Elasticsearch has accepted from it; null where this version does not tell."""
    failing: bool
    """
    Whether the last word of its log about Elasticsearch is that it cannot be reached, or accepts nothing:
    single documents that are refused, while others are accepted, do not count.
    """
    connecting: bool
    """Whether events wait while its log says no more than that it begins to look for Elasticsearch."""
    refusal: str | None
    """Why Elasticsearch refused a document, the last time that it did: type and reason, secrets masked."""
    answered_in_clear: bool
    """Whether its log says that it asks by https, and is answered in clear, and nothing better since."""
    host: str | None
    """Where it looks for Elasticsearch, by its log; null where that does not tell."""
    loopback: bool
    """That is its own container."""
    pipeline_mounted: bool
    """Whether something is mounted where the image looks for pipelines."""
    mounted_elsewhere: bool
    """Whether a file or folder is mounted beside that place: a pipeline that nobody reads."""


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "answers": {
        False: Text(fr="Logstash ne répond pas", en="Logstash does not answer"),
    },
    "connecting": {
        True: Text(
            fr="Logstash essaie encore de joindre Elasticsearch",
            en="Logstash is still trying to reach Elasticsearch",
        ),
    },
    "failing": {
        True: Text(
            fr="d'après ses logs, Logstash ne joint pas Elasticsearch",
            en="by its log, Logstash does not reach Elasticsearch",
        ),
    },
    "outputs": {
        (): Text(fr="aucune", en="none"),
    },
    "inputs": {
        (): Text(fr="aucune", en="none"),
    },
}


class Logstash(Probe, frozen=True, kw_only=True, tag="logstash"):
    """Look at the Logstash in *container*."""

    container: ContainerName = "logstash"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Logstash n'a été trouvé", en="no Logstash container was found"
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
        "answers": Text(fr="Logstash répond", en="Logstash answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "via": Text(fr="voie de la réponse", en="way of the answer"),
        "version": Text(fr="version de Logstash", en="Logstash version"),
        "running": Text(fr="un pipeline tourne", en="a pipeline runs"),
        "inputs": Text(fr="entrées du pipeline", en="pipeline inputs"),
        "outputs": Text(fr="sorties du pipeline", en="pipeline outputs"),
        "taken_in": Text(fr="événements reçus", en="events received"),
        "passed_on": Text(fr="événements transmis", en="events passed on"),
        "written": Text(fr="documents acceptés par Elasticsearch", en="documents accepted by Elasticsearch"),
        "failing": Text(
            fr="Elasticsearch hors d'atteinte d'après le log", en="Elasticsearch out of reach, by the log"
        ),
        "connecting": Text(
            fr="premier essai de joindre Elasticsearch en cours",
            en="first attempt to reach Elasticsearch under way",
        ),
        "refusal": Text(fr="refus d'Elasticsearch", en="refusal by Elasticsearch"),
        "answered_in_clear": Text(
            fr="https demandé, réponse en clair", en="asked by https, answered in clear"
        ),
        "host": Text(
            fr="hôte où Logstash cherche Elasticsearch", en="host at which Logstash looks for Elasticsearch"
        ),
        "loopback": Text(
            fr="cet hôte est le conteneur de Logstash", en="that host is Logstash's own container"
        ),
        "pipeline_mounted": Text(fr="pipeline monté au bon endroit", en="pipeline mounted in its place"),
        "mounted_elsewhere": Text(fr="fichier monté à côté", en="file mounted elsewhere"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="logstash")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact({True: Text(fr="répond", en="answers")}),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, ask what its pipelines are; its log tells whether Elasticsearch is reached."""
        try:
            answered = reach_logstash(engine, self.container)
            ref = find_id_and_state(engine, self.container, LOGSTASH_IMAGE)[0]
            inspected = engine.inspect_container(ref)
            service = answered.answer
            going = fetch_pipeline_flow(service.request) if service else None
            log = read_log(engine, inspected)
            connection = log_patterns.read_output_connection(log)
            started = going is not None or log_patterns.has_started_pipelines(log)
            lived = read_container_life(inspected, engine, START_BUDGET_S, ready=started)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("logstash", trouble)
        own, elsewhere = find_pipeline_mounts(inspected)
        flow = going or EMPTY_FLOW
        facts = Facts(
            answers=service is not None,
            problem=answered.problem,
            via=answered.via,
            **lived,
            version=read_logstash_version(service) if service else None,
            running=going is not None,
            inputs=flow.inputs,
            outputs=flow.outputs,
            taken_in=flow.taken_in,
            passed_on=flow.passed_on,
            written=flow.written,
            failing=connection.is_failing(flow.written, waits=flow.waits),
            connecting=connection.is_undecided(flow.written, waits=flow.waits),
            refusal=connection.refusal,
            answered_in_clear=connection.lost and log_patterns.is_answered_in_clear(log),
            host=connection.host,
            loopback=is_own_loopback(connection.host, inspected, engine),
            pipeline_mounted=own,
            mounted_elsewhere=elsewhere,
        )
        return Seen(kind="logstash", facts=msgspec.to_builtins(facts), age_s=answered.age_s)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings do not tell how it was answered, and were made after the first attempt."""
        return add_missing_facts(super().recall(recorded), answered_in_clear=False, connecting=False)


def is_own_loopback(host: str | None, inspected: Json, engine: Engine) -> bool:
    """Return whether that host is the container itself, and nobody else."""
    return (
        bool(host)
        and reachability.is_loopback_host(str(host))
        and reachability.has_own_loopback(inspected)
        and not reachability.lends_network(inspected, engine)
    )


def find_pipeline_mounts(inspected: Json) -> tuple[bool, bool]:
    """
    Return whether a mount covers the folder of pipelines or is in it, and whether one lies beside: Docker's
    logs, Logstash's own settings and its data are no pipelines.
    """
    places = [str(mount.get("Destination") or "").rstrip("/") for mount in inspected.get("Mounts") or []]
    within = [
        place
        for place in places
        if f"{place}/".startswith(f"{PIPELINE_FOLDER}/") or PIPELINE_FOLDER.startswith(f"{place}/")
    ]
    beside = [place for place in places if place not in within and looks_like_pipeline(place)]
    return bool(within), bool(beside)


def looks_like_pipeline(place: str) -> bool:
    """Return whether what is mounted there looks meant as a pipeline."""
    return (
        place.endswith(".conf") or "pipeline" in place.rpartition("/")[2] or place.startswith("/etc/logstash")
    )
