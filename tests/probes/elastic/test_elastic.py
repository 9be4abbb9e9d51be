"""Elasticsearch, Logstash, Kibana, of versions 7 and 8: what they answer, and what their containers say."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, HttpAnswer, Login, NoAnswer
from dckgrade.probes.elastic import log_patterns
from dckgrade.probes.elastic.elastic_network import ElasticNetwork
from dckgrade.probes.elastic.elasticsearch import Elasticsearch
from dckgrade.probes.elastic.kibana import Kibana
from dckgrade.probes.elastic.log_marker import LogMarker
from dckgrade.probes.elastic.logstash import Logstash
from dckgrade.probes.elastic.logstash_api import read_intake
from dckgrade.probes.elastic.logstash_log import LogstashLog
from dckgrade.report.observation import Absent, Seen, Unobservable
from tests.support.elastic_stack import (
    AVAILABLE,
    ELASTICSEARCH,
    GREEN,
    KIBANA,
    LOGSTASH,
    NOT_READY,
    Stack,
    stats,
)
from tests.support.fake_engine import facts, is_a_world
from tests.support.monitoring import page

REFUSED = {
    "error": {"type": "security_exception", "reason": "missing authentication credentials"},
    "status": 401,
}


def changed(given: Any, **changes: Any) -> Any:
    return {**given, **changes}


def test_the_fake_stack_is_a_world() -> None:
    is_a_world(Stack())


@pytest.mark.parametrize("colour", ["green", "yellow", "red"])
def test_a_cluster_is_of_the_colour_that_it_says(colour: str) -> None:
    engine = Stack()
    engine.pages["9200/_cluster/health"] = page({"status": colour})
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["answers"], seen["access"], seen["version"], seen["cluster"]) == (
        True,
        "open",
        "7.9.3",
        colour,
    )


@pytest.mark.parametrize(
    "answer",
    [page({"error": {"type": "master_not_discovered_exception"}}, 503), page({}, 408), NoAnswer("silent")],
)
def test_a_cluster_without_a_master_has_no_colour_and_is_starting(answer: HttpAnswer | NoAnswer) -> None:
    engine = Stack().aged("elasticsearch", 20)
    engine.pages["9200/_cluster/health"] = answer
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["answers"], seen["cluster"], seen["starting"]) == (True, None, True)


def test_version_8_wants_an_account_and_its_health_is_not_asked_for() -> None:
    engine = Stack()
    engine.pages["9200/"] = page(REFUSED, 401)
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["answers"], seen["access"], seen["version"], seen["cluster"]) == (
        True,
        "wanted",
        None,
        None,
    )
    assert not any("health" in asked for asked in engine.questions)


@pytest.mark.parametrize(
    ("password", "access", "cluster"), [("right", "granted", "yellow"), ("wrong", "refused", None)]
)
def test_an_account_that_the_user_names_opens_it_or_is_refused_once(
    password: str, access: str, cluster: str | None
) -> None:
    engine = Stack()
    engine.accounts = {ELASTICSEARCH: Login("elastic", "right")}
    engine.inputs = {"elasticsearch-user": "elastic", "elasticsearch-password": password}
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["access"], seen["cluster"]) == (access, cluster)
    assert password not in str(seen)


def test_an_elasticsearch_with_an_account_is_searched_for_the_word_too() -> None:
    engine = Stack()
    engine.accounts = {ELASTICSEARCH: Login("elastic", "right")}
    assert facts(LogMarker().observe(engine))["said"] is False, "nothing can be looked for"
    engine.inputs = {"elasticsearch-user": "elastic", "elasticsearch-password": "right"}
    assert facts(LogMarker().observe(engine))["said"] is True


def test_another_program_at_its_port_is_not_elasticsearch() -> None:
    engine = Stack()
    engine.pages["9200/"] = page(b"<html>")
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["answers"], seen["problem"]) == (False, "garbled")


@pytest.mark.parametrize(("up", "starting"), [(5, True), (119, True), (600, False)])
def test_a_silent_one_is_starting_for_two_minutes_and_no_longer(up: float, starting: object) -> None:
    engine = Stack().aged("elasticsearch", up)
    engine.pages["9200/"] = NoAnswer("reset")
    seen = facts(Elasticsearch().observe(engine))
    assert (seen["problem"], seen["starting"], seen["up_s"]) == ("reset", starting, up)


def test_one_that_has_ended_says_why_in_its_log() -> None:
    engine = Stack().ended("elasticsearch", "bootstrap checks failed", 78)
    observed = Elasticsearch().observe(engine)
    seen = facts(observed)
    assert (seen["problem"], seen["exit_code"], seen["log_tail"]) == (
        "not-running",
        78,
        "bootstrap checks failed",
    )
    assert isinstance(observed, Seen)
    assert observed.age_s is None, "a dead one is not waited for"


def test_indices_locked_for_want_of_space_are_named_but_for_kibana_s_own() -> None:
    locked = {"settings": {"index.blocks.read_only_allow_delete": "true"}}
    engine = Stack()
    engine.pages["9200/_all/_settings"] = page(
        {"logs": locked, ".kibana_1": locked, "free": {"settings": {}}}
    )
    assert facts(Elasticsearch().observe(engine))["locked"] == ["logs"]


def test_without_a_container_it_is_absent() -> None:
    assert isinstance(Elasticsearch().observe(Stack().without("elasticsearch")), Absent)


def test_it_is_asked_inside_where_no_address_is_reached() -> None:
    engine = Stack()
    engine.far = True
    assert facts(Elasticsearch().observe(engine))["via"] == "inside"


def test_logstash_tells_its_pipelines_and_what_went_through_them() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(
        7, 6, 5, ["stdout", "elasticsearch"], ["gelf", "beats"]
    )
    seen = facts(Logstash().observe(engine))
    assert seen["inputs"] == ["beats", "gelf"]
    assert seen["outputs"] == ["elasticsearch", "stdout"]
    assert (seen["taken_in"], seen["passed_on"], seen["written"]) == (7, 6, 5)
    assert (seen["running"], seen["failing"]) == (True, False)


def test_a_version_that_does_not_count_documents_says_nothing_of_them() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(1, 1, None)
    assert facts(Logstash().observe(engine))["written"] is None


def test_its_own_monitoring_is_no_pipeline_of_the_trainee_s() -> None:
    engine = Stack().aged("logstash", 10)
    stats = {"pipelines": {".monitoring-logstash": {"plugins": {"outputs": [{"name": "elasticsearch"}]}}}}
    engine.pages["9600/_node/stats/pipelines"] = page(stats)
    seen = facts(Logstash().observe(engine))
    assert (seen["running"], seen["outputs"], seen["starting"]) == (False, [], True)


def test_an_api_that_is_open_inside_alone_is_asked_inside() -> None:
    engine = Stack()
    engine.only_inside = LOGSTASH
    seen = facts(Logstash().observe(engine))
    assert (seen["answers"], seen["via"]) == (True, "inside")


@pytest.mark.parametrize(
    ("places", "own", "elsewhere"),
    [
        ([], False, False),
        (["/usr/share/logstash/pipeline"], True, False),
        (["/usr/share/logstash/pipeline/logstash.conf"], True, False),
        (["/usr/share/logstash"], True, False),
        (["/etc/logstash/conf.d"], False, True),
        (["/usr/share/logstash/config/logstash.conf"], False, True),
        (["/var/lib/docker/containers"], False, False),
        (["/usr/share/logstash/config/logstash.yml"], False, False),
    ],
)
def test_a_pipeline_is_mounted_where_it_is_looked_for_or_elsewhere(
    places: list[str], own: object, elsewhere: object
) -> None:
    engine = Stack()
    engine.inspect("logstash")["Mounts"] = [{"Destination": place, "Source": "/x"} for place in places]
    seen = facts(Logstash().observe(engine))
    assert (seen["pipeline_mounted"], seen["mounted_elsewhere"]) == (own, elsewhere)


STARTS = '[INFO ][logstash.runner] Starting Logstash {"logstash.version"=>"7.9.3"}'
RAN = (
    "[INFO ][logstash.agent] Pipelines running "
    "{:count=>1, :running_pipelines=>[:main], :non_running_pipelines=>"
)
OUT = "[2026-01-01T10:00:00,000][WARN ][logstash.outputs.elasticsearch][main] "
DEAD = OUT + (
    'Attempted to resurrect connection to dead ES instance, but got an error. {:url=>"http://elastic:9200/", '
    ":error_type=>LogStash::Outputs::ElasticSearch::HttpClient::Pool::HostUnreachableError}"
)
ALIVE = OUT + 'Restored connection to ES instance {:url=>"http://elasticsearch:9200/"}'
LICENCE = DEAD.replace("logstash.outputs.elasticsearch", "logstash.licensechecker.licensereader")
LOCKED = OUT.replace("WARN ", "INFO ") + (
    'retrying failed action with response code: 429 ({"type"=>"cluster_block_exception", "reason"=>"index '
    "[x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-"
    'allow-delete block];"})'
)


@pytest.mark.parametrize(
    ("log", "failing", "host"),
    [
        ("", False, None),
        (LICENCE, False, None),
        (DEAD, True, "elastic"),
        (f"{DEAD}\n{ALIVE}", False, "elasticsearch"),
        (f"{ALIVE}\n{DEAD}", True, "elastic"),
        (f"{ALIVE}\n{LOCKED}", True, "elasticsearch"),
        (OUT + "Marking url as dead. {:url=>#<Java::JavaNet::URI http://me:secret@es:9200/>}", True, "es"),
    ],
)
def test_the_last_word_about_elasticsearch_counts(log: str, failing: object, host: str | None) -> None:
    found = log_patterns.read_output_connection(log)
    assert (found.is_failing(written=5, waits=True), found.host) == (failing, host)


@pytest.mark.parametrize(
    ("taken_in", "passed_on", "written", "failing"),
    [
        (9, 9, 9, False),
        (9, 9, 7, False),
        (12, 9, 9, True),
        (12, 9, None, True),
        (9, 9, None, True),
        (2, 2, 0, True),
    ],
)
def test_a_connection_that_was_lost_is_back_where_lines_are_written_and_none_waits(
    taken_in: int, passed_on: int, written: int | None, failing: object
) -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(taken_in, passed_on, written)
    engine.logs[engine.id_of("logstash")] = f"{ALIVE}\n{DEAD}"
    assert facts(Logstash().observe(engine))["failing"] is failing


BEGINS = OUT.replace("WARN ", "INFO ") + (
    "Elasticsearch pool URLs updated {:changes=>{:removed=>[], :added=>[http://elasticsearch:9200/]}}"
)


@pytest.mark.parametrize(
    ("log", "taken_in", "written", "connecting"),
    [
        (BEGINS, 9, 0, True),
        (BEGINS, 9, None, True),
        (BEGINS, 0, 0, False),
        (BEGINS, 9, 4, False),
        (f"{BEGINS}\n{ALIVE}", 9, 0, False),
        (f"{BEGINS}\n{DEAD}", 9, 0, False),
        (f"{BEGINS}\n{LICENCE}", 9, 0, True),
        (f"{DEAD}\n{BEGINS}", 9, 0, True),
        ("", 9, 0, False),
    ],
)
def test_lines_that_wait_for_the_first_word_about_elasticsearch_decide_nothing_yet(
    log: str, taken_in: int, written: int | None, connecting: object
) -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(taken_in, 0, written)
    engine.logs[engine.id_of("logstash")] = log
    assert facts(Logstash().observe(engine))["connecting"] is connecting


REFUSAL = OUT + (
    'Could not index event to Elasticsearch. {:status=>400, :action=>["index", {:_id=>nil, :_index=>"x"}], '
    ':response=>{"index"=>{"status"=>400, "error"=>{"type"=>"mapper_parsing_exception", "reason"=>"failed to '
    'parse field [code] of type [long]", "caused_by"=>{"type"=>"illegal_argument_exception"}}}}}'
)
CAPITALS = OUT + (
    "Could not index event to Elasticsearch. {:status=>400, :response=>"
    '{"type": "invalid_index_name_exception", "reason": "Invalid index name [Logs], must be lowercase"}}'
)


@pytest.mark.parametrize(
    ("log", "written", "failing", "refusal"),
    [
        (REFUSAL, 7, False, "mapper_parsing_exception: failed to parse field [code] of type [long]"),
        (REFUSAL, None, False, "mapper_parsing_exception: failed to parse field [code] of type [long]"),
        (CAPITALS, 0, True, "invalid_index_name_exception: Invalid index name [Logs], must be lowercase"),
        (
            f"{REFUSAL}\n{DEAD}",
            0,
            True,
            "mapper_parsing_exception: failed to parse field [code] of type [long]",
        ),
        (
            f"{DEAD}\n{ALIVE}\n{REFUSAL}",
            1,
            False,
            "mapper_parsing_exception: failed to parse field [code] of type [long]",
        ),
        (ALIVE, 0, False, None),
    ],
)
def test_documents_that_are_refused_fail_only_where_none_is_accepted(
    log: str, written: int | None, failing: object, refusal: str | None
) -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(9, 9, written)
    engine.logs[engine.id_of("logstash")] = log
    seen = facts(Logstash().observe(engine))
    assert (seen["failing"], seen["refusal"]) == (failing, refusal)


@pytest.mark.parametrize(
    ("log", "written", "expected"),
    [
        # The index has another name since, and the pipeline was started again: nothing was refused yet.
        (f"{CAPITALS}\n{STARTS}\n{BEGINS}\n{ALIVE}", 0, (False, None, "elasticsearch", False)),
        (f"{CAPITALS}\n{STARTS}\n{DEAD}", 0, (True, None, "elastic", False)),
        (f"{DEAD}\n{STARTS}\n{BEGINS}", 0, (False, None, None, True)),
        (f"{DEAD}\n{STARTS}\n{BEGINS}\n{RAN}[]}}", 0, (False, None, None, True)),
    ],
)
def test_what_an_earlier_run_said_of_elasticsearch_is_over(
    log: str, written: int, expected: tuple[object, ...]
) -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(9, 0, written)
    engine.logs[engine.id_of("logstash")] = log
    seen = facts(Logstash().observe(engine))
    assert (seen["failing"], seen["refusal"], seen["host"], seen["connecting"]) == expected


@pytest.mark.parametrize(
    ("log", "starting"),
    [
        (f"{RAN}[]}}", False),
        (f"{STARTS}\n{RAN}[]}}", False),
        (f"{RAN}[]}}\n[WARN ][logstash.runner          ] SIGTERM received. Shutting down.", True),
        (f"{RAN}[]}}\n[INFO ][logstash.runner          ] Logstash shut down.", True),
        (f"{RAN}[]}}\nUsing bundled JDK: /usr/share/logstash/jdk", True),
        (f"{RAN}[]}}\nOpenJDK 64-Bit Server VM warning: Option UseConcMarkSweepGC was deprecated", True),
        (f"{RAN}[]}}\n{STARTS}", True),
        (f"{RAN}[]}}\nLogstash shut down.\n{STARTS}\n{RAN}[]}}", False),
    ],
)
def test_a_logstash_that_was_restarted_starts_anew(log: str, *, starting: bool) -> None:
    engine = Stack().aged("logstash", 10)
    engine.pages["9600/"] = NoAnswer("refused")
    engine.logs[engine.id_of("logstash")] = log
    assert facts(Logstash().observe(engine))["starting"] is starting
    assert read_intake(engine, "logstash").ready is not starting


def test_an_api_at_another_port_is_found_by_the_log() -> None:
    engine = Stack()
    for path in ("", "_node/stats/pipelines"):
        engine.pages[f"9601/{path}"] = engine.pages.pop(f"9600/{path}")
    engine.pages["9600/"] = NoAnswer("refused")
    engine.logs[engine.id_of("logstash")] = (
        "[INFO ][logstash.agent           ] Successfully started Logstash API endpoint {:port=>9601}"
    )
    assert facts(Logstash().observe(engine))["answers"] is True


def test_the_loopback_of_a_logstash_that_lends_its_network_is_not_its_own() -> None:
    engine = Stack()
    engine.logs[engine.id_of("logstash")] = DEAD.replace("elastic:", "localhost:")
    assert facts(Logstash().observe(engine))["loopback"] is True
    engine.entry("elasticsearch")["HostConfig"] = {"NetworkMode": f"container:{engine.id_of('logstash')}"}
    assert facts(Logstash().observe(engine))["loopback"] is False


@pytest.mark.parametrize(
    ("log", "problem", "line"),
    [
        ("", None, None),
        ('Expected one of [ \\t\\r\\n], "#", "=>" at line 4, column 12 (byte 60) after input {', "syntax", 4),
        ("Expected one of #,\n => at line\n 12, column 3", "syntax", 12),
        (
            "No config files found in path {:path=>/usr/share/logstash/pipeline/*.conf}",
            "nothing-to-run",
            None,
        ),
        ("Couldn't find any input plugin named 'gelff'.", "plugin", None),
        ("Unknown setting 'hots' for elasticsearch", "plugin", None),
        ("Missing a required setting for the tcp input plugin: port => # SETTING MISSING", "plugin", None),
        ("failed to open file: Permission denied", "not-readable", None),
    ],
)
def test_logstash_says_what_is_wrong_with_a_pipeline(log: str, problem: str | None, line: int | None) -> None:
    engine = Stack().ended("logstash", log)
    assert facts(LogstashLog().observe(engine)) == {"problem": problem, "line": line}


SYNTAX = '[ERROR][logstash.agent] Expected one of [ \\t], "#", "=>" at line 4, column 12 after input {'


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        # Repaired and started again: the engine keeps the words of the run before.
        (f"{SYNTAX}\n{STARTS}\n{RAN}[]}}", None),
        # Started again and again, it is about to say it once more.
        (f"{SYNTAX}\n{STARTS}", "syntax"),
        (f"{SYNTAX}\n{STARTS}\nCouldn't find any input plugin named 'gelff'.", "plugin"),
        # Repaired and loaded anew, by `config.reload.automatic`.
        (f"{SYNTAX}\n{RAN}[]}}", None),
        (f"{SYNTAX}\n{RAN}[:other]}}", "syntax"),
        (f"{RAN}[]}}\n{SYNTAX}", "syntax"),
        (f"{STARTS}\n{SYNTAX}", "syntax"),
        # What a file input may not read is no pipeline; what stdout prints is another program's.
        (
            "[WARN ][filewatch.tailmode.handlers.create] failed to open file, :exception=>Errno::EACCES",
            None,
        ),
        ("[ERROR][logstash.outputs.file] Permission denied - /var/log/out.log", None),
        ('       "message" => "cat: /etc/shadow: Permission denied",', None),
        ('{"message":"cat: /etc/shadow: Permission denied","@version":"1"}', None),
        (
            '{"level":"ERROR","loggerName":"logstash.config.sourceloader","message":"Permission denied"}',
            "not-readable",
        ),
    ],
)
def test_a_pipeline_is_blamed_only_for_what_is_said_of_it_since_it_ran(log: str, problem: str | None) -> None:
    assert log_patterns.find_pipeline_problem(log)[0] == problem


@pytest.mark.parametrize(
    ("answer", "state"),
    [(GREEN, "green"), (AVAILABLE, "available"), (changed(AVAILABLE, version={}), "available")],
)
def test_kibana_is_ready_by_its_state_and_from_version_8_by_its_level(answer: Any, state: str) -> None:
    engine = Stack()
    engine.pages["5601/"] = engine.pages["5601/api/status"] = page(answer)
    seen = facts(Kibana().observe(engine))
    assert (seen["failing"], seen["state"], seen["host"]) == (False, state, None)


@pytest.mark.parametrize(
    "state", [{"state": "red"}, {"state": "yellow"}, {"level": "degraded"}, {"level": "critical"}]
)
def test_one_that_answers_200_may_still_fare_badly(state: dict[str, str]) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = page({"status": {"overall": state}})
    assert facts(Kibana().observe(engine))["failing"] is True


def test_not_ready_yet_is_an_answer_and_starting_for_three_minutes() -> None:
    engine = Stack().aged("kibana", 100)
    engine.pages["5601/api/status"] = NOT_READY
    seen = facts(Kibana().observe(engine))
    assert (seen["answers"], seen["failing"], seen["starting"], seen["version"]) == (
        True,
        True,
        True,
        "7.9.3",
    )


@pytest.mark.parametrize("status", [401, 403])
def test_a_kibana_that_wants_an_account_is_known_by_its_headers(status: int) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = HttpAnswer(status=status, headers={"kbn-name": "k"}, body=b"{}")
    seen = facts(Kibana().observe(engine))
    assert (seen["answers"], seen["access"]) == (True, "wanted")
    engine.accounts = {KIBANA: Login("elastic", "right")}
    engine.pages["5601/api/status"] = page(GREEN)
    engine.inputs = {"kibana-user": "elastic", "kibana-password": "right"}
    seen = facts(Kibana().observe(engine))
    assert (seen["access"], seen["failing"]) == ("granted", False)


def test_a_kibana_that_sends_to_its_login_page_is_unknown_not_failed() -> None:
    engine = Stack()
    headers = {"kbn-name": "k", "location": "/login?next=%2Fapi%2Fstatus"}
    engine.pages["5601/api/status"] = HttpAnswer(status=302, headers=headers, body=b"")
    assert isinstance(Kibana().observe(engine), Unobservable)


def test_a_kibana_below_a_prefix_is_found() -> None:
    engine = Stack()
    engine.inspect("kibana")["Config"]["Env"] = ["SERVER_BASEPATH=/kibana", "SERVER_REWRITEBASEPATH=true"]
    engine.pages["5601/kibana/api/status"] = engine.pages.pop("5601/api/status")
    engine.pages["5601/"] = page(b"Not Found", 404)
    assert facts(Kibana().observe(engine))["failing"] is False


@pytest.mark.parametrize(
    ("mine", "theirs", "host", "shares", "known"),
    [
        ("host", "host", "localhost", True, None),
        ("host", "bridge", "localhost", False, None),
        ("host", "bridge", "elasticsearch", False, False),
        ("bridge", "bridge", "192.168.1.20", False, None),
        ("bridge", "bridge", "host.docker.internal", False, None),
        ("bridge", "bridge", "elasticsearch", False, False),
        ("container:ES", "bridge", "localhost", True, None),
    ],
)
def test_how_two_containers_reach_each_other_without_a_network_of_theirs(
    mine: str, theirs: str, host: str, shares: object, known: object
) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = NOT_READY
    for name, mode in (("kibana", mine), ("elasticsearch", theirs)):
        engine.inspect(name)["HostConfig"]["NetworkMode"] = mode.replace("ES", engine.id_of("elasticsearch"))
        engine.inspect(name)["NetworkSettings"]["Networks"] = (
            {} if mode.startswith("container") else {mode: {}}
        )
    engine.inspect("kibana")["Config"]["Env"] = [f"ELASTICSEARCH_HOSTS=http://{host}:9200"]
    seen = facts(Kibana().observe(engine))
    assert (seen["loopback"], seen["shares_network"], seen["known_name"]) == (False, shares, known)


REVIVE = (
    '{"tags":["warning","elasticsearch","data"],"message":"Unable to revive connection: http://%s:9200/"}'
)
V8 = "[ERROR][elasticsearch-service] Unable to retrieve version information from Elasticsearch nodes. %s"


@pytest.mark.parametrize(
    ("log", "env", "host", "loopback", "known"),
    [
        ("", [], "elasticsearch", False, True),
        (REVIVE % "localhost", [], "localhost", True, False),
        (V8 % "connect ECONNREFUSED 127.0.0.1:9200", [], "127.0.0.1", True, False),
        (V8 % "getaddrinfo ENOTFOUND es01", [], "es01", False, False),
        ("", ["ELASTICSEARCH_HOSTS=http://u:secret@es:9200"], "es", False, False),
        (
            "",
            ['ELASTICSEARCH_HOSTS=["http://elasticsearch:9200","http://b:9200"]'],
            "elasticsearch",
            False,
            True,
        ),
    ],
)
def test_where_kibana_looks_is_told_by_its_log_then_by_its_variable(
    log: str, env: list[str], host: str, loopback: object, known: object
) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = NOT_READY
    engine.logs[engine.id_of("kibana")] = log
    engine.inspect("kibana")["Config"]["Env"] = env
    seen = facts(Kibana().observe(engine))
    assert (seen["host"], seen["loopback"], seen["known_name"]) == (host, loopback, known)
    assert seen["complains"] is bool(log)
    assert "secret" not in str(seen)


def test_the_variable_of_version_6_is_told_where_it_stands_alone() -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = NOT_READY
    environment = engine.inspect("kibana")["Config"]["Env"]
    environment.append("ELASTICSEARCH_URL=http://es:9200")
    assert facts(Kibana().observe(engine))["old_variable"] is True
    environment.append("ELASTICSEARCH_HOSTS=http://es:9200")
    assert facts(Kibana().observe(engine))["old_variable"] is False


@pytest.mark.parametrize(
    ("setting", "value"), [("Links", ["/es01:/kibana/es"]), ("ExtraHosts", ["es:172.17.0.2"])]
)
def test_a_name_told_by_link_or_by_hand_is_known(setting: str, value: list[str]) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = NOT_READY
    engine.inspect("kibana")["Config"]["Env"] = ["ELASTICSEARCH_HOSTS=http://es:9200"]
    engine.inspect("kibana")["HostConfig"][setting] = value
    assert facts(Kibana().observe(engine))["known_name"] is True


@pytest.mark.parametrize(
    ("image", "old"),
    [
        ("kibana:6.4.2", False),
        ("docker.elastic.co/kibana/kibana:6.8.0", False),
        ("kibana:7.9.3", True),
        ("kibana:10.0.0", True),
        ("kibana", True),
    ],
)
def test_version_6_itself_reads_the_variable_of_version_6(image: str, *, old: bool) -> None:
    engine = Stack()
    engine.pages["5601/api/status"] = NOT_READY
    engine.inspect("kibana")["Config"] |= {"Image": image, "Env": ["ELASTICSEARCH_URL=http://es:9200"]}
    seen = facts(Kibana().observe(engine))
    assert (seen["old_variable"], seen["host"]) == (old, "elasticsearch" if old else "es")


@pytest.mark.parametrize(
    "log",
    [
        "This version of Kibana requires Elasticsearch v7.9.3 on all nodes.",
        "This version of Kibana (v8.5.3) is incompatible with the following Elasticsearch nodes",
    ],
)
def test_a_quarrel_about_versions_is_in_its_log(log: str) -> None:
    assert log_patterns.is_version_incompatible(log)
    assert not log_patterns.is_version_incompatible("Unable to revive connection")


def test_three_on_one_network_are_together() -> None:
    seen = facts(ElasticNetwork().observe(Stack()))
    assert seen == {"missing": [], "shared": ["elk"], "apart": [], "together": True}


def test_docker_s_own_bridge_is_no_network_of_theirs() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats()
    engine.pages["5601/api/status"] = NOT_READY
    for name in ("elasticsearch", "logstash", "kibana"):
        engine.inspect(name)["NetworkSettings"]["Networks"] = {"bridge": {"IPAddress": "172.17.0.2"}}
    seen = facts(ElasticNetwork().observe(engine))
    assert (seen["shared"], seen["apart"], seen["together"]) == ([], ["kibana", "logstash"], False)


def test_who_reaches_elasticsearch_all_the_same_is_together_with_it() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(3, 3, 3)
    for name in ("elasticsearch", "logstash", "kibana"):
        engine.inspect(name)["NetworkSettings"]["Networks"] = {"bridge": {"IPAddress": "172.17.0.2"}}
    assert facts(ElasticNetwork().observe(engine))["together"] is True


def test_three_on_the_machine_s_own_network_are_together() -> None:
    engine = Stack()
    for name in ("elasticsearch", "logstash", "kibana"):
        engine.inspect(name)["NetworkSettings"]["Networks"] = {"host": {}}
        engine.inspect(name)["HostConfig"]["NetworkMode"] = "host"
    assert facts(ElasticNetwork().observe(engine))["together"] is True


def test_one_that_is_missing_is_named_and_none_at_all_is_absent() -> None:
    seen = facts(ElasticNetwork().observe(Stack().without("kibana")))
    assert (seen["missing"], seen["together"]) == (["kibana"], False)
    assert isinstance(ElasticNetwork().observe(Stack().only("web")), Absent)


def test_nothing_in_the_stack_runs_a_command_to_look() -> None:
    engine = Stack()
    engine.inside = lambda ref: CommandResult(0, ref)
    for probe in (Elasticsearch(), Logstash(), LogstashLog(), Kibana(), ElasticNetwork()):
        probe.observe(engine)
    assert not [asked for asked in engine.questions if asked.startswith("run")]
