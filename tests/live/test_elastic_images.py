"""Elasticsearch 7.9.3 itself, and the stand-ins for Logstash and Kibana, on an engine of their own."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from images import build
from images.parts.logstash_syntax import ConfigurationError, parsed
from tests.conftest import need_private_engines

IMAGES = ["elasticsearch:7.9.3", "logstash:7.9.3", "kibana:7.9.3", "kibana:8.5.3", "nginx"]
SINGLE = ("-e", "discovery.type=single-node")
PIPELINE = """
input { gelf { port => 12201 } }
output { elasticsearch { hosts => ["elasticsearch:9200"] index => "logs-%{+YYYY.MM.dd}" } }
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[PrivateEngine]:
    need_private_engines()
    with PrivateEngine() as started:
        build.load(started.host, IMAGES)
        yield started


@pytest.fixture
def engine(loaded: PrivateEngine) -> Iterator[PrivateEngine]:
    run_docker(loaded.host, "network", "create", "elk")
    yield loaded
    loaded.empty()


def run(engine: PrivateEngine, name: str, *words: str) -> None:
    run_docker(engine.host, "run", "-d", "--name", name, "--network", "elk", *words)


def got(engine: PrivateEngine, container: str, path: str) -> str:
    """Ask from inside; empty while nobody answers."""
    asked = f"wget -q -O - http://localhost:{path} || true"
    return run_docker(engine.host, "exec", container, "sh", "-c", asked)


def until(condition: Callable[[], Any], wanted: str) -> Any:
    deadline = time.monotonic() + 200  # beside it, labs with as much Java are proven
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain: {wanted}"
        time.sleep(0.3)
    return found


def test_a_pipeline_is_read_with_comments_lists_and_hashes() -> None:
    text = (
        'input { file { path => ["/a", "/b"] } } # comment\nfilter { mutate { add_field => { "x" => 1 } } }'
    )
    assert [(plugin.section, plugin.name, plugin.settings) for plugin in parsed(text)] == [
        ("input", "file", {"path": ["/a", "/b"]}),
        ("filter", "mutate", {"add_field": {"x": 1}}),
    ]


def test_a_forgotten_arrow_is_told_in_logstash_s_words() -> None:
    with pytest.raises(ConfigurationError) as raised:
        parsed("input {\n  gelf {\n    port 12201\n  }\n}\n")
    assert str(raised.value).startswith(
        r'Expected one of [ \t\r\n], "#", "=>" at line 3, column 10 (byte 27) after input {'
    )


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_elasticsearch_is_7_9_3_and_named_as_its_host(engine: PrivateEngine) -> None:
    run(engine, "elasticsearch", "--hostname", "node-of-mine", *SINGLE, "elasticsearch:7.9.3")
    about = json.loads(until(lambda: got(engine, "elasticsearch", "9200/"), "Elasticsearch answers"))
    assert (about["name"], about["version"]["number"]) == ("node-of-mine", "7.9.3")
    assert about["version"]["build_hash"] == "c4138e51121ef06a6404866cddc601906fe5c868"
    assert json.loads(got(engine, "elasticsearch", "9200/_cluster/health"))["status"] == "green"


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_without_the_single_node_elasticsearch_s_own_checks_end_it(engine: PrivateEngine) -> None:
    run(engine, "elasticsearch", "elasticsearch:7.9.3")
    assert run_docker(engine.host, "wait", "elasticsearch").strip() == "78"


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_a_line_goes_from_a_container_s_output_into_elasticsearch_and_is_counted(
    engine: PrivateEngine,
) -> None:
    run(engine, "elasticsearch", *SINGLE, "elasticsearch:7.9.3")
    run(engine, "logstash", "-p", "12201:12201/udp", "logstash:7.9.3", "-e", PIPELINE)
    until(lambda: got(engine, "logstash", "9600/_node/stats/pipelines"), "Logstash answers")
    sending = ("--log-driver", "gelf", "--log-opt", "gelf-address=udp://localhost:12201")
    run(engine, "speaker", *sending, "--entrypoint", "echo", "nginx", "a word of mine")
    until(lambda: "a word of mine" in got(engine, "elasticsearch", "9200/logs-*/_search"), "the line")
    stats = json.loads(got(engine, "logstash", "9600/_node/stats/pipelines"))["pipelines"]["main"]
    assert stats["events"] == {"in": 1, "filtered": 1, "out": 1}
    assert stats["plugins"]["outputs"][0]["documents"] == {"successes": 1}


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_kibana_is_ready_once_its_elasticsearch_fits(engine: PrivateEngine) -> None:
    run(engine, "kibana", "kibana:7.9.3")
    run(engine, "kibana8", "kibana:8.5.3")
    assert got(engine, "kibana", "5601/api/status") == ""
    run(engine, "elasticsearch", *SINGLE, "elasticsearch:7.9.3")
    status = json.loads(until(lambda: got(engine, "kibana", "5601/api/status"), "Kibana is ready"))
    assert status["status"]["overall"]["state"] == "green"
    until(lambda: "is incompatible with" in run_docker(engine.host, "logs", "kibana8"), "versions differ")
    assert got(engine, "kibana8", "5601/api/status") == ""
