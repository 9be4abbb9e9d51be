"""Kind `log-marker`: whether a unique line of a container arrives in Elasticsearch, or where it stops."""

import re
from collections.abc import Mapping
from math import inf
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.probe_container_form import SENDING_DRIVERS
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import name_account_inputs
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.elastic import elasticsearch_api
from dckgrade.probes.elastic.container_state import read_log
from dckgrade.probes.elastic.elasticsearch_api import NotAvailableYet
from dckgrade.probes.elastic.failure_modes import (
    has_lost_data,
    is_log_reading_denied,
    read_logstash_connection,
    was_accepted,
)
from dckgrade.probes.elastic.log_routes import survey_log_routes
from dckgrade.probes.elastic.logstash_api import EMPTY_FLOW, LogstashIntake, PipelineFlow, read_intake
from dckgrade.probes.elastic.marker import MarkerEmission, MarkerMethod, emit_marker
from dckgrade.probes.support.http_json import HttpRequester, ServiceTimedOut
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation
from dckgrade.probes.support.supply import ONCE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

LogHop = Literal["no-way", "start", "container-log", "logstash-in", "logstash-out", "elasticsearch"]
MARKER_BUDGET_S = 45.0
"""Sent line by line, it is there in 1 to 3 s; read from files, Logstash looks for new ones every 15 s."""
RETRY_AFTER_S = 3.0
"""A web server that logs no requests shows it by then."""
UNKNOWN_ROUTE_BUDGET_S = 15.0
"""For a way that cannot be seen: programs that follow files look at them every 10 to 15 s."""
SENT_BUDGET_S = 6.0
"""For a line that is sent, where Logstash cannot be what carries it on."""
REFUSED_AFTER_S = 8.0
"""By then a line that is sent has been accepted, or refused."""
LOOP_EVENTS_PER_S = 50
"""More lines than a lab's containers say."""


class Facts(Struct, frozen=True, kw_only=True):
    """What became of the word; it is said once Elasticsearch and a pipeline into it are there."""

    said: bool
    by: MarkerMethod | None
    container: str | None
    """Whose line it is."""
    driver: str | None
    ways: list[str]
    """How lines may leave: the driver; files (Docker's), volumes, engine (API), journal, machine (a port)."""
    found: bool
    bypassed: bool
    """It was found, and Logstash, which counts what it takes in, did not have it, or does not run."""
    index: str | None
    """Where it was found."""
    latency_s: float | None
    waited_s: float | None
    in_log: bool | None
    """Whether the engine shows it in the container's own log; null where that cannot be read."""
    hop: LogHop | None
    """The first step that it did not take; null once it is found, or where no step can be told."""
    error: str | None
    """The engine's sentence where a container with these log settings does not start, secrets masked."""
    wrong_protocol: bool
    """The driver sends to a port that is published for the other protocol alone."""
    cannot_read: bool | None
    """Whoever reads Docker's files may not: tried inside; null where that could not be."""
    failing: bool
    """Whether Logstash's log ends with Elasticsearch not reached, or it refuses what has come since."""
    refusal: str | None
    """Why Elasticsearch refused a document of Logstash's, the last time that it did; secrets masked."""
    looping: bool
    """Logstash reads its own lines, and writes a new one for each."""
    documents: int | None
    """How many Elasticsearch held before."""
    old_lines_left: bool
    """The container had said more than came to Logstash with the word: only new lines are read."""
    lost: bool
    """Logstash has written more than Elasticsearch holds, which is younger and has no volume."""


WORDS: Mapping[str, ValueWords] = {
    "by": {
        "request": Text(fr="requête à un serveur web du TP", en="request to a web server of the lab"),
        "container": Text(fr="conteneur d'essai", en="trial container"),
        "command": Text(fr="commande dans un conteneur du TP", en="command in a container of the lab"),
        None: Text(fr="aucun", en="none"),
    },
    "hop": {
        "no-way": Text(fr="aucun chemin vers Logstash", en="no way to Logstash"),
        "start": Text(fr="départ du conteneur", en="leaving the container"),
        "container-log": Text(fr="logs du conteneur", en="the container's log"),
        "logstash-in": Text(fr="entrée de Logstash", en="the way into Logstash"),
        "logstash-out": Text(fr="sortie de Logstash", en="the way out of Logstash"),
        "elasticsearch": Text(fr="Elasticsearch", en="Elasticsearch"),
        None: Text(fr="aucune", en="none"),
    },
    "found": {
        False: Text(
            fr="la ligne témoin n'est pas arrivée dans Elasticsearch",
            en="the marker line did not arrive in Elasticsearch",
        ),
    },
    "looping": {True: Text(fr="Logstash relit ses propres lignes", en="Logstash reads its own lines")},
}


class LogMarker(Probe, frozen=True, kw_only=True, tag="log-marker"):
    """Follow a word from a container's standard output through *logstash* to *elasticsearch*."""

    elasticsearch: ContainerName = "elasticsearch"
    logstash: ContainerName = "logstash"

    facts: ClassVar[type[Struct]] = Facts
    inputs: ClassVar[tuple[str, ...]] = name_account_inputs("elasticsearch")
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.WAIT
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur dont la sortie parte vers Elasticsearch n'a été trouvé",
        en="no container whose output goes to Elasticsearch was found",
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "said": Text(fr="ligne témoin émise", en="marker line emitted"),
        "by": Text(fr="moyen d'émission", en="means of emission"),
        "container": Text(fr="conteneur de la ligne", en="container of the line"),
        "driver": Text(fr="pilote de logs", en="log driver"),
        "ways": Text(fr="chemins possibles des lignes", en="ways that lines can take"),
        "found": Text(fr="ligne témoin trouvée dans Elasticsearch", en="marker line found in Elasticsearch"),
        "bypassed": Text(fr="ligne passée à côté de Logstash", en="line passed Logstash by"),
        "index": Text(fr="index où elle se trouve", en="index that holds it"),
        "latency_s": Text(fr="temps jusqu'à Elasticsearch", en="time until Elasticsearch"),
        "waited_s": Text(fr="temps d'attente", en="time waited"),
        "in_log": Text(fr="ligne dans le log du conteneur", en="line in the container's log"),
        "hop": Text(fr="première étape manquée", en="first step missed"),
        "error": Text(fr="erreur du moteur", en="error of the engine"),
        "wrong_protocol": Text(
            fr="port publié pour l'autre protocole", en="port published for the other protocol"
        ),
        "cannot_read": Text(
            fr="fichiers de logs illisibles pour le lecteur", en="log files unreadable for the reader"
        ),
        "failing": Text(
            fr="Elasticsearch hors d'atteinte pour Logstash", en="Elasticsearch out of reach for Logstash"
        ),
        "refusal": Text(fr="refus d'Elasticsearch", en="refusal by Elasticsearch"),
        "looping": Text(fr="Logstash relit ses propres lignes", en="Logstash reads its own lines"),
        "documents": Text(fr="documents présents avant", en="documents present before"),
        "old_lines_left": Text(fr="anciennes lignes laissées de côté", en="older lines passed over"),
        "lost": Text(fr="documents perdus avec leur conteneur", en="documents lost with their container"),
    }
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "found": DraftedFact(
            {True: Text(fr="mène les logs dans Elasticsearch", en="logs reach Elasticsearch")}
        )
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Say the word once a run, as soon as both ends are there; look for it in each look."""
        try:
            ask, logstash = (
                reach_open_elasticsearch(engine, self.elasticsearch),
                read_intake(engine, self.logstash),
            )
            if ask is None or not logstash.ready:
                return Seen(kind="log-marker", facts=msgspec.to_builtins(NOT_YET_FACTS))
            emission = self.emit_once(engine, ask, logstash.flow)
            facts = self.build_facts(engine, emission, ask, logstash)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("log-marker", trouble)
        age_s = get_marker_age_s(emission, logstash)
        return Seen(kind="log-marker", facts=msgspec.to_builtins(facts), age_s=age_s)

    def emit_once(self, engine: Engine, ask: HttpRequester, flow: PipelineFlow | None) -> MarkerEmission:
        """Say the word; and once more in another way where a request leaves no line."""
        # Only looking needs threads and chance; judging imports the kinds of probes too.
        from dckgrade.engine.probe_container import make_marker

        def first() -> MarkerEmission:
            return emit_marker(engine, make_marker(), flow, count_held(ask), survey_log_routes(engine))

        emission = engine.call_once_per_run("log-marker", first)
        if (
            emission.by == "request"
            and emission.waited_s >= RETRY_AFTER_S
            and is_in_container_log(engine, emission) is False
        ):
            emission = engine.call_once_per_run("log-marker again", lambda: repeat_marker(engine, emission))
        return emission

    def build_facts(
        self, engine: Engine, emission: MarkerEmission, ask: HttpRequester, logstash: LogstashIntake
    ) -> Facts:
        """Look for it, and where it is not found, see how far it came."""
        index, searched = look_for_line(ask, emission)
        latency = (
            engine.call_once_per_run(("found", emission.marker), lambda: emission.waited_s) if index else None
        )
        kept = is_in_container_log(engine, emission) if emission.by and not index else None
        flow, connection = logstash.flow, read_logstash_connection(engine, self.logstash)
        is_refused = connection.has_refused(emission.marker)
        written, waits = count_written_since(emission, flow), flow is None or flow.waits
        return Facts(
            said=emission.by is not None,
            by=emission.by,
            container=emission.container or None,
            driver=emission.driver or emission.routes.factory or None,
            ways=emission.routes.names,
            found=index is not None,
            bypassed=index is not None and has_bypassed(emission, logstash),
            index=index,
            latency_s=round(latency, 1) if latency is not None else None,
            waited_s=round(emission.waited_s, 1),
            in_log=True if index else kept,
            hop=None if index or not searched else find_missing_hop(emission, flow, kept=kept),
            error=mask_secrets(emission.error)[:300] or None,
            wrong_protocol=emission.wrong_protocol,
            cannot_read=is_log_reading_denied(engine, emission.routes) if not index else None,
            failing=not index and (is_refused or connection.is_failing(written, waits=waits)),
            refusal=connection.refusal,
            looping=is_looping(engine, emission, flow),
            documents=emission.held,
            old_lines_left=index is not None and skips_old_lines(engine, emission, flow),
            lost=has_lost_data(engine, self.elasticsearch, self.logstash) and was_accepted(emission),
        )


NOT_YET_FACTS = Facts(
    said=False,
    by=None,
    container=None,
    driver=None,
    ways=[],
    found=False,
    bypassed=False,
    index=None,
    latency_s=None,
    waited_s=None,
    in_log=None,
    hop=None,
    error=None,
    wrong_protocol=False,
    cannot_read=None,
    failing=False,
    refusal=None,
    looping=False,
    documents=None,
    old_lines_left=False,
    lost=False,
)


def reach_open_elasticsearch(engine: Engine, elasticsearch: str) -> HttpRequester | None:
    """Reach Elasticsearch; None while it has no cluster, or where it wants an account."""
    found = elasticsearch_api.reach_elasticsearch(engine, elasticsearch).answer
    if not found or found.is_locked:
        return None
    return found.request if elasticsearch_api.fetch_cluster_health(found.request) else None


def count_held(ask: HttpRequester) -> int | None:
    """Count what Elasticsearch holds; None while it cannot tell."""
    try:
        return sum(elasticsearch_api.count_documents(ask).values())
    except (NotAvailableYet, ServiceTimedOut):
        return None


def repeat_marker(engine: Engine, emission: MarkerEmission) -> MarkerEmission:
    """Repeat the word in another way; where there is none, what was said stands."""
    try:
        return emit_marker(
            engine, emission.marker, emission.before, emission.held, emission.routes, again=True
        )
    except OutOfReach:
        return emission


def look_for_line(ask: HttpRequester, emission: MarkerEmission) -> tuple[str | None, bool]:
    """Return the index of the line, and whether could be searched at all; an outage that lasts is raised."""
    if not emission.by:
        return None, True
    try:
        return elasticsearch_api.find_line_index(ask, emission.marker), True
    except (NotAvailableYet, ServiceTimedOut):
        if emission.waited_s > MARKER_BUDGET_S:
            raise OutOfReach(UnobservableReason.UNREADABLE, "/_search") from None
        return None, False


def get_marker_age_s(emission: MarkerEmission, logstash: LogstashIntake) -> float | None:
    """Count the wait from the word; None where waiting cannot help any more."""
    if emission.by is None or emission.waited_s > get_patience_s(emission, logstash):
        return None
    return round(emission.waited_s, 1)


def get_patience_s(emission: MarkerEmission, logstash: LogstashIntake) -> float:
    """Return for how long the line may still be on its way."""
    routes = emission.routes
    others_carry = routes.socket or routes.journal or (routes.reader and not routes.reader.logstash)
    sent = emission.driver in SENDING_DRIVERS
    if not logstash.may_write and not others_carry:
        return SENT_BUDGET_S if sent else UNKNOWN_ROUTE_BUDGET_S
    if not routes.names:
        return UNKNOWN_ROUTE_BUDGET_S
    return MARKER_BUDGET_S if sent else inf


def has_bypassed(emission: MarkerEmission, logstash: LogstashIntake) -> bool:
    """Return whether the line came by another way than through Logstash, as far as that can be told."""
    if not logstash.running:
        return True
    flow, before = logstash.flow, emission.before
    return flow is not None and before is not None and flow.taken_in <= before.taken_in


def is_in_container_log(engine: Engine, emission: MarkerEmission) -> bool | None:
    """Return whether the engine itself shows the line; None where the driver keeps nothing to be shown."""
    try:
        tty = bool((engine.inspect_container(emission.ref).get("Config") or {}).get("Tty"))
        text = engine.read_log_tail(emission.ref, tty=tty)
    except (NotThere, OutOfReach):
        return None
    if emission.marker in text:
        return True
    # Engines before 20.10 show nothing of drivers that send; nor does a driver that was told to keep nothing.
    return None if emission.driver in SENDING_DRIVERS and not text else False


def skips_old_lines(engine: Engine, emission: MarkerEmission, flow: PipelineFlow | None) -> bool:
    """Return whether older lines of the same file were passed over, by how many came in all."""
    if emission.by != "request" or "files" not in emission.routes.names or not flow:
        return False
    if emission.before is None or emission.before.taken_in:
        return False
    tty = bool((engine.inspect_container(emission.ref).get("Config") or {}).get("Tty"))
    return len(engine.read_log_tail(emission.ref, tty=tty).splitlines()) > flow.taken_in


def find_missing_hop(
    emission: MarkerEmission, flow: PipelineFlow | None, *, kept: bool | None
) -> LogHop | None:
    """Name the first step that was not taken, by what has been counted since the word was said."""
    if emission.error and (emission.by is None or emission.waited_s > SENT_BUDGET_S):
        return "start"
    if not emission.routes.names:
        return "no-way"
    if kept is False and not emission.shares_files:
        return "container-log"
    return find_missing_step(emission.before or EMPTY_FLOW, flow) if flow else None


def find_missing_step(before: PipelineFlow, flow: PipelineFlow) -> LogHop:
    """Name the first step in Logstash that no event has taken since."""
    if flow.taken_in <= before.taken_in:
        return "logstash-in"
    if flow.passed_on <= before.passed_on or (
        flow.written is not None and flow.written <= (before.written or 0)
    ):
        return "logstash-out"
    return "elasticsearch"


def count_written_since(emission: MarkerEmission, flow: PipelineFlow | None) -> int | None:
    """Count what Elasticsearch accepted since the word was said; None where none could be expected yet."""
    before = emission.before.written if emission.before else None
    if flow is None or flow.written is None or before is None or emission.waited_s < REFUSED_AFTER_S:
        return None
    return flow.written - before


def is_looping(engine: Engine, emission: MarkerEmission, flow: PipelineFlow | None) -> bool:
    """Return whether Logstash reads what it prints: by what it prints, or by how fast that grows."""
    reader = emission.routes.reader
    if not reader or not reader.logstash or not flow or not emission.before or "stdout" not in flow.outputs:
        return False
    grown = flow.taken_in - emission.before.taken_in
    return grown > LOOP_EVENTS_PER_S * max(1.0, emission.waited_s) or prints_own_lines(engine, reader.ref)


def prints_own_lines(engine: Engine, ref: str) -> bool:
    """Return whether a container has printed an event that came from the file of its own lines."""
    printed = read_log(engine, engine.inspect_container(ref))
    return re.search(rf'"path" ?(=>|:) ?"[^"\n]*/{re.escape(ref)}/', printed) is not None
