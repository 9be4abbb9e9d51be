"""What the logs of Logstash and Kibana say of their connection to Elasticsearch and of a pipeline."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

PipelineProblem = Literal["syntax", "nothing-to-run", "not-readable"]

# Logstash's lines: `[2026-01-01T10:00:00,000][WARN ][logstash.outputs.elasticsearch][main] Attempted to …`.
# The parts that ask about licences and send figures print the same words for another connection.
_OUTPUT = re.compile(r"\[logstash\.outputs\.elasticsearch *\]")
_OUTPUT_DEAD = re.compile(
    r"dead ES instance|no living connections|Marking url as dead|Elasticsearch Unreachable|"
    "No Available connections"
)
_OUTPUT_ALIVE = re.compile(r"Restored connection to ES instance")
_REFUSED = re.compile(r"TOO_MANY_REQUESTS/12|FORBIDDEN/12|cluster_block_exception|Could not index event")
_URL = re.compile(r":?url(?:=>|:)\s{0,2}\"?(?:#<[\w:]{1,60} ?)?(https?://[^\s\"'>,}]{1,200})")
# Kibana 7: `Unable to revive connection: http://elasticsearch:9200/`; 7.11 and later:
# `connect ECONNREFUSED 127.0.0.1:9200`, `getaddrinfo ENOTFOUND elasticsearch`, with the port or without.
_REVIVE = re.compile(
    r"(?:Unable to revive connection|Request error, retrying\s{1,4}\w{1,10}): ?(https?://[^\s\"']{1,200})"
)
_ERRNO = re.compile(
    r"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT) ([\w.-]{1,100})(?::\d{1,5})?"
)
_INCOMPATIBLE = re.compile(
    r"incompatible with the following Elasticsearch|This version of Kibana[^.]{0,60} requires"
)
_SYNTAX = re.compile(r"Expected one of .{0,800}? at line (\d{1,6})")
_BROKEN = re.compile(
    r"ConfigurationError|Invalid setting for|Unable to configure plugins|Couldn't find any \w{1,10} plugin"
)
_NOTHING_TO_RUN = re.compile(
    r"No config files found|No configuration found|No pipelines? (?:is|are) running|no pipelines? loaded"
)
_UNREADABLE = re.compile(r"Permission denied|EACCES|not readable")

KIBANA_HOSTS, OLD_KIBANA_HOSTS = "ELASTICSEARCH_HOSTS", "ELASTICSEARCH_URL"
DEFAULT_ELASTICSEARCH_HOST = "elasticsearch"
"""Where the images of Logstash and Kibana look for it, if they are told nothing."""


class OutputConnection(Struct, frozen=True):
    """How the last word about the connection to Elasticsearch reads."""

    failing: bool
    host: str | None
    """Where it looks for it; None where that was not told."""


def read_output_connection(log: str) -> OutputConnection:
    """Read Logstash's log: the last word about its output counts."""
    failing, host = False, None
    for line in log.splitlines():
        if not _OUTPUT.search(line):
            continue
        if url := _URL.search(line):
            host = parse_hostname(url[1])
        if _OUTPUT_ALIVE.search(line):
            failing = False
        elif _OUTPUT_DEAD.search(line) or _REFUSED.search(line):
            failing = True
    return OutputConnection(failing, host)


def find_tried_host(log: str) -> str | None:
    """Read Kibana's log: the host at which it last failed to find Elasticsearch."""
    hosts = [found for line in log.splitlines() for found in iter_tried_hosts(line)]
    return hosts[-1] if hosts else None


def is_version_incompatible(log: str) -> bool:
    """Read Kibana's log: whether Elasticsearch is of a version that it cannot work with."""
    return bool(_INCOMPATIBLE.search(log))


def iter_tried_hosts(line: str) -> Iterator[str]:
    """Give the hosts of one line, what tells most last."""
    yield from (found[1] for found in _ERRNO.finditer(line))
    yield from (host for found in _REVIVE.finditer(line) if (host := parse_hostname(found[1])))


def read_configured_host(environment: Mapping[str, str]) -> str | None:
    """Read where Kibana was told to look: one address, or a JSON list of them; never an account in it."""
    value = environment.get(KIBANA_HOSTS, "").strip().strip("[]").partition(",")[0].strip(" \"'")
    return parse_hostname(value) if value else None


def parse_hostname(url: str) -> str | None:
    """Take the host out of an address."""
    try:
        return urlsplit(url if "://" in url else f"http://{url}").hostname
    except ValueError:
        return None


def read_environment(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Give a container's variables."""
    pairs = (str(variable).partition("=") for variable in (inspected.get("Config") or {}).get("Env") or [])
    return {name: value for name, _, value in pairs}


def find_pipeline_problem(log: str) -> tuple[PipelineProblem | None, int | None]:
    """Say what is wrong with the pipeline, by Logstash's log, and on which line."""
    problem: PipelineProblem | None = None
    number: int | None = None
    # A message may go on over several lines.
    if found := _SYNTAX.search(" ".join(log.split())):
        return "syntax", int(found[1])
    for line in log.splitlines():
        if _BROKEN.search(line):
            problem = "syntax"
        elif _NOTHING_TO_RUN.search(line):
            problem = problem or "nothing-to-run"
        elif _UNREADABLE.search(line):
            problem = problem or "not-readable"
    return problem, number
