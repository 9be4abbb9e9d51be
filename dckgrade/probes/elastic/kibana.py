"""Kind `kibana`: whether Kibana is ready, and where it looks for Elasticsearch while it is not."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe, add_missing_facts, get_fact
from dckgrade.probes.elastic import kibana_api, log_patterns
from dckgrade.probes.elastic.container_state import (
    ContainerLife,
    inspect_stack_container,
    read_container_life,
    read_log,
)
from dckgrade.probes.elastic.elasticsearch_api import ELASTICSEARCH_IMAGE as ELASTICSEARCH
from dckgrade.probes.support import reachability, value_words
from dckgrade.probes.support.account import ServiceAccess
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply, find_id_and_state
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

KIBANA_START_BUDGET_S = 180.0


class Facts(ContainerLife, frozen=True, kw_only=True):
    """What is seen of one Kibana; where it looks for Elasticsearch is told only while it is not ready."""

    answers: bool
    """Kibana answers, ready or not: not another program at its port."""
    problem: ServiceProblem | None
    via: ReachedVia | None
    access: ServiceAccess | None
    """Whether it answers anybody; else whether the account that was given is let in."""
    failing: bool
    """It is not ready: it serves no pages."""
    state: str | None
    """Its own word for how it fares: green, yellow, red; from version 8 on available, degraded, critical."""
    version: str | None
    """As it says itself, else as its image's tag does."""
    unfit: bool
    """Whether its log says that Elasticsearch is not of a version that it can work with."""
    complains: bool
    """Whether its log says that Elasticsearch is not found."""
    answered_in_clear: bool
    """Whether its log says that it asks by https, and is answered in clear."""
    migrating: bool
    """Whether its log says that it waits for another Kibana to finish a migration."""
    host: str | None
    """Where it looks for Elasticsearch: by its log, else as it was told, else as the image is made."""
    loopback: bool | None
    """That is its own container, and nobody else's."""
    shares_network: bool | None
    """Whether it is together with Elasticsearch on a network that somebody made, or on one loopback."""
    known_name: bool | None
    """Whether Elasticsearch is called so there; null for an address, which may lead there all the same."""
    old_variable: bool
    """Whether it was told by ELASTICSEARCH_URL, which versions from 7 on do not read, and by nothing else."""


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "access": value_words.ACCESS,
    "answers": {
        False: Text(fr="Kibana ne répond pas", en="Kibana does not answer"),
    },
    "failing": {
        True: Text(fr="Kibana dit qu'il n'est pas prêt", en="Kibana says that it is not ready"),
    },
}


class Kibana(Probe, frozen=True, kw_only=True, tag="kibana"):
    """Look at the Kibana in *container*, and at the container *elasticsearch* that it needs."""

    container: ContainerName = "kibana"
    elasticsearch: ContainerName = "elasticsearch"

    facts: ClassVar[type[Struct]] = Facts
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("kibana")
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Kibana n'a été trouvé", en="no Kibana container was found"
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
        "answers": Text(fr="Kibana répond", en="Kibana answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "via": Text(fr="voie de la réponse", en="way of the answer"),
        "access": Text(fr="accès à Kibana", en="access to Kibana"),
        "failing": Text(fr="Kibana n'est pas prêt", en="Kibana is not ready"),
        "state": Text(fr="état que donne Kibana", en="state that Kibana gives"),
        "version": Text(fr="version de Kibana", en="Kibana version"),
        "unfit": Text(fr="version d'Elasticsearch incompatible", en="incompatible version of Elasticsearch"),
        "complains": Text(
            fr="Elasticsearch introuvable d'après le log de Kibana",
            en="Elasticsearch not found, by Kibana's log",
        ),
        "migrating": Text(fr="attente d'une migration", en="waiting for a migration"),
        "answered_in_clear": Text(
            fr="https demandé, réponse en clair", en="asked by https, answered in clear"
        ),
        "host": Text(
            fr="hôte où Kibana cherche Elasticsearch", en="host at which Kibana looks for Elasticsearch"
        ),
        "loopback": Text(fr="cet hôte est le conteneur de Kibana", en="that host is Kibana's own container"),
        "shares_network": Text(
            fr="réseau commun avec Elasticsearch", en="network in common with Elasticsearch"
        ),
        "known_name": Text(fr="nom connu sur ce réseau", en="name known on that network"),
        "old_variable": Text(fr="variable ELASTICSEARCH_URL seule", en="variable ELASTICSEARCH_URL alone"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="kibana")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact({True: Text(fr="répond", en="answers")}),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach; what keeps it from being ready is looked for only then."""
        try:
            answered = kibana_api.reach_kibana(engine, self.container)
            ref = find_id_and_state(engine, self.container, kibana_api.KIBANA_IMAGE)[0]
            inspected = engine.inspect_container(ref)
            facts = read_kibana_facts(answered, inspected, engine)
            if facts.failing:
                facts = msgspec.structs.replace(
                    facts,
                    **explain_connection(read_log(engine, inspected), inspected, self.elasticsearch, engine),
                )
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("kibana", trouble)
        return Seen(kind="kibana", facts=msgspec.to_builtins(facts), age_s=answered.age_s)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Of a Kibana that wanted an account, older recordings hold no facts at all."""
        seen = super().recall(recorded)
        return add_missing_facts(
            seen, access="open" if get_fact(seen, "answers") else None, answered_in_clear=False
        )


def read_kibana_facts(answered: ServiceReply[ReachedService], inspected: Json, engine: Engine) -> Facts:
    """Put the answer into facts."""
    service = answered.answer
    state = kibana_api.read_kibana_state(service.first_answer) if service else None
    number = kibana_api.read_kibana_version(service.first_answer) if service else None
    return Facts(
        answers=service is not None,
        problem=answered.problem,
        via=answered.via,
        access=service.access if service else None,
        **read_container_life(
            inspected, engine, KIBANA_START_BUDGET_S, ready=state in kibana_api.READY_STATES
        ),
        failing=state not in kibana_api.READY_STATES,
        state=state,
        version=number or read_image_tag(inspected),
        unfit=False,
        complains=False,
        answered_in_clear=False,
        migrating=False,
        host=None,
        loopback=None,
        shares_network=None,
        known_name=None,
        old_variable=False,
    )


def read_image_tag(inspected: Json) -> str | None:
    """Return the version in the image's tag, or None."""
    named = str((inspected.get("Config") or {}).get("Image") or "").partition("@")[0].rpartition("/")[2]
    word = named.partition(":")[2]
    return word if word[:1].isdecimal() else None


def is_before_version_7(inspected: Json) -> bool:
    """Return whether the image's tag names a version before 7; one without a number is taken for newer."""
    major = (read_image_tag(inspected) or "").partition(".")[0]
    return major.isdecimal() and int(major) < 7  # noqa: PLR2004 - the version


def explain_connection(log: str, inspected: Json, elasticsearch: str, engine: Engine) -> dict[str, object]:
    """Return the facts about where it looks for Elasticsearch, and whether that can be there."""
    environment = log_patterns.read_environment(inspected)
    is_old = is_before_version_7(inspected)
    host = (
        log_patterns.find_tried_host(log)
        or log_patterns.read_configured_host(environment, is_old=is_old)
        or log_patterns.DEFAULT_ELASTICSEARCH_HOST
    )
    other = inspect_stack_container(engine, elasticsearch, ELASTICSEARCH)
    loopback = (
        reachability.is_loopback_host(host)
        and reachability.has_own_loopback(inspected)
        and not reachability.lends_network(inspected, engine)
    )
    return {
        "unfit": log_patterns.is_version_incompatible(log),
        "complains": log_patterns.find_tried_host(log) is not None,
        "answered_in_clear": log_patterns.is_answered_in_clear(log),
        "migrating": log_patterns.is_waiting_for_migration(log),
        "host": host,
        "loopback": loopback,
        "shares_network": reachability.can_reach_other(inspected, other) if other else None,
        "known_name": not loopback and is_known_name(host, inspected, other) if other else None,
        "old_variable": not is_old
        and log_patterns.OLD_KIBANA_HOSTS in environment
        and log_patterns.KIBANA_HOSTS not in environment,
    }


def is_known_name(host: str, inspected: Json, other: Json) -> bool | None:
    """Return whether *host* is the other container's name from there; None where only trying could tell."""
    if reachability.is_reachable_name(host, other, inspected) or host in set(iter_linked_names(inspected)):
        return True
    # An address may be the machine's, and a name with dots be known to the network's own name server.
    return None if "." in host or ":" in host or reachability.is_loopback_host(host) else False


def iter_linked_names(inspected: Json) -> Iterator[str]:
    """Yield the names that it was told by `--link` and `--add-host`."""
    host = inspected.get("HostConfig") or {}
    yield from (str(link).rpartition("/")[2] for link in host.get("Links") or [])
    yield from (str(host_entry).partition(":")[0] for host_entry in host.get("ExtraHosts") or [])
