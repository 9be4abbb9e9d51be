"""Kind `proxy-pass`: whether a proxy really passes requests on to another container."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import HttpAnswer, Json, NoAnswer, NotThere, OutOfReach
from dckgrade.engine.probe_container import make_marker
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe, add_missing_facts
from dckgrade.probes.net.proxy_complaints import (
    CLOCK_SLACK,
    NO_OBSTACLE,
    LogProblem,
    get_log_start,
    read_obstacle,
)
from dckgrade.probes.net.proxy_destinations import is_sent_to_address
from dckgrade.probes.support import value_words
from dckgrade.probes.support.http_json import ReachedService
from dckgrade.probes.support.lookup import (
    ContainerName,
    convert_to_observation,
    find_container,
    uptime_s,
)
from dckgrade.probes.support.reachability import get_networks, is_loopback_host, is_running
from dckgrade.probes.support.service import (
    HttpService,
    Port,
    ServiceProblem,
    reach_service,
)
from dckgrade.probes.support.service_settings import list_published_ports
from dckgrade.probes.support.supply import EACH_PROXY, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

GATEWAY_STATUSES = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
"""What a proxy answers by itself where it does not get through."""
STOCK_PAGES = (b"Welcome to nginx", b"It works!")
"""Pages that images bring: two containers that both serve one tell nothing of each other."""
LOG_TRIES, LOG_PAUSE_S = 5, 0.2

UpstreamIs = Literal["itself", "backend", "other"]


class Facts(Struct, frozen=True, kw_only=True):
    """What comes back through the proxy, and what the other container saw of it."""

    proxy_runs: bool
    backend_runs: bool
    """Whether the other container is there, and runs."""
    answers: bool
    """Whether the proxy answers over HTTP at all."""
    problem: ServiceProblem | None
    """Why it does not; not-running: the container is not up."""
    status_code: int | None
    """Of its answer to /."""
    passes: bool
    """Whether requests get through: the marker was seen, or, with a log that tells nothing, one page."""
    marker_seen: bool | None
    """Whether a request sent to the proxy stands in the other container's log; null: that tells nothing."""
    same_page: bool | None
    """Whether both give the same page at /; null: one was not asked, or it is a page that images bring."""
    backend_published: bool
    """Whether the other container has a port on the machine of its own."""
    log_problem: LogProblem | None
    """What the proxy's log says last of why it does not get through, if it is nginx; null without that."""
    upstream: str | None
    """The name or the address that the log speaks of."""
    upstream_is: UpstreamIs | None
    """Whose that is: the proxy's own, the other container's, or somebody else's, or nobody's any more."""
    by_address: bool
    """Whether nginx's configuration sends to the other container's address, and nowhere to a name of it."""


LABELS: Mapping[str, Text] = {
    "proxy_runs": Text(fr="proxy en marche", en="proxy running"),
    "backend_runs": Text(fr="serveur derrière le proxy en marche", en="server behind it running"),
    "answers": Text(fr="réponse du proxy en HTTP", en="answer of the proxy over HTTP"),
    "problem": Text(fr="raison de l'absence de réponse", en="reason why there is no answer"),
    "status_code": Text(fr="code de statut HTTP", en="HTTP status code"),
    "passes": Text(fr="requêtes transmises", en="requests passed on"),
    "marker_seen": Text(fr="requête retrouvée dans les logs", en="request found in the log"),
    "same_page": Text(fr="même page des deux côtés", en="same page on both sides"),
    "backend_published": Text(fr="serveur derrière le proxy publié", en="server behind it published"),
    "log_problem": Text(fr="obstacle selon les logs", en="obstacle by the log"),
    "upstream": Text(fr="destination selon les logs", en="destination by the log"),
    "upstream_is": Text(fr="à qui est cette destination", en="whose that destination is"),
    "by_address": Text(
        fr="serveur derrière le proxy désigné par son adresse", en="server behind it given by its address"
    ),
}


WORDS: Mapping[str, ValueWords] = {
    "problem": value_words.NO_ANSWER,
    "answers": {
        False: Text(fr="le proxy ne répond pas en HTTP", en="the proxy does not answer over HTTP"),
    },
    "passes": {
        False: Text(
            fr="les requêtes n'arrivent pas au serveur derrière le proxy",
            en="requests do not get through to the server behind the proxy",
        ),
    },
    "backend_published": {
        True: Text(
            fr="le serveur derrière le proxy est publié sur la machine",
            en="the server behind the proxy is published on the machine",
        ),
    },
    "by_address": {
        True: Text(
            fr="la configuration du proxy donne une adresse, pas un nom",
            en="the configuration of the proxy gives an address, not a name",
        ),
    },
    "log_problem": {
        "upstream-unknown": Text(fr="nom inconnu", en="unknown name"),
        "refused": Text(fr="connexion refusée", en="connection refused"),
        "no-such": Text(fr="machine introuvable", en="no such machine"),
        "timeout": Text(fr="aucune réponse dans le délai", en="no answer in time"),
        None: Text(fr="aucun", en="none"),
    },
    "upstream_is": {
        "itself": Text(fr="au proxy lui-même", en="the proxy itself"),
        "backend": Text(fr="au serveur derrière le proxy", en="the server behind the proxy"),
        "other": Text(fr="à un autre", en="another"),
        None: Text(fr="inconnu", en="not known"),
    },
}


class ProxyPass(Probe, frozen=True, kw_only=True, tag="proxy-pass"):
    """
    Ask the container *proxy* for pages, and look for a marked request in the log of the container *backend*.

    The marked request is a GET of a path that nobody has; it is sent once a run.
    """

    proxy: ContainerName
    port: Port = 80
    """Where the proxy is promised; what is published as this port of the machine is asked first."""
    backend: ContainerName
    backend_port: Port = 80
    """Where the other container serves."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = Text(
        fr="le conteneur du proxy n'a pas été trouvé", en="the container of the proxy was not found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_PROXY
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "passes": DraftedFact(
            {
                True: Text(
                    fr="transmet à {backend} ce qui arrive sur le port {port}",
                    en="passes on to {backend} what comes in on port {port}",
                )
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"proxy": "proxy", "port": 8080, "backend": "api"}

    def observe(self, engine: Engine) -> Observation:
        """Ask both for their page, then send the marker, then read the logs."""
        try:
            proxy = engine.inspect_container(find_container(engine, self.proxy).id)
            backend = inspect_if_there(engine, self.backend)
            facts = self.read_facts(engine, proxy, backend)
            ages = [
                age
                for container in (proxy, backend)
                if (age := uptime_s(container, engine.now())) is not None
            ]
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("proxy-pass", trouble)
        # While the younger of the two is starting, waiting may help.
        return Seen(
            kind="proxy-pass",
            facts=msgspec.to_builtins(facts),
            age_s=min(ages) if is_running(proxy) and ages else None,
        )

    def read_facts(self, engine: Engine, proxy: Json, backend: Json) -> Facts:
        """Ask, and read the facts; raises `OutOfReach` where nothing tells whether anything gets through."""
        reached = reach_service(engine, self.proxy, describe_server(self.port))
        answer = reached.answer.first_answer if reached.answer else None
        gets_through = answer is not None and answer.status not in GATEWAY_STATUSES
        marker_seen: bool | None = None
        same_page: bool | None = None
        if reached.answer and answer and gets_through and is_running(backend):
            marker_seen = self.look_for_marker(engine, reached.answer, backend)
            same_page = None if marker_seen else self.compare_pages(engine, answer)
            if marker_seen is None and not same_page:
                raise OutOfReach(UnobservableReason.NOT_TRIED, f"{self.backend}: no log")
            if marker_seen is False and answer.status == HTTPStatus.UNAUTHORIZED:
                # What it passes on to who has an account is not seen without one.
                raise OutOfReach(UnobservableReason.NOT_TRIED, f"{self.proxy} wants an account")
        passes = bool(marker_seen or (marker_seen is None and same_page))
        since = get_log_start(proxy)
        if reached.answer and marker_seen is False:
            since = max(since, self.send_marker_once(engine, reached.answer).since)
        problem, upstream = (
            NO_OBSTACLE if passes else find_obstacle(engine, proxy, since, expected=not gets_through)
        )
        return Facts(
            proxy_runs=is_running(proxy),
            backend_runs=is_running(backend),
            answers=answer is not None,
            problem=reached.problem,
            status_code=answer.status if answer else None,
            passes=passes,
            marker_seen=marker_seen,
            same_page=same_page,
            backend_published=bool(list_published_ports(backend)),
            log_problem=problem,
            upstream=upstream or None,
            upstream_is=identify_upstream(upstream, proxy, backend) if upstream else None,
            by_address=is_sent_to_address(
                engine, proxy, (addresses := list_addresses(backend)), list_names(backend) - addresses
            ),
        )

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings do not tell of the configuration."""
        return add_missing_facts(super().recall(recorded), by_address=False)

    def look_for_marker(self, engine: Engine, proxy: ReachedService, backend: Json) -> bool | None:
        """
        Return whether a request sent to the proxy comes to the backend's log; None: that log tells nothing.

        Whether it tells anything is seen by a second request, to the backend itself.
        """
        marker = self.send_marker_once(engine, proxy)
        if is_in_log(engine, backend, marker):
            return True
        control = engine.call_once_per_run(
            ("backend marker", self.proxy, self.backend), lambda: self.send_control(engine)
        )
        return False if is_in_log(engine, backend, control) else None

    def send_marker_once(self, engine: Engine, proxy: ReachedService) -> "Marker":
        """Ask the proxy for a marked path; return the same one for the rest of the run."""
        return engine.call_once_per_run(
            ("proxy marker", self.proxy, self.backend), lambda: send_marker(engine, proxy)
        )

    def send_control(self, engine: Engine) -> "Marker":
        """Ask the backend itself for a path that nobody has."""
        control = make_path_marker(engine)
        with suppress(OutOfReach):
            reach_service(engine, self.backend, describe_server(self.backend_port, control.path))
        return control

    def compare_pages(self, engine: Engine, page: HttpAnswer) -> bool | None:
        """Return whether the backend gives the same page itself; None where that tells nothing."""
        try:
            own = reach_service(engine, self.backend, describe_server(self.backend_port))
        except OutOfReach:
            return None
        if not own.answer or not page.body or any(stock in page.body for stock in STOCK_PAGES):
            return None
        return own.answer.first_answer.body == page.body


def inspect_if_there(engine: Engine, name: str) -> Json:
    """Inspect the container; nothing where there is none."""
    try:
        return engine.inspect_container(find_container(engine, name).id)
    except NotThere:
        return {}


class Marker(Struct, frozen=True):
    """A path that nobody has, and from when on it may stand in a log."""

    path: str
    since: datetime


def make_path_marker(engine: Engine) -> Marker:
    """Make a new one."""
    return Marker(f"/dckgrade-{make_marker()[-12:]}", engine.now() - CLOCK_SLACK)


def send_marker(engine: Engine, proxy: ReachedService) -> Marker:
    """Ask the proxy for a marked path; whatever it answers."""
    marker = make_path_marker(engine)
    with suppress(NoAnswer):
        proxy.request(marker.path)
    return marker


def describe_server(port: int, path: str = "/") -> HttpService:
    """Describe a server of which any answer to *path* will do."""
    return HttpService(image=None, path=path, usual_ports=(port,), is_own_answer=lambda _answer: True)


def is_in_log(engine: Engine, container: Json, marker: Marker) -> bool:
    """Return whether the marker stands in the container's log, which may take a moment."""
    for attempt in range(LOG_TRIES):
        # Another time is another question: within a snapshot each is asked once.
        since = marker.since - timedelta(microseconds=attempt)
        if marker.path in engine.read_log_since(get_id(container), since, tty=has_terminal(container)):
            return True
        time.sleep(LOG_PAUSE_S)
    return False


def find_obstacle(
    engine: Engine, proxy: Json, since: datetime, *, expected: bool
) -> tuple[LogProblem | None, str]:
    """
    Return the proxy's last complaint after *since*, and of which destination.

    Waits a moment where one is *expected*.
    """
    for attempt in range(LOG_TRIES if expected and is_running(proxy) else 1):
        after = since + timedelta(microseconds=attempt)
        found = read_obstacle(engine.read_log_since(get_id(proxy), after, tty=has_terminal(proxy)))
        if found[0]:
            return found
        time.sleep(LOG_PAUSE_S * bool(expected))
    return NO_OBSTACLE


def identify_upstream(upstream: str, proxy: Json, backend: Json) -> UpstreamIs:
    """Return whose name or address it is, with or without a port."""
    host = split_host(upstream)
    if is_loopback_host(host) or host in list_names(proxy):
        return "itself"
    return "backend" if host in list_names(backend) else "other"


def split_host(upstream: str) -> str:
    """Return `api` of `api:8080`, `::1` of `[::1]:80`."""
    if upstream.startswith("["):
        return upstream[1:].partition("]")[0]
    return upstream.partition(":")[0] if upstream.count(":") == 1 else upstream


def list_addresses(inspected: Json) -> set[str]:
    """Return the present addresses of a container."""
    networks = [settings or {} for settings in get_networks(inspected).values()]
    return {str(known.get(key) or "") for known in networks for key in ("IPAddress", "GlobalIPv6Address")} - {
        ""
    }


def list_names(inspected: Json) -> set[str]:
    """Return the names and the present addresses of a container."""
    names = {str(inspected.get("Name") or "").lstrip("/"), *list_addresses(inspected)}
    for settings in get_networks(inspected).values():
        known = settings or {}
        names |= {*map(str, known.get("Aliases") or []), *map(str, known.get("DNSNames") or [])}
    return names - {""}


def get_id(inspected: Json) -> str:
    """Return its id."""
    return str(inspected.get("Id") or "")


def has_terminal(inspected: Json) -> bool:
    """Return whether its log comes from a terminal, which is framed differently."""
    return bool((inspected.get("Config") or {}).get("Tty"))
