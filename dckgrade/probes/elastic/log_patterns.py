"""What Logstash and Kibana print → where they look for Elasticsearch, and what is wrong with a pipeline."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

Problem = Literal["syntax", "nothing-to-run", "not-readable"]

# Logstash's lines: `[2026-01-01T10:00:00,000][WARN ][logstash.outputs.elasticsearch][main] Attempted to …`.
# The parts that ask about licences and send figures print the same words for another connection.
_OUTPUT = re.compile(r"\[logstash\.outputs\.elasticsearch *\]")
_DEAD = re.compile(
    r"dead ES instance|no living connections|Marking url as dead|Elasticsearch Unreachable|"
    "No Available connections"
)
_ALIVE = re.compile(r"Restored connection to ES instance")
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
_UNFIT = re.compile(
    r"incompatible with the following Elasticsearch|This version of Kibana[^.]{0,60} requires"
)
_SYNTAX = re.compile(r"Expected one of .{0,800}? at line (\d{1,6})")
_BROKEN = re.compile(
    r"ConfigurationError|Invalid setting for|Unable to configure plugins|Couldn't find any \w{1,10} plugin"
)
_NOTHING = re.compile(
    r"No config files found|No configuration found|No pipelines? (?:is|are) running|no pipelines? loaded"
)
_UNREADABLE = re.compile(r"Permission denied|EACCES|not readable")

KIBANA_HOSTS, KIBANA_OLD = "ELASTICSEARCH_HOSTS", "ELASTICSEARCH_URL"
FACTORY_HOST = "elasticsearch"
"""Where the images of Logstash and Kibana look for it, if they are told nothing."""


class Connection(Struct, frozen=True):
    """How the last word about the connection to Elasticsearch reads."""

    failing: bool
    host: str | None
    """Where it looks for it; None where that was not told."""


def connection(log: str) -> Connection:
    """Read Logstash's log: the last word about its output counts."""
    failing, host = False, None
    for line in log.splitlines():
        if not _OUTPUT.search(line):
            continue
        if url := _URL.search(line):
            host = hostname(url[1])
        if _ALIVE.search(line):
            failing = False
        elif _DEAD.search(line) or _REFUSED.search(line):
            failing = True
    return Connection(failing, host)


def tried(log: str) -> str | None:
    """Read Kibana's log: the host at which it last failed to find Elasticsearch."""
    hosts = [found for line in log.splitlines() for found in tried_in(line)]
    return hosts[-1] if hosts else None


def unfit(log: str) -> bool:
    """Read Kibana's log: whether Elasticsearch is of a version that it cannot work with."""
    return bool(_UNFIT.search(log))


def tried_in(line: str) -> Iterator[str]:
    """Give the hosts of one line, what tells most last."""
    yield from (found[1] for found in _ERRNO.finditer(line))
    yield from (host for found in _REVIVE.finditer(line) if (host := hostname(found[1])))


def told(environment: Mapping[str, str]) -> str | None:
    """Read where Kibana was told to look: one address, or a JSON list of them; never an account in it."""
    value = environment.get(KIBANA_HOSTS, "").strip().strip("[]").partition(",")[0].strip(" \"'")
    return hostname(value) if value else None


def hostname(url: str) -> str | None:
    """Take the host out of an address."""
    try:
        return urlsplit(url if "://" in url else f"http://{url}").hostname
    except ValueError:
        return None


def environment(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Give a container's variables."""
    pairs = (str(one).partition("=") for one in (inspected.get("Config") or {}).get("Env") or [])
    return {name: value for name, _, value in pairs}


def trouble(log: str) -> tuple[Problem | None, int | None]:
    """Say what is wrong with the pipeline, by Logstash's log, and on which line."""
    problem: Problem | None = None
    number: int | None = None
    # A message may go on over several lines.
    if found := _SYNTAX.search(" ".join(log.split())):
        return "syntax", int(found[1])
    for line in log.splitlines():
        if _BROKEN.search(line):
            problem = "syntax"
        elif _NOTHING.search(line):
            problem = problem or "nothing-to-run"
        elif _UNREADABLE.search(line):
            problem = problem or "not-readable"
    return problem, number
