"""
TP7's word through a shipper that is nobody's stand-in: rsyslog, which Docker's own syslog driver sends to.

Logstash stands beside it because the lab asks for one; no line comes to it.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import EngineError, resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run as grading
from dckgrade.lab.discovery import find_lab_path
from dckgrade.lab.load import load_lab
from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.engines.private import PrivateEngine
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from images import build
from tests.conftest import FIXTURES, need_private_engines

pytestmark = pytest.mark.engine

CHECK = "logs-reach-elasticsearch"
CONF = FIXTURES / "images" / "parts" / "rsyslog.conf"
IMAGES = ["nginx", "elasticsearch:7.9.3", "logstash:7.9.3", "rsyslog"]
HEAP = "ES_JAVA_OPTS=-Xms256m -Xmx256m"
ADDRESS = "localhost:5514"
AWKWARD = 'awkward: "quotes", a \\\\ and été'
LIMIT_S = 120


@pytest.fixture(scope="module")
def started() -> Iterator[PrivateEngine]:
    """Give an engine with Elasticsearch, ready, and a Logstash that nobody sends anything to."""
    need_private_engines()
    with PrivateEngine() as engine:
        build.load(engine.host, IMAGES)
        run_docker(engine.host, "network", "create", "elk")
        run = ("run", "-d", "--network", "elk")
        single = ("-e", "discovery.type=single-node", "-e", HEAP)
        run_docker(engine.host, *run, "--name", "elasticsearch", *single, "elasticsearch:7.9.3")
        pipeline = FIXTURES / "tp7" / "solution" / "logstash.conf"
        mount = f"{pipeline}:/usr/share/logstash/pipeline/logstash.conf:ro"
        run_docker(engine.host, *run, "--name", "logstash", "-v", mount, "logstash:7.9.3")
        until(lambda: "number" in asked(engine, "/"), "Elasticsearch answers")
        yield engine


@pytest.fixture
def engine(started: PrivateEngine) -> Iterator[PrivateEngine]:
    """Give it without what the test before has added."""
    yield started
    for name in ("webservers", "rsyslog"):
        run_docker(started.host, "rm", "-f", "-v", name)


def shipping(engine: PrivateEngine, conf: Path) -> None:
    """Start rsyslog with that configuration, and an nginx whose lines the engine sends to it."""
    run_docker(
        *(engine.host, "run", "-d", "--network", "elk", "--name", "rsyslog"),
        *("-p", "5514:514/udp", "-p", "5514:514/tcp", "-v", f"{conf}:/etc/rsyslog.conf:ro", "rsyslog"),
    )
    # The engine wants somebody at a TCP port before it starts a container that sends there.
    listening = ("exec", "rsyslog", "sh", "-c", "netstat -ltn | grep -q :514 && netstat -lun | grep -q :514")
    until(lambda: worked(engine, *listening), "rsyslog listens")
    sent = ("--log-driver", "syslog", "--log-opt", f"syslog-address=udp://{ADDRESS}")
    run_docker(engine.host, "run", "-d", "--name", "webservers", "-p", "80:80", *sent, "nginx")


def graded(engine: PrivateEngine, lab: Path) -> Report:
    """Grade as a user does, what leads to the one check included."""
    where = resolve_endpoint(engine.host, None, {}, Path("/nonexistent"))
    choice = RunOptions(only=[CHECK], dockerd=engine.dockerd, environment={"HOME": "/nonexistent"})
    with engine.enter_network(), connect_engine(where) as daemon:
        return grading.grade_lab(load_lab(lab), daemon, choice)


def outcome(report: Report) -> tuple[str, str | None, dict[str, Any]]:
    """Give the check's verdict, its diagnosis, and the facts."""
    line = next(check for check in report.checks if check.id == CHECK)
    (facts,) = [
        observation.facts
        for observation in report.observations.values()
        if isinstance(observation, Seen) and observation.kind == "log-marker"
    ]
    return line.verdict, line.diagnosis.code if line.diagnosis else None, facts


@pytest.mark.timeout(120)
def test_the_word_is_found_where_rsyslog_has_written_it(engine: PrivateEngine) -> None:
    shipping(engine, CONF)
    verdict, code, facts = outcome(graded(engine, find_lab_path("tp7")))
    assert (verdict, code) == ("passed", None), facts
    assert (facts["by"], facts["container"], facts["driver"]) == ("request", "webservers", "syslog")
    # Nginx says twice what it has not found: in its access log, and in its error log.
    until(lambda: len(documents(engine, facts["index"], "GET")) >= 2, "both lines are found")
    lines = documents(engine, facts["index"], "GET")
    assert [line.keys() for line in lines] == [{"@timestamp", "message", "host", "program"}] * 2
    assert logstash_took_in(engine) == 0


@pytest.mark.timeout(60)
def test_rsyslog_takes_lines_by_tcp_too_and_ships_quotes_whole(engine: PrivateEngine) -> None:
    shipping(engine, CONF)
    sent = ("--log-driver", "syslog", "--log-opt", f"syslog-address=tcp://{ADDRESS}")
    run_docker(engine.host, "run", "--rm", *sent, "nginx", "echo", AWKWARD)
    until(lambda: documents(engine, "logstash-*", "awkward"), "the line is in Elasticsearch")
    (line,) = documents(engine, "logstash-*", "awkward")
    assert line["message"].strip() == AWKWARD


@pytest.mark.timeout(120)
def test_the_word_is_missed_where_rsyslog_writes_to_a_wrong_host(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    wrong = tmp_path / "rsyslog.conf"
    wrong.write_text(CONF.read_text().replace('server="elasticsearch"', 'server="localhost"'))
    tmp_path.chmod(0o755)
    shipping(engine, wrong)
    verdict, code, facts = outcome(graded(engine, impatient(tmp_path)))
    assert (verdict, code) == ("failed", "EL-57"), facts
    assert (facts["said"], facts["found"], facts["hop"]) == (True, False, "logstash-in")
    assert "omelasticsearch: we are suspending" in read_output(engine, "rsyslog")


def impatient(folder: Path) -> Path:
    """Write the lab with a shorter budget: rsyslog writes within two seconds, or not at all."""
    text = find_lab_path("tp7").read_text(encoding="utf-8")
    assert "within: 75s" in text
    lab = folder / "tp7.yaml"
    lab.write_text(text.replace("within: 75s", "within: 10s"), encoding="utf-8")
    return lab


def documents(engine: PrivateEngine, index: str, words: str) -> list[dict[str, Any]]:
    """Search as any client does."""
    answer = json.loads(asked(engine, f"/{index}/_search?q={words.replace(' ', '+')}"))
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def logstash_took_in(engine: PrivateEngine) -> int:
    """Ask it how many events have come in."""
    url = "http://localhost:9600/_node/stats/pipelines"
    answer = json.loads(run_docker(engine.host, "exec", "logstash", "wget", "-q", "-O", "-", url))
    return int(answer["pipelines"]["main"]["events"]["in"])


def read_output(engine: PrivateEngine, name: str) -> str:
    """Read what a container has said on both of its outputs."""
    client = APIClient(engine.host)
    try:
        return client.logs(name).decode(errors="replace")
    finally:
        client.close()


def asked(engine: PrivateEngine, path: str) -> str:
    """Ask Elasticsearch from inside; nothing while it does not answer."""
    try:
        return run_docker(
            engine.host,
            *("exec", "elasticsearch", "wget", "-q", "-O", "-", f"http://localhost:9200{path}"),
        )
    except EngineError:
        return ""


def worked(engine: PrivateEngine, *words: str) -> bool:
    """Say whether the command succeeds."""
    try:
        run_docker(engine.host, *words)
    except EngineError:
        return False
    return True


def until(condition: Callable[[], object], wanted: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {wanted}"
        time.sleep(0.2)
