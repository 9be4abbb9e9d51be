"""Kind `grafana`: whether Grafana lets us in, and how its data sources fare."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach, ReachedVia
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring import grafana_api
from dckgrade.probes.monitoring.grafana_api import (
    ACCOUNT_ORIGIN_WORDS,
    AccountOrigin,
    GrafanaAccess,
    OpenedGrafana,
)
from dckgrade.probes.support import reachability, value_words
from dckgrade.probes.support.http_json import HttpRequester, as_mapping, decode_json
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.service import ServiceProblem, ServiceReply, find_id_and_state
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

DATA_FOLDER = "/var/lib/grafana"
REQUEST_PREFIX_PATTERN = compile_lazily(r'^\w+ "[^"]*": ')


class CheckedDataSource(Struct, frozen=True, kw_only=True):
    """A data source of the type Prometheus, and what Grafana says of it."""

    name: str
    url: str
    """Secrets masked."""
    healthy: bool
    message: str
    """Grafana's words where it is not, secrets masked."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of one Grafana. No password, and nothing that was sent, is among the facts."""

    answers: bool
    problem: ServiceProblem | None
    via: ReachedVia | None
    version: str | None
    access: GrafanaAccess | None
    account_of: AccountOrigin | None
    """Whose account was tried: the user's option, the container's variables, the image's own."""
    data_kept: bool
    """Whether something is mounted where Grafana keeps its data."""
    sources: list[CheckedDataSource] | None
    """Null where Grafana lets nobody in."""
    healthy: bool | None
    """Whether one of them is."""
    url: str | None
    """Of the healthy one, else of the first: its address, and what Grafana says of it."""
    message: str | None
    reason: str | None
    """The heart of that message, without the address and what is said each time."""
    loopback: bool | None
    """That address never leaves Grafana's own container."""


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "via": value_words.REACHED_VIA,
    "access": value_words.ACCESS,
    "account_of": ACCOUNT_ORIGIN_WORDS,
    "healthy": {
        False: Text(
            fr="aucune source de données Prometheus ne fonctionne", en="no Prometheus data source works"
        ),
        None: Text(
            fr="on ne sait pas si une source de données fonctionne",
            en="whether a data source works is not known",
        ),
    },
    "sources": {
        **value_words.NO_ELEMENT_FEMININE,
        None: Text(fr="inconnues", en="not known"),
    },
}


class Grafana(Probe, frozen=True, kw_only=True, tag="grafana"):
    """Look at the Grafana in *container*, by the account that was named, that it names, or came with."""

    container: ContainerName = "grafana"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Grafana n'a été trouvé", en="no Grafana container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "answers": Text(fr="Grafana répond", en="Grafana answers"),
        "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
        "via": Text(fr="voie de la réponse", en="way of the answer"),
        "version": Text(fr="version de Grafana", en="Grafana version"),
        "data_kept": Text(fr="données de Grafana conservées", en="Grafana's data kept"),
        "sources": Text(fr="sources de données Prometheus", en="Prometheus data sources"),
        "healthy": Text(fr="une source de données fonctionne", en="a data source works"),
        "url": Text(fr="adresse de la source de données", en="address of the data source"),
        "message": Text(fr="message de Grafana sur la source", en="message of Grafana about the source"),
        "reason": Text(fr="raison donnée par Grafana", en="reason given by Grafana"),
        "loopback": Text(
            fr="adresse qui reste dans le conteneur de Grafana",
            en="address that stays in Grafana's container",
        ),
        "access": Text(fr="accès à Grafana", en="access to Grafana"),
        "account_of": Text(fr="compte essayé", en="account tried"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("grafana")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="grafana")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "answers": DraftedFact({True: Text(fr="répond", en="answers")}),
        "healthy": DraftedFact({True: Text(fr="lit sa source de données", en="reads its data source")}),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, reach, log in once, ask for the data sources and their health."""
        try:
            answered = grafana_api.open_grafana(engine, self.container)
            inspected = engine.inspect_container(
                find_id_and_state(engine, self.container, grafana_api.GRAFANA_IMAGE)[0]
            )
            facts = read_grafana_facts(answered, inspected)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("grafana", trouble)
        return Seen(kind="grafana", facts=msgspec.to_builtins(facts), age_s=answered.age_s)


def read_grafana_facts(answered: ServiceReply[OpenedGrafana], inspected: Json) -> Facts:
    """Put it all into facts."""
    opened = answered.answer
    sources = check_data_sources(opened.ask) if opened and opened.ask else None
    best = next((source for source in sources or () if source.healthy), next(iter(sources or ()), None))
    return Facts(
        answers=opened is not None,
        problem=answered.problem,
        via=answered.via,
        version=read_grafana_version(opened) if opened else None,
        access=opened.access if opened else None,
        account_of=opened.account_of if opened else None,
        data_kept=any(mount.get("Destination") == DATA_FOLDER for mount in inspected.get("Mounts") or []),
        sources=sources,
        healthy=any(source.healthy for source in sources) if sources is not None else None,
        url=best.url if best else None,
        message=best.message if best else None,
        reason=extract_reason(best.message) if best else None,
        loopback=points_at_itself(best.url, inspected) if best else None,
    )


def read_grafana_version(opened: OpenedGrafana) -> str | None:
    """Read the version out of the answer that needs no account; later ones may be told to keep it quiet."""
    return str(as_mapping(decode_json(opened.service.first_answer)).get("version") or "") or None


def check_data_sources(ask: HttpRequester) -> list[CheckedDataSource]:
    """Have each data source checked by Grafana."""
    listed = [
        (source, *grafana_api.check_data_source_health(ask, source))
        for source in grafana_api.list_prometheus_sources(ask)
    ]
    return [
        CheckedDataSource(
            name=source.name, url=mask_secrets(source.url), healthy=healthy, message=mask_secrets(message)
        )
        for source, healthy, message in listed
    ]


def extract_reason(message: str) -> str:
    """Leave out of `Post "http://…": dial tcp …: connection refused - There was …` what is not the reason."""
    return REQUEST_PREFIX_PATTERN.sub("", message).partition(" - There was an error")[0]


def points_at_itself(url: str, inspected: Json) -> bool:
    """Return whether *url* is the container itself, and that has a loopback of its own."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return False
    return reachability.is_loopback_host(host) and reachability.has_own_loopback(inspected)
