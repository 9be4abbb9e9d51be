"""Logstash's monitoring API: its pipelines, and how many events have gone through them."""

from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.engine.answers import HttpAnswer, Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.elastic.container_state import inspect_stack_container, read_log
from dckgrade.probes.elastic.elasticsearch_api import parse_json_object
from dckgrade.probes.elastic.log_patterns import find_api_port, has_started_pipelines
from dckgrade.probes.support.account import is_locked
from dckgrade.probes.support.http_json import (
    HttpRequester,
    ReachedService,
    as_mapping,
    decode_json,
    iter_mappings,
    request_whole_answer,
)
from dckgrade.probes.support.lookup import uptime_s
from dckgrade.probes.support.service import HttpService, ServiceReply, find_id_and_state, reach_service
from dckgrade.report.observation import UnobservableReason

LOGSTASH_IMAGE = "logstash"
START_BUDGET_S = 150.0
PIPELINE_STATS_PATH = "/_node/stats/pipelines"
ELASTICSEARCH_OUTPUT = "elasticsearch"


class PipelineFlow(Struct, frozen=True):
    """What the pipelines are made of, and what has gone through them since Logstash started."""

    inputs: list[str]
    outputs: list[str]
    """Names of the plugins, sorted."""
    taken_in: int
    """Events that came in."""
    passed_on: int
    """Events that every output has taken."""
    written: int | None
    """Documents that Elasticsearch has accepted; None where this version does not tell."""


EMPTY_FLOW = PipelineFlow(inputs=[], outputs=[], taken_in=0, passed_on=0, written=None)


class LogstashIntake(Struct, frozen=True, kw_only=True):
    """Whether a line that is sent now can be taken in, as far as that can be seen."""

    running: bool
    flow: PipelineFlow | None
    """None where its API is not reached, or no pipeline runs."""
    ready: bool
    """A pipeline runs; or nothing will be different later: it does not run, or had the time to start."""

    @property
    def may_write(self) -> bool:
        """Return whether it may write to Elasticsearch: what is not seen may be."""
        return self.running and (self.flow is None or ELASTICSEARCH_OUTPUT in self.flow.outputs)


def read_intake(engine: Engine, container: str) -> LogstashIntake:
    """Look at the Logstash in *container*; that it is not there, or not reached, is no error."""
    inspected = inspect_stack_container(engine, container, LOGSTASH_IMAGE)
    up_s = uptime_s(inspected, engine.now()) if inspected else None
    if inspected is None or up_s is None:
        return LogstashIntake(running=False, flow=None, ready=True)
    try:
        service = reach_logstash(engine, container).answer
        flow = fetch_pipeline_flow(service.request) if service else None
    except OutOfReach:
        service = flow = None
    started = up_s > START_BUDGET_S or (not service and has_started_pipelines(read_log(engine, inspected)))
    return LogstashIntake(running=True, flow=flow, ready=flow is not None or started)


def reach_logstash(engine: Engine, container: str) -> ServiceReply[ReachedService]:
    """
    Reach the API of the Logstash in *container*: where it usually is, else where its log says.

    `OutOfReach` where it wants an account.
    """
    replied = reach_service(engine, container, LOGSTASH)
    if not replied.answer and replied.problem != "not-running":
        inspected = engine.inspect_container(find_id_and_state(engine, container, LOGSTASH_IMAGE)[0])
        if port := find_api_port(read_log(engine, inspected)):
            retried = reach_service(engine, container, replace(LOGSTASH, usual_ports=(port,)))
            replied = retried if retried.answer else replied
    if replied.answer and is_locked(replied.answer.first_answer):
        raise OutOfReach(UnobservableReason.NOT_TRIED, "Logstash's API wants an account")
    return replied


def is_logstash(answer: HttpAnswer) -> bool:
    """Return whether it is Logstash, by the form of its answer."""
    return is_locked(answer) or (
        answer.status == HTTPStatus.OK and {"host", "version"} <= parse_json_object(answer).keys()
    )


LOGSTASH = HttpService(
    image=LOGSTASH_IMAGE,
    path="/",
    usual_ports=(9600,),
    is_own_answer=is_logstash,
    port_settings=("HTTP_PORT", "http.port", "API_HTTP_PORT", "api.http.port"),
    # A question to one of its inputs would become a line.
    allowed_ports=range(9600, 9701),
    # `http.host` may have become the loopback again, by a logstash.yml of the trainee's.
    may_be_inside=True,
)


def read_logstash_version(service: ReachedService) -> str:
    """Return its version: `7.9.3`."""
    return str(as_mapping(decode_json(service.first_answer)).get("version") or "")


def fetch_pipeline_flow(ask: HttpRequester) -> PipelineFlow | None:
    """Return the figures of all its pipelines; None while none runs yet, or of a version before 6."""
    answer = request_whole_answer(ask, PIPELINE_STATS_PATH)
    if answer.status != HTTPStatus.OK:
        return None
    # Its own pipeline, which sends figures about it to Elasticsearch, begins with a point.
    named = as_mapping(as_mapping(decode_json(answer)).get("pipelines")).items()
    pipelines = [as_mapping(pipeline) for name, pipeline in named if not str(name).startswith(".")]
    running = [
        pipeline
        for pipeline in pipelines
        if list_plugins(pipeline, "inputs") or list_plugins(pipeline, "outputs")
    ]
    if not running:
        return None
    outputs = [plugin for pipeline in running for plugin in list_plugins(pipeline, "outputs")]
    return PipelineFlow(
        inputs=sorted(
            {get_plugin_name(plugin) for pipeline in running for plugin in list_plugins(pipeline, "inputs")}
        ),
        outputs=sorted({get_plugin_name(plugin) for plugin in outputs}),
        taken_in=sum(parse_count(as_mapping(pipeline.get("events")).get("in")) for pipeline in running),
        passed_on=sum(parse_count(as_mapping(pipeline.get("events")).get("out")) for pipeline in running),
        written=count_accepted_documents(
            [plugin for plugin in outputs if get_plugin_name(plugin) == ELASTICSEARCH_OUTPUT]
        ),
    )


def list_plugins(pipeline: Json, kind: str) -> list[Json]:
    """List the plugins of a kind: inputs, filters, outputs."""
    return list(iter_mappings(as_mapping(pipeline.get("plugins")).get(kind)))


def get_plugin_name(plugin: Json) -> str:
    """Return the plugin's name: gelf, file, elasticsearch."""
    return str(plugin.get("name") or "")


def count_accepted_documents(outputs: list[Json]) -> int | None:
    """Count the documents that were accepted: told since the output's version 9 (Logstash 6.5)."""
    counters = [
        as_mapping(plugin["documents"]) for plugin in outputs if isinstance(plugin.get("documents"), dict)
    ]
    return sum(parse_count(documents.get("successes")) for documents in counters) if counters else None


def parse_count(found: object) -> int:
    """Read a count."""
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
