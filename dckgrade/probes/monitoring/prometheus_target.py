"""Kind `prometheus-target`: the target of the job that scrapes cAdvisor, as Prometheus sees it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.monitoring.cadvisor_job import (
    ScrapeState,
    leads_to_cadvisor,
    read_scrape_state,
    split_address,
)
from dckgrade.probes.monitoring.prometheus_api import PROMETHEUS_IMAGE, find_open_api, reach_prometheus
from dckgrade.probes.support import reachability
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, uptime_s
from dckgrade.probes.support.service import find_id_and_state
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

TargetHealth = Literal["up", "down", "unknown"]
TARGETS_PAGE, MAX_QUOTED_CHARS = "Status > Targets", 300


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the target that comes closest: one that is up, else the first; null without any."""

    job: str | None
    health: TargetHealth | None
    """Prometheus's own word; unknown before the first scrape."""
    host: str | None
    """What the target is called."""
    port: int | None
    error: str | None
    """The error of the last scrape, secrets masked; empty when there was none."""
    program: str
    """Whose words *text* are: Prometheus's."""
    text: str | None
    """That error, at most 300 characters; null when there was none."""
    place: str
    """Where it can be read."""
    scraped: bool | None
    """Whether it has been scraped once."""
    loopback: bool | None
    """It never leaves the container: localhost, and that is Prometheus's own."""
    itself: bool | None
    """It is Prometheus."""
    is_cadvisor: bool | None
    """It leads to cAdvisor's container, by a name, an address or a port of the machine."""
    cadvisor_running: bool
    shares_network: bool | None
    """Whether Prometheus and cAdvisor are on a network that somebody made."""
    known_name: bool | None
    """Whether the target is one of cAdvisor's names or addresses there."""
    machines_port: bool | None
    """Whether the port is one that cAdvisor is published at on the machine, and not its own."""


WORDS: Mapping[str, ValueWords] = {
    "health": {
        "up": Text(fr="en service (up)", en="up"),
        "down": Text(fr="hors service (down)", en="down"),
        "unknown": Text(fr="pas encore relevée (unknown)", en="not scraped yet (unknown)"),
        None: Text(fr="aucune cible", en="no target"),
    },
}


class PrometheusTarget(Probe, frozen=True, kw_only=True, tag="prometheus-target"):
    """Look at what the Prometheus in *container* scrapes for cAdvisor."""

    container: ContainerName = "prometheus"
    cadvisor: ContainerName = "cadvisor"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.SERVICE
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de Prometheus n'a été trouvé", en="no Prometheus container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "job": Text(fr="job de cAdvisor", en="cAdvisor job"),
        "health": Text(fr="état de la cible", en="target state"),
        "host": Text(fr="hôte de la cible", en="host of the target"),
        "port": Text(fr="port de la cible", en="target port"),
        "error": Text(fr="erreur du dernier relevé", en="error of the last scrape"),
        "program": Text(fr="programme", en="program"),
        "text": Text(fr="erreur du programme", en="error of the program"),
        "place": Text(fr="où elle se lit", en="where it can be read"),
        "scraped": Text(fr="cible déjà relevée", en="target scraped already"),
        "is_cadvisor": Text(
            fr="la cible est le conteneur de cAdvisor", en="the target is cAdvisor's container"
        ),
        "loopback": Text(
            fr="cible sur le conteneur de Prometheus", en="target on Prometheus's own container"
        ),
        "itself": Text(fr="la cible est Prometheus", en="the target is Prometheus"),
        "cadvisor_running": Text(fr="cAdvisor en marche", en="cAdvisor running"),
        "shares_network": Text(fr="réseau commun avec cAdvisor", en="network in common with cAdvisor"),
        "known_name": Text(fr="nom connu sur ce réseau", en="name known on that network"),
        "machines_port": Text(
            fr="port de la machine au lieu de celui du conteneur",
            en="port of the machine instead of the container's",
        ),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("prometheus")
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="prometheus")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "health": DraftedFact(
            {"up": Text(fr="a cAdvisor pour cible, en marche", en="has cAdvisor as a target that is up")}
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask Prometheus, then inspect both ends; the younger one's age is the target's."""
        try:
            answered = reach_prometheus(engine, self.container)
            prometheus = engine.inspect_container(
                find_id_and_state(engine, self.container, PROMETHEUS_IMAGE)[0]
            )
            cadvisor = reachability.inspect_cadvisor(engine, self.cadvisor)
            ask = find_open_api(answered)
            state = read_scrape_state(ask, engine, prometheus, cadvisor) if ask else None
            facts = read_target_facts(state, answered.answer, prometheus, cadvisor)
            ages = [answered.age_s, uptime_s(cadvisor or {}, engine.now())]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("prometheus-target", trouble)
        age_s = min((age for age in ages if age is not None), default=None)
        return Seen(kind="prometheus-target", facts=msgspec.to_builtins(facts), age_s=age_s)


def choose_nearest_target(state: ScrapeState, prometheus: Json, cadvisor: Json | None) -> Json | None:
    """Return the target of cAdvisor's job that leads to it and is up, else leads to it, else is up."""
    if state.job is None:
        return None

    def is_cadvisor(target: Json) -> bool:
        host, port = split_address(str(target.get("scrapeUrl") or ""))
        return cadvisor is not None and leads_to_cadvisor(host, port, prometheus, cadvisor)

    return max(
        state.list_targets_of(state.job),
        key=lambda target: (is_cadvisor(target), target.get("health") == "up"),
        default=None,
    )


def read_target_facts(
    state: ScrapeState | None, service: ReachedService | None, prometheus: Json, cadvisor: Json | None
) -> Facts:
    """Return the facts of the target, seen from both ends."""
    own = cadvisor if cadvisor and reachability.is_running(cadvisor) else None
    target = choose_nearest_target(state, prometheus, own) if state else None
    host, port = split_address(str((target or {}).get("scrapeUrl") or ""))
    error = mask_secrets(str(target.get("lastError") or "")) if target else None
    health = parse_target_health(target)
    nothing: dict[str, Any] = dict.fromkeys(
        ("loopback", "itself", "is_cadvisor", "known_name", "machines_port")
    )
    return Facts(
        job=state.job.name if state and state.job else None,
        health=health,
        host=host,
        port=port,
        error=error,
        program="Prometheus",
        text=error[:MAX_QUOTED_CHARS] if error else None,
        place=TARGETS_PAGE,
        scraped=health != "unknown" if health else None,
        cadvisor_running=own is not None,
        shares_network=reachability.share_network(prometheus, own) if own else None,
        **(compare_target_ends(host, port, service, prometheus, own) if host and service else nothing),
    )


def compare_target_ends(
    host: str, port: int | None, service: ReachedService, prometheus: Json, cadvisor: Json | None
) -> dict[str, bool | None]:
    """Compare the target with the names and ports of both containers."""
    near = reachability.is_loopback_host(host) and reachability.has_own_loopback(prometheus)
    itself = near or reachability.is_reachable_name(host, prometheus, prometheus)
    ports = reachability.map_published_ports(cadvisor or {})
    return {
        "loopback": near,
        "itself": itself and port == service.port,
        "is_cadvisor": cadvisor is not None and leads_to_cadvisor(host, port, prometheus, cadvisor),
        "known_name": reachability.is_reachable_name(host, cadvisor, prometheus) if cadvisor else None,
        "machines_port": port in ports and port not in ports.values() if cadvisor else None,
    }


def parse_target_health(target: Json | None) -> TargetHealth | None:
    """Read Prometheus's word."""
    match (target or {}).get("health"):
        case "up" | "down" | "unknown" as word:
            return word  # type: ignore[no-any-return]
        case None:
            return None
        case other:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"health: {other}")
