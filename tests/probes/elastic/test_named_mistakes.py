"""What Elasticsearch, Logstash and Kibana say when they end, and the mistake that TP7 names by it."""

import pytest

from dckgrade.engine.answers import HttpAnswer, NoAnswer
from dckgrade.report.result import NamedMistake
from tests.support import named_mistakes
from tests.support.built_in_labs import load_built_in_lab
from tests.support.elastic_stack import NOT_READY, Stack, stats
from tests.support.monitoring import page

TP7 = load_built_in_lab("tp7").lab
ELASTICSEARCH, LOGSTASH, KIBANA = "elasticsearch-healthy", "logstash-running", "kibana-ready"


def name_mistake(engine: Stack, check_id: str) -> NamedMistake | None:
    """Name the mistake of one of TP7's checks."""
    return named_mistakes.name_mistake(TP7, engine, check_id)


ELASTICSEARCH_SAYS = {
    "EL-68": [
        "Invalid maximum heap size: -Xmx2gb\nError: Could not create the Java Virtual Machine.",
        "Error occurred during initialization of VM\nToo small initial heap",
        (
            "Error occurred during initialization of VM\n"
            "Initial heap size set to a larger value than the maximum heap size"
        ),
    ],
    "EL-69": [
        "Likely root cause: java.nio.file.AccessDeniedException: /usr/share/elasticsearch/data/nodes",
        # Both are said of a folder that is there and closed: who may not write cannot lock either.
        (
            "java.lang.IllegalStateException: failed to obtain node locks, tried [[data]]\n"
            "Likely root cause: java.nio.file.AccessDeniedException: /usr/share/elasticsearch/data/nodes/0"
        ),
    ],
    "EL-70": [
        "java.lang.IllegalStateException: failed to obtain node locks, tried [[data]] with lock id [0]"
    ],
    "EL-71": [
        "java.lang.IllegalStateException: cannot upgrade a node from version [6.8.0] directly to [7.9.3]"
    ],
    "EL-72": [
        (
            "java.lang.IllegalArgumentException: setting [cluster.initial_master_nodes] is not allowed when "
            "[discovery.type] is set to [single-node]"
        )
    ],
    "EL-73": [
        (
            'Exception in thread "main" SettingsException[Failed to load settings from [elasticsearch.yml]]; '
            "nested: ParsingException[Failed to parse object: expecting token of type [START_OBJECT]];"
        )
    ],
    "EL-74": ["java.lang.RuntimeException: can not run elasticsearch as root"],
    "EL-75": ["java.lang.OutOfMemoryError: Java heap space\nDumping heap to data/java_pid7.hprof"],
    "EL-12": [
        (
            "os::commit_memory(0x0, 1073741824, 0) failed; error='Not enough space' (errno=12)\n"
            "# There is insufficient memory for the Java Runtime Environment to continue."
        )
    ],
    "EL-11": [
        (
            "ERROR: [1] bootstrap checks failed\n"
            "[1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]"
        )
    ],
    "EL-91": ["java.lang.IllegalStateException: nobody has named this yet"],
}
LOGSTASH_SAYS = {
    "EL-68": ["Invalid initial heap size: -Xms512"],
    "EL-86": [
        "[ERROR][logstash.agent] Couldn't find any output plugin named 'elastic'. Are you sure?",
        "[ERROR][logstash.outputs.elasticsearch] Unknown setting 'hots' for elasticsearch",
    ],
    "EL-22": ['[ERROR] Expected one of [ \\t], "#", "=>" at line 4, column 12 (byte 60) after input {'],
    "EL-87": [
        (
            "[ERROR][logstash.config.sourceloader] Could not fetch all the sources "
            '{:exception=>Errno::EACCES, :message=>"Permission denied - /pipeline/logstash.conf"}'
        )
    ],
    "EL-92": ["[FATAL][logstash.runner] Logstash could not be started because there is another one"],
}
KIBANA_SAYS = {
    "EL-95": [
        " FATAL  ValidationError: [config validation of [elasticsearch].hosts]: expected URI with scheme"
    ],
    "EL-96": ["[FATAL][root] Error: [config validation of [server].port]: expected value of type [number]"],
    "EL-74": ["Kibana should not be run as root.  Use --allow-root to continue."],
    "EL-75": ["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"],
    "EL-93": [" FATAL  Error: Port 5601 is already in use. Another instance of Kibana may be running!"],
}
QUOTED = {"EL-69", "EL-72", "EL-73", "EL-86", "EL-91", "EL-92", "EL-93", "EL-96"}
SAID = [
    (check, log, code)
    for check, words in (
        (ELASTICSEARCH, ELASTICSEARCH_SAYS),
        (LOGSTASH, LOGSTASH_SAYS),
        (KIBANA, KIBANA_SAYS),
    )
    for code, logs in words.items()
    for log in logs
]


@pytest.mark.parametrize(("check", "log", "code"), SAID)
def test_a_program_that_ended_is_named_by_its_own_words(check: str, log: str, code: str) -> None:
    engine = Stack().ended(check.partition("-")[0], log)
    mistake = name_mistake(engine, check)
    assert mistake
    assert mistake.code == code
    if code in QUOTED:
        assert mistake.quotation
        assert mistake.quotation.text in log
        assert mistake.quotation.place.startswith("docker logs ")


@pytest.mark.parametrize("check", [ELASTICSEARCH, LOGSTASH, KIBANA])
@pytest.mark.parametrize(
    ("exit_code", "state", "code"),
    [
        (137, {"OOMKilled": True}, "EL-12"),
        (137, {}, "EL-76"),
        (143, {}, "EL-78"),
        (0, {}, "EL-78"),
        (0, {"Status": "created", "Error": ""}, "EL-77"),
        (128, {"Status": "created", "Error": "driver failed: port is already allocated"}, "EL-33"),
    ],
)
def test_killed_stopped_and_never_started_are_told_apart(
    check: str, exit_code: int, state: dict[str, object], code: str
) -> None:
    engine = Stack().ended(check.partition("-")[0], "", exit_code, **state)
    mistake = name_mistake(engine, check)
    assert mistake
    assert mistake.code == code


@pytest.mark.parametrize(
    ("check", "code"),
    [(ELASTICSEARCH, "EL-82"), (LOGSTASH, "EL-83"), (KIBANA, "EL-84"), ("shared-network", "EL-85")],
)
def test_what_is_not_begun_is_told_as_the_sheet_s_next_step(check: str, code: str) -> None:
    engine = Stack()
    engine.only("web")
    mistake = name_mistake(engine, check)
    assert mistake
    assert mistake.code == code


EPROTO = "write EPROTO 140:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:record.c:332:"
"""What Node.js says of an answer in clear where it expected TLS."""


@pytest.mark.parametrize(
    ("log", "mode", "hosts", "code"),
    [
        ("getaddrinfo ENOTFOUND elastic", "elk", "http://elastic:9200", "EL-16"),
        ("connect ECONNREFUSED 127.0.0.1:9200", "elk", "http://localhost:9200", "EL-15"),
        ("connect ECONNREFUSED 127.0.0.1:9200", "host", "http://localhost:9200", "EL-19"),
        ("connect ECONNREFUSED 192.168.1.20:9200", "bridge", "http://192.168.1.20:9200", "EL-19"),
        ("Unable to revive connection: http://elasticsearch:9200/", "elk", "elasticsearch:9200", "EL-19"),
        (f"[ConnectionError]: {EPROTO}", "elk", "https://elasticsearch:9200", "EL-37"),
        (
            f"Unable to retrieve version information from Elasticsearch nodes. {EPROTO}",
            "elk",
            "https://elasticsearch:9200",
            "EL-37",
        ),
    ],
)
def test_a_kibana_that_starts_is_named_by_nothing_that_may_still_come(
    log: str, mode: str, hosts: str, code: str
) -> None:
    engine = Stack().aged("kibana", 40)
    engine.pages["5601/api/status"] = NOT_READY
    engine.logs[engine.id_of("kibana")] = log
    engine.inspect("kibana")["Config"]["Env"] = [f"ELASTICSEARCH_HOSTS={hosts}"]
    if mode != "elk":
        engine.inspect("kibana")["HostConfig"]["NetworkMode"] = mode
        engine.inspect("kibana")["NetworkSettings"]["Networks"] = {mode: {}}
    mistake = name_mistake(engine, KIBANA)
    assert mistake
    assert mistake.code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Manticore::UnknownException] Unsupported or unrecognized SSL message", "EL-37"),
        ("Manticore::UnknownException] Unrecognized SSL message, plaintext connection?", "EL-37"),
        ("Manticore::ResolutionFailure] elasticsearch: Name or service not known", "EL-27"),
    ],
)
def test_a_logstash_that_asks_by_https_what_is_answered_in_clear_is_told_so(error: str, code: str) -> None:
    engine = Stack()
    engine.logs[engine.id_of("logstash")] = (
        "[WARN ][logstash.outputs.elasticsearch][main] Attempted to resurrect dead ES instance, "
        'but got an error. {:url=>"https://elasticsearch:9200/", :error_type=>HostUnreachableError, '
        f':error=>"Elasticsearch Unreachable: [https://elasticsearch:9200/][{error}"}}'
    )
    mistake = name_mistake(engine, "logstash-writes-to-elasticsearch")
    assert mistake
    assert mistake.code == code


def test_a_first_attempt_to_reach_elasticsearch_is_waited_for() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(9, 0, 0)
    engine.logs[engine.id_of("logstash")] = (
        "[INFO ][logstash.outputs.elasticsearch][main] Elasticsearch pool URLs updated "
        "{:changes=>{:removed=>[], :added=>[http://elasticsearch:9200/]}}"
    )
    mistake = name_mistake(engine, "logstash-writes-to-elasticsearch")
    assert mistake
    assert mistake.code == "EL-99"
    diagnosis = TP7.find_diagnosis(mistake.code)
    assert diagnosis
    assert diagnosis.transient


def test_the_variable_of_version_6_is_no_mistake_while_the_usual_name_is_right() -> None:
    engine = Stack().aged("kibana", 40)
    engine.pages["5601/api/status"] = NOT_READY
    engine.logs[engine.id_of("kibana")] = "Unable to revive connection: http://elasticsearch:9200/"
    engine.inspect("kibana")["Config"]["Env"] = ["ELASTICSEARCH_URL=http://elasticsearch:9200"]
    mistake = name_mistake(engine, KIBANA)
    assert mistake
    assert mistake.code == "EL-19"


def test_single_documents_that_are_refused_are_no_failure_of_a_logstash_that_writes() -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(9, 9, 0)
    engine.logs[engine.id_of("logstash")] = (
        "[WARN ][logstash.outputs.elasticsearch] Could not index event to Elasticsearch. "
        '{:status=>400, :response=>{"error"=>{"type"=>"mapper_parsing_exception", '
        '"reason"=>"failed to parse field [code]"}}}'
    )
    mistake = name_mistake(engine, "logstash-writes-to-elasticsearch")
    assert mistake
    assert mistake.code == "EL-89"
    assert "failed to parse field [code]" in mistake.message


@pytest.mark.parametrize("check", [ELASTICSEARCH, LOGSTASH, KIBANA])
def test_who_ended_without_a_word_is_not_passed_over_in_silence(check: str) -> None:
    mistake = name_mistake(Stack().ended(check.partition("-")[0], "", 1), check)
    assert mistake
    assert mistake.code == "EL-98"


@pytest.mark.parametrize(
    ("check", "path", "answer"),
    [
        (ELASTICSEARCH, "9200/_cluster/health", page({"error": {}}, 503)),
        ("logstash-writes-to-elasticsearch", "9600/_node/stats/pipelines", page({"pipelines": {}})),
        (KIBANA, "5601/api/status", NOT_READY),
    ],
)
def test_who_answers_and_is_never_ready_is_named_once_it_had_its_time(
    check: str, path: str, answer: HttpAnswer
) -> None:
    engine = Stack().aged(check.partition("-")[0], 300)
    engine.pages[path] = answer
    mistake = name_mistake(engine, check)
    assert mistake
    assert mistake.code == "EL-99"


def test_an_api_that_is_not_reached_is_no_mistake_of_a_logstash_that_says_that_it_runs() -> None:
    engine = Stack().aged("logstash", 30)
    engine.pages["9600/"] = NoAnswer("refused")
    engine.logs[engine.id_of("logstash")] = "[INFO ][logstash.agent] Pipelines running {:count=>1}"
    mistake = name_mistake(engine, "logstash-writes-to-elasticsearch")
    assert mistake
    assert mistake.code == "EL-94"


def test_an_elasticsearch_that_speaks_tls_is_a_limit_of_the_grader() -> None:
    engine = Stack().aged("elasticsearch", 30)
    engine.pages["9200/"] = NoAnswer("reset")
    engine.logs[engine.id_of("elasticsearch")] = (
        '{"level": "WARN", "message": "received plaintext http traffic on an https channel, closing"}'
    )
    mistake = name_mistake(engine, ELASTICSEARCH)
    assert mistake
    assert mistake.code == "EL-80"


@pytest.mark.parametrize(
    ("inputs", "outputs", "mounts", "code"),
    [
        (["beats"], ["stdout"], [], "EL-20"),
        (["beats"], ["stdout"], ["/etc/logstash/conf.d"], "EL-21"),
        # Given by `-e`, by `-f` or by an image of the trainee's: nothing is mounted.
        (["gelf"], ["stdout"], [], "EL-39"),
        (["beats"], ["file"], [], "EL-39"),
        (["gelf"], ["stdout"], ["/etc/logstash/conf.d"], "EL-39"),
    ],
)
def test_a_pipeline_of_the_trainee_s_is_not_taken_for_the_image_s(
    inputs: list[str], outputs: list[str], mounts: list[str], code: str
) -> None:
    engine = Stack()
    engine.pages["9600/_node/stats/pipelines"] = stats(1, 1, None, outputs, inputs)
    engine.inspect("logstash")["Mounts"] = [{"Destination": place, "Source": "/x"} for place in mounts]
    mistake = name_mistake(engine, "logstash-writes-to-elasticsearch")
    assert mistake
    assert mistake.code == code
