"""A word on a container's standard output: how it is said, where it is looked for, and where it got lost."""

import time
from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, NoAnswer, OutOfReach
from dckgrade.probes.elastic.log_marker import MARKER_BUDGET_S, LogMarker
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.elastic_stack import GELF, IMAGE, Stack, hits, raising, stats
from tests.support.fake_engine import facts
from tests.support.monitoring import page

STATS, SEARCH = "9600/_node/stats/pipelines", "9200/_search"
FILES = {"Type": "bind", "Source": "/var/lib/docker/containers", "Destination": "/logs"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let a test say how much time has gone by."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def look(engine: Stack) -> dict[str, Any]:
    return facts(LogMarker().observe(engine))


def reading_files(engine: Stack | None = None, user: int = 0) -> Stack:
    """Have Logstash read Docker's own files, and nobody send any."""
    engine = engine or Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "json-file", "Config": {}}
    engine.inspect("logstash")["HostConfig"]["PortBindings"] = {}
    engine.inspect("logstash")["Mounts"] = [dict(FILES)]
    engine.inside = lambda _: CommandResult(90 if user else 0, "")
    return engine


def test_it_is_said_by_a_request_to_their_own_nginx_once_and_found() -> None:
    engine = Stack()
    assert look(engine)["found"] is False
    (word,) = engine.logged
    engine.pages[SEARCH] = hits(("logstash-2026.01.01", {"message": f'"GET /{word} HTTP/1.1" 404'}))
    seen = look(engine)
    assert (seen["found"], seen["index"], seen["by"]) == (True, "logstash-2026.01.01", "request")
    assert (seen["container"], seen["driver"], seen["hop"]) == ("web", "gelf", None)
    assert engine.logged == [word], "it is said once a run, however often is looked"
    assert engine.spoken == []
    assert not [asked for asked in engine.questions if asked.startswith("run")]


def test_how_long_it_took_stays_as_it_was_when_it_was_found(clock: list[float]) -> None:
    engine = Stack()
    look(engine)
    clock[0] += 2.0
    engine.pages[SEARCH] = hits(("x", {"message": engine.logged[0]}))
    assert look(engine)["latency_s"] == 2.0
    clock[0] += 5.0
    assert look(engine)["latency_s"] == 2.0


@pytest.mark.parametrize(
    "hit",
    [
        ("x", {"message": "another line"}),
        (".kibana_1", {"message": "WORD"}),
        ("x", {"message": '{"multi_match": {"query": "WORD"}}'}),
    ],
)
def test_what_only_looks_like_the_line_is_not_it(hit: tuple[str, dict[str, str]]) -> None:
    engine = Stack()
    look(engine)
    index, source = hit
    engine.pages[SEARCH] = hits((index, {"message": source["message"].replace("WORD", engine.logged[0])}))
    assert look(engine)["found"] is False


def test_a_data_stream_s_index_is_theirs() -> None:
    engine = Stack()
    look(engine)
    engine.pages[SEARCH] = hits((".ds-logs-generic-default-000001", {"message": engine.logged[0]}))
    assert look(engine)["found"] is True


@pytest.mark.parametrize("without", ["9200/", STATS])
def test_nothing_is_said_before_both_ends_are_there(without: str) -> None:
    engine = Stack().aged("logstash", 20)
    engine.pages[without] = NoAnswer("reset") if without == "9200/" else page({"pipelines": {}})
    observed = LogMarker().observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["said"], observed.age_s, engine.logged, engine.spoken) == (False, None, [], [])


def found(engine: Stack, index: str = "logs") -> None:
    """Let Elasticsearch have the word."""
    engine.pages[SEARCH] = hits((index, {"message": (engine.logged or [engine.spoken[0][1]])[0]}))


def test_a_word_that_arrives_past_a_logstash_that_writes_nowhere_is_found_and_said_to_have_passed_it_by() -> (
    None
):
    engine = Stack()
    engine.pages[STATS] = stats(5, 5, outputs=["stdout"])
    look(engine)
    found(engine)
    seen = look(engine)
    assert (seen["found"], seen["bypassed"]) == (True, True)
    engine.pages[STATS] = stats(6, 6, outputs=["http"])
    assert look(engine)["bypassed"] is False, "another output may write there too"


def test_where_logstash_writes_nowhere_a_word_that_is_sent_is_not_waited_for_in_vain(
    clock: list[float],
) -> None:
    engine = Stack()
    engine.pages[STATS] = stats(outputs=["stdout"])
    assert isinstance(observed := LogMarker().observe(engine), Seen)
    assert observed.age_s == 0.0
    clock[0] += 7
    assert isinstance(observed := LogMarker().observe(engine), Seen)
    assert observed.age_s is None


@pytest.mark.parametrize("gone", ["stopped", "removed"])
def test_the_word_is_said_without_logstash_too(gone: str) -> None:
    engine = Stack()
    engine = engine.ended("logstash") if gone == "stopped" else engine.without("logstash")
    assert look(engine)["hop"] is None
    found(engine)
    seen = look(engine)
    assert (seen["found"], seen["bypassed"]) == (True, True)


RUNNING = "[INFO ][logstash.agent] Pipelines running {:count=>1, :running_pipelines=>[:main]}"


@pytest.mark.parametrize(("log", "up", "emitted"), [(RUNNING, 20, True), ("", 20, False), ("", 151, True)])
def test_a_logstash_whose_api_is_off_is_ready_by_its_log_or_in_time(
    log: str, up: float, emitted: object
) -> None:
    engine = Stack().aged("logstash", up)
    engine.pages["9600/"] = NoAnswer("refused")
    engine.logs[engine.id_of("logstash")] = log
    seen = look(engine)
    assert (seen["said"], seen["hop"]) == (emitted, None)
    if emitted:
        found(engine)
        seen = look(engine)
        assert (seen["found"], seen["bypassed"]) == (True, False), "who cannot be asked is not contradicted"


def test_without_elasticsearch_it_is_absent() -> None:
    assert isinstance(LogMarker().observe(Stack().without("elasticsearch")), Absent)


def test_without_an_nginx_that_sends_a_container_of_ours_gets_the_same_settings() -> None:
    engine = Stack()
    engine.entry("web")["Image"] = "theirs"
    engine.entry("web")["Command"] = "run-it"
    assert look(engine)["by"] == "container"
    ((image, word, log),) = engine.spoken
    assert (image, log) == (IMAGE, GELF)
    assert word.startswith("dckgrade")


def test_where_files_are_read_ours_gets_what_the_engine_gives_every_container() -> None:
    engine = reading_files().without("web")
    assert look(engine)["by"] == "container"
    assert engine.spoken[0][2] is None


def test_a_web_server_that_logs_no_requests_is_not_relied_on(clock: list[float]) -> None:
    engine = Stack()
    look(engine)
    engine.logged.clear()
    engine.logs[engine.id_of("web")] = "starting"
    assert look(engine)["by"] == "request"
    clock[0] += 4.0
    assert look(engine)["by"] == "container"
    assert look(engine)["in_log"] is True
    assert len(engine.spoken) == 1


def test_a_command_in_their_container_is_the_last_resort() -> None:
    engine = reading_files()
    engine.entry("web")["Image"], engine.entry("web")["Command"] = "theirs", "run-it"
    engine.speaks = raising(
        OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 403 authorization denied by plugin")
    )
    engine.inside = lambda _: CommandResult(0, "")
    assert look(engine)["by"] == "command"


def test_where_nothing_may_say_it_nobody_is_to_blame() -> None:
    engine = reading_files()
    engine.entry("web")["Image"], engine.entry("web")["Command"] = "theirs", "run-it"
    engine.speaks = raising(
        OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 403 authorization denied by plugin")
    )
    engine.inside = lambda _: CommandResult(1, "Permission denied")
    assert isinstance(LogMarker().observe(engine), Unobservable)


def test_an_engine_that_starts_nothing_with_their_setting_is_quoted() -> None:
    engine = Stack()
    engine.entry("web")["Image"], engine.entry("web")["Command"] = "theirs", "run-it"
    error = (
        "HTTP 500 failed to initialize logging driver: gelf: cannot connect: lookup logstash: no such host"
    )
    engine.speaks = raising(OutOfReach(UnobservableReason.ENGINE_ERROR, error))
    seen = look(engine)
    assert (seen["said"], seen["hop"], seen["error"]) == (False, "start", error)


def test_a_container_of_theirs_that_did_not_start_is_told_and_ours_is_not_tried() -> None:
    error = "failed to initialize logging driver: gelf: cannot connect to GELF endpoint: logstash:12201"
    engine = Stack().ended("web", exit_code=128, Error=error)
    seen = look(engine)
    assert (seen["hop"], seen["error"], engine.spoken) == ("start", error, [])


def test_where_no_way_is_seen_the_word_is_said_all_the_same(clock: list[float]) -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "json-file", "Config": {}}
    observed = LogMarker().observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["hop"], observed.facts["ways"], observed.age_s) == ("no-way", [], 0.0)
    clock[0] += 16
    assert isinstance(observed := LogMarker().observe(engine), Seen)
    assert observed.age_s is None
    found(engine)
    assert look(engine)["hop"] is None, "a shipper on the machine, which no container shows"


@pytest.mark.parametrize(
    ("written", "read", "ways"),
    [
        ({"Type": "volume", "Name": "logs", "RW": True}, {"Type": "volume", "Name": "logs"}, ["volumes"]),
        ({"Source": "/srv/lab/logs", "RW": True}, {"Source": "/srv/lab"}, ["volumes"]),
        ({"Source": "/srv/lab", "RW": True}, {"Source": "/srv/lab/logs"}, ["volumes"]),
        ({"Source": "/srv/lab/site.conf", "RW": True}, {"Source": "/srv/lab/logstash.conf"}, []),
        ({"Source": "/srv/lab", "RW": False}, {"Source": "/srv/lab"}, []),
        ({"Source": "/etc/localtime", "RW": True}, {"Source": "/etc/localtime"}, []),
    ],
)
def test_files_that_two_containers_have_in_common_are_a_way(
    written: dict[str, Any], read: dict[str, Any], ways: list[str]
) -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "json-file", "Config": {}}
    engine.inspect("web")["Mounts"] = [written]
    engine.inspect("logstash")["Mounts"] = [read]
    assert look(engine)["ways"] == ways
    assert len(engine.logged) == 1, "the word is said by a request, whatever is seen"


def test_a_line_in_a_file_in_common_need_not_be_in_the_container_s_log(clock: list[float]) -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "json-file", "Config": {}}
    engine.inspect("web")["Mounts"] = [{"Type": "volume", "Name": "logs", "RW": True}]
    engine.inspect("logstash")["Mounts"] = [{"Type": "volume", "Name": "logs"}]
    look(engine)
    word = engine.logged.pop()
    engine.logs[engine.web] = "nothing"
    assert look(engine)["hop"] == "logstash-in"
    clock[0] += 4
    look(engine)
    assert [words for _, words, _ in engine.spoken] == [word], "the same word, said in another way"
    engine.pages[SEARCH] = hits(("nginx-1", {"message": f"GET /{word}"}))
    assert look(engine)["found"] is True


def test_a_plugin_s_driver_is_a_way_and_is_used_by_their_own_container() -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {
        "Type": "elastic/elastic-logging-plugin:7.9.3",
        "Config": {},
    }
    seen = look(engine)
    assert (seen["ways"], seen["by"]) == (["elastic/elastic-logging-plugin:7.9.3"], "request")
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "loki", "Config": {}}
    engine.entry("web")["Image"], engine.entry("web")["Command"] = "theirs", "run-it"
    engine.inside = lambda _: CommandResult(0, "")
    assert (look(engine)["by"], engine.spoken) == ("command", [])


def test_every_web_server_is_asked_and_each_at_the_port_that_it_has() -> None:
    engine = Stack()
    engine.twin("web", Names=["/web2"], Image="httpd:2.4", Command="httpd-foreground")
    engine.inspect("web2")["Name"] = "/web2"
    engine.inspect("web2")["Config"]["ExposedPorts"] = {"8081/tcp": {}, "53/udp": {}}
    engine.inspect("web2")["NetworkSettings"]["Networks"] = {"elk": {"IPAddress": "172.18.0.9"}}
    engine.pages["8081/"] = page(b"404", 404)
    engine.pages["80/"] = engine.pages["8080/"] = NoAnswer("refused")
    assert look(engine)["container"] == "web2"
    assert [asked.partition("/")[0] for asked in engine.questions if "/dckgrade" in asked][-1] == "8081"


@pytest.mark.parametrize(
    ("mount", "image", "ways"),
    [
        (FILES, "filebeat:7.9.3", ["files"]),
        ({**FILES, "Source": "/var/lib/docker"}, "rsyslog", ["files"]),
        ({**FILES, "Source": "/"}, "shipper", ["files"]),
        ({**FILES, "Source": "/var/lib/docker-old/containers"}, "shipper", []),
        ({**FILES, "Source": "/var/run/docker.sock"}, "logspout", ["engine"]),
        (FILES, "gcr.io/cadvisor/cadvisor:v0.36.0", []),
    ],
)
def test_who_reads_docker_s_files_or_asks_the_engine_is_a_way(
    mount: dict[str, str], image: str, ways: list[str]
) -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"] = {"Type": "json-file", "Config": {}}
    engine.inspect("kibana")["Mounts"] = [mount]
    engine.inspect("kibana")["Config"]["Image"] = image
    assert look(engine)["ways"] == ways


def test_a_port_for_shippers_may_be_used_by_one_that_is_no_container() -> None:
    engine = reading_files()
    engine.inspect("logstash")["Mounts"] = []
    engine.inspect("logstash")["HostConfig"]["PortBindings"] = {"5044/tcp": [{"HostPort": "5044"}]}
    assert look(engine)["ways"] == ["machine"]


@pytest.mark.parametrize(
    ("now", "hop"),
    [
        (stats(5, 5, 5), "logstash-in"),
        (stats(6, 5, 5), "logstash-out"),
        (stats(6, 6, 5), "logstash-out"),
        (stats(6, 6, None), "elasticsearch"),
        (stats(6, 6, 6), "elasticsearch"),
    ],
)
def test_the_first_step_that_was_not_taken_is_told_by_what_logstash_counts(now: Any, hop: str) -> None:
    engine = Stack()
    engine.pages[STATS] = stats(5, 5, 5)
    look(engine)
    engine.pages[STATS] = now
    assert look(engine)["hop"] == hop


@pytest.mark.parametrize(
    ("line", "failing"), [("GET /{word} HTTP/1.1", True), ("GET /another HTTP/1.1", False)]
)
def test_a_refusal_that_quotes_the_line_is_its_own_whoever_else_is_written(
    line: str, failing: object
) -> None:
    engine = Stack()
    engine.pages[STATS] = stats(5, 5, 5)
    look(engine)
    (word,) = engine.logged
    reason = (
        f"failed to parse field [code] of type [long]. Preview of field's value: '{line.format(word=word)}'"
    )
    engine.logs[engine.id_of("logstash")] = (
        "[WARN ][logstash.outputs.elasticsearch][main] Could not index event to Elasticsearch. "
        f'{{:status=>400, :response=>{{"index"=>{{"error"=>{{"type"=>"mapper_parsing_exception", '
        f'"reason"=>"{reason}"}}}}}}}}'
    )
    engine.pages[STATS] = stats(8, 8, 7)
    seen = look(engine)
    assert (seen["failing"], seen["refusal"]) == (failing, f"mapper_parsing_exception: {reason}")


def test_a_line_that_is_not_even_in_the_container_s_own_log_stopped_there(clock: list[float]) -> None:
    engine = Stack()
    look(engine)
    clock[0] += 4.0
    engine.logged.clear()
    engine.logs[engine.id_of("web")] = "x"
    look(engine)
    engine.spoken.clear()
    assert look(engine)["hop"] == "logstash-in", "of gelf an old engine shows nothing: that tells nothing"
    files = reading_files().without("web")
    look(files)
    files.spoken.clear()
    assert look(files)["hop"] == "container-log"


def test_waiting_counts_from_the_word_and_for_what_is_sent_at_once_ends_sooner(clock: list[float]) -> None:
    engine = Stack()
    LogMarker().observe(engine)
    clock[0] += 10.0
    observed = LogMarker().observe(engine)
    assert isinstance(observed, Seen)
    assert observed.age_s == 10.0
    clock[0] += MARKER_BUDGET_S
    observed = LogMarker().observe(engine)
    assert isinstance(observed, Seen)
    assert observed.age_s is None
    files = reading_files()
    LogMarker().observe(files)
    clock[0] += MARKER_BUDGET_S + 10
    observed = LogMarker().observe(files)
    assert isinstance(observed, Seen)
    assert observed.age_s == MARKER_BUDGET_S + 10


@pytest.mark.parametrize(
    ("where", "bindings", "wrong"),
    [
        ("udp://127.0.0.1:12201", {"12201/udp": [{"HostPort": "12201"}]}, False),
        ("udp://127.0.0.1:12201", {"12201/tcp": [{"HostPort": "12201"}]}, True),
        ("udp://192.168.1.9:12201", {"12201/tcp": [{"HostPort": "12201"}]}, True),
        ("udp://172.18.0.9:12201", {"12201/tcp": [{"HostPort": "12201"}]}, False),
        ("udp://127.0.0.1:12202", {"12201/tcp": [{"HostPort": "12201"}]}, False),
        ("udp://127.0.0.1:1514", {"12201/udp": [{"HostPort": "1514"}]}, False),
        ("not an address", {"12201/tcp": [{"HostPort": "12201"}]}, False),
        ("udp://127.0.0.1:x", {}, False),
    ],
)
def test_a_port_published_for_the_other_protocol_is_seen(where: str, bindings: Any, wrong: object) -> None:
    engine = Stack()
    engine.inspect("web")["HostConfig"]["LogConfig"]["Config"] = {"gelf-address": where}
    engine.inspect("logstash")["HostConfig"]["PortBindings"] = bindings
    assert look(engine)["wrong_protocol"] is wrong


@pytest.mark.parametrize(("user", "cannot"), [(1000, True), (0, False)])
def test_whether_files_may_be_read_is_tried_inside(user: int, cannot: object) -> None:
    engine = reading_files(user=user)
    assert look(engine)["cannot_read"] is cannot
    assert any("/logs" in asked for asked in engine.questions if asked.startswith("run"))


def test_a_loop_is_told_by_how_fast_it_grows() -> None:
    engine = reading_files()
    engine.pages[STATS] = stats(10, 10, 10, ["elasticsearch", "stdout"], ["file"])
    assert look(engine)["looping"] is False
    engine.pages[STATS] = stats(500, 10, 10, ["elasticsearch", "stdout"], ["file"])
    assert look(engine)["looping"] is True
    engine.pages[STATS] = stats(500, 10, 10, ["elasticsearch"], ["file"])
    assert look(engine)["looping"] is False


@pytest.mark.parametrize(
    ("printed", "looping"),
    [
        ('           "path" => "/logs/{own}/{own}-json.log",', True),
        ('{{"@version":"1","path":"/logs/{own}/{own}-json.log","message":"x"}}', True),
        ('  "file" => {{\n    "path" => "/logs/{own}/{own}-json.log"\n  }}', True),
        ('           "path" => "/logs/{other}/{other}-json.log",', False),
        ('[WARN ] failed to open file {{:path=>"/logs/{own}/{own}-json.log", :reason=>"denied"}}', False),
    ],
)
def test_a_loop_on_a_slow_machine_is_told_by_lines_of_its_own_that_logstash_prints(
    printed: str, *, looping: bool
) -> None:
    engine = reading_files()
    engine.pages[STATS] = stats(10, 10, 10, ["elasticsearch", "stdout"], ["file"])
    own = engine.id_of("logstash")
    engine.logs[own] = printed.format(own=own, other=engine.web)
    assert look(engine)["looping"] is looping
    engine.pages[STATS] = stats(10, 10, 10, ["elasticsearch"], ["file"])
    assert look(engine)["looping"] is False


def test_data_is_lost_with_an_elasticsearch_that_was_made_again_without_a_volume() -> None:
    engine = Stack()
    engine.pages[STATS] = stats(9, 9, 9)
    started = engine.inspect("logstash")["State"]["StartedAt"]
    made = engine.inspect("elasticsearch")
    made["Created"] = started.replace(started[:4], str(int(started[:4]) + 1))
    assert look(engine)["lost"] is True
    made["Mounts"] = [{"Type": "volume", "Name": "data", "Destination": "/usr/share/elasticsearch/data"}]
    assert look(engine)["lost"] is False
    made["Mounts"][0]["Name"] = "a" * 64
    assert look(engine)["lost"] is True, "the engine's own volume does not come back"


def test_old_lines_are_passed_over_where_only_the_new_ones_came_in() -> None:
    engine = reading_files()
    look(engine)
    engine.pages[SEARCH] = hits(("x", {"message": engine.logged[0]}))
    engine.logged.insert(0, "before")
    engine.pages[STATS] = stats(1, 1, 1)
    assert look(engine)["old_lines_left"] is True
    engine.pages[STATS] = stats(2, 2, 2)
    assert look(engine)["old_lines_left"] is False


def test_a_query_that_elasticsearch_finds_too_wide_is_no_trouble() -> None:
    engine = Stack()
    too_wide = page({"error": "field expansion matches too many fields"}, 400)
    answers = iter([hits(), too_wide, too_wide])
    engine.searched = lambda: next(answers)
    assert look(engine)["found"] is False


@pytest.mark.parametrize(
    "answer",
    [
        page({"error": {"type": "search_phase_execution_exception", "reason": "all shards failed"}}, 503),
        page({"error": {"type": "circuit_breaking_exception"}}, 429),
        page({"_shards": {"total": 2, "failed": 1}, "hits": {"hits": []}}),
        NoAnswer("silent"),
    ],
)
def test_a_search_that_fails_for_a_moment_is_waited_for_and_one_that_goes_on_failing_is_unknown(
    answer: Any, clock: list[float]
) -> None:
    engine = Stack()
    engine.pages[SEARCH] = answer
    observed = LogMarker().observe(engine)
    assert isinstance(observed, Seen)
    assert (observed.facts["found"], observed.facts["hop"], observed.age_s) == (False, None, 0.0)
    clock[0] += MARKER_BUDGET_S + 1
    assert isinstance(LogMarker().observe(engine), Unobservable)
    found(engine)
    assert look(engine)["found"] is True


def test_an_elasticsearch_that_cannot_count_for_a_moment_is_told_the_word_all_the_same() -> None:
    engine = Stack()
    engine.pages["9200/_cat/indices"] = page({"error": "x"}, 503)
    seen = look(engine)
    assert (seen["said"], seen["documents"]) == (True, None)


def test_a_search_that_is_refused_is_unknown() -> None:
    engine = Stack()
    engine.pages[SEARCH] = page({"error": "x"}, 403)
    assert isinstance(LogMarker().observe(engine), Unobservable)


def test_an_older_stack_s_clock_does_not_matter() -> None:
    engine = Stack()
    engine.clock += timedelta(days=3)
    assert look(engine)["said"] is True
