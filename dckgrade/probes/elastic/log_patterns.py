"""What the logs of Logstash and Kibana say of their connection to Elasticsearch and of a pipeline."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily

PipelineProblem = Literal["syntax", "plugin", "nothing-to-run", "not-readable"]

# Logstash's lines: `[2026-01-01T10:00:00,000][WARN ][logstash.outputs.elasticsearch][main] Attempted to …`.
# The parts that ask about licences and send figures print the same words for another connection.
_OUTPUT = compile_lazily(r"\[logstash\.outputs\.elasticsearch *\]")
_OUTPUT_DEAD = compile_lazily(
    r"dead ES instance|no living connections|Marking url as dead|Elasticsearch Unreachable|"
    "No Available connections"
)
_OUTPUT_ALIVE = compile_lazily(r"Restored connection to ES instance")
_OUTPUT_BEGINS = compile_lazily(r"Elasticsearch pool URLs updated")
_LOCKED = compile_lazily(r"TOO_MANY_REQUESTS/12|FORBIDDEN/12|cluster_block_exception")
_REFUSED = compile_lazily(r"Could not index event|retrying failed action with response code: 40[13]")
# `"error"=>{"type"=>"mapper_parsing_exception", "reason"=>"failed to parse field [code] …"}`
_REASON = compile_lazily(
    r'"type"\s{0,2}(?:=>|:)\s{0,2}"(\w{1,80})",\s{0,2}"reason"\s{0,2}(?:=>|:)\s{0,2}"((?:[^"\\]|\\.){1,300})'
)
_API_PORT = compile_lazily(r"Started Logstash API endpoint\D{0,20}(\d{2,5})", re.IGNORECASE)
_PIPELINES_STARTED = compile_lazily(r"Pipelines running \{:count=>[1-9]|Pipeline started \{")
_URL = compile_lazily(r":?url(?:=>|:)\s{0,2}\"?(?:#<[\w:]{1,60} ?)?(https?://[^\s\"'>,}]{1,200})")
# Kibana 7: `Unable to revive connection: http://elasticsearch:9200/`; 7.11 and later:
# `connect ECONNREFUSED 127.0.0.1:9200`, `getaddrinfo ENOTFOUND elasticsearch`, with the port or without.
_REVIVE = compile_lazily(
    r"(?:Unable to revive connection|Request error, retrying\s{1,4}\w{1,10}): ?(https?://[^\s\"']{1,200})"
)
_ERRNO = compile_lazily(
    r"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT) ([\w.-]{1,100})(?::\d{1,5})?"
)
_INCOMPATIBLE = compile_lazily(
    r"incompatible with the following Elasticsearch|This version of Kibana[^.]{0,60} requires"
)
_MIGRATING = "Another Kibana instance appears to be migrating"
_IN_CLEAR = "plaintext http traffic on an https channel"
# Kibana: `write EPROTO …:SSL routines:ssl3_get_record:wrong version number`; Logstash, by its Java:
# `Unsupported or unrecognized SSL message`, `Unrecognized SSL message, plaintext connection?`.
_ANSWERED_IN_CLEAR = compile_lazily(r"SSL.{0,80}wrong version number|nrecognized SSL message", re.IGNORECASE)
_SYNTAX = compile_lazily(r"Expected one of .{0,800}? at line (\d{1,6})")
_PLUGIN = compile_lazily(
    r"ConfigurationError|Invalid setting for|Unable to configure plugins|Couldn't find any \w{1,10} plugin"
    r"|Unknown setting '|Missing a required setting"
)
_NOTHING_TO_RUN = compile_lazily(
    r"No config files found|No configuration found|No pipelines? (?:is|are) running|no pipelines? loaded"
)
_UNREADABLE = compile_lazily(r"Permission denied|EACCES|not readable")
# A pipeline runs already where these are refused a file: a log that is to be read, one that is to be written.
_PLUGIN_SPEAKS = compile_lazily(r"\[(?:filewatch|logstash\.(?:inputs|filters|outputs|codecs))\.")
# The engine keeps the words of earlier runs; and a configuration may be loaded anew within one.
# Its start script and Java speak some seconds before Logstash itself does.
_STARTS = compile_lazily(
    r"Starting Logstash\b|Sending Logstash.{0,3} logs to|OpenJDK 64-Bit Server VM warning"
    r"|Using bundled JDK|Using \w{0,3}JAVA_HOME defined java"
)
_ENDS = compile_lazily(r"SIGTERM received|Logstash shut down")
_ALL_RUN = compile_lazily(r"Pipelines running \{:count=>[1-9].{0,2000}:non_running_pipelines=>\[\]")
# What the output `stdout` prints, in the forms of its codecs `rubydebug` and `json`: any program's words.
_PRINTED_EVENT = compile_lazily(r'\s*"[^"]{1,200}"\s{0,9}=>|\s*\{"(?!.*"loggerName")')

MAX_REFUSAL_CHARS = 300
KIBANA_HOSTS, OLD_KIBANA_HOSTS = "ELASTICSEARCH_HOSTS", "ELASTICSEARCH_URL"
DEFAULT_ELASTICSEARCH_HOST = "elasticsearch"
"""Where the images of Logstash and Kibana look for it, if they are told nothing."""


class OutputConnection(Struct, frozen=True):
    """What a log says of the connection to Elasticsearch."""

    lost: bool
    """The last word is that it cannot be reached, or has locked its indices."""
    host: str | None
    """Where it looks for it; None where that was not told."""
    refusal: str | None
    """Why the last document was refused that was: type and reason."""
    begins: bool = False
    """The last word is that it begins to look for Elasticsearch; a name that nobody knows takes a while."""

    def is_failing(self, written: int | None, *, waits: bool) -> bool:
        """
        Return whether nothing can be written now.

        *written* counts the documents that were accepted, None where that is not told; *waits* is whether
        events that came in have not gone out. Where some were written and none waits, a connection that was
        lost is back, whatever was last said of it; refusals mean something where nothing was written.
        """
        return (self.lost and (waits or not written)) or (self.refusal is not None and written == 0)

    def is_undecided(self, written: int | None, *, waits: bool) -> bool:
        """Return whether events wait for the first word about Elasticsearch; as `is_failing` otherwise."""
        return self.begins and waits and not written

    def has_refused(self, words: str) -> bool:
        """Return whether the last refusal quotes *words*; what is written of others says nothing then."""
        return words in (self.refusal or "")


def read_output_connection(log: str) -> OutputConnection:
    """Read the log of Logstash's last run: the last word about its output counts."""
    lost, host, refusal, begins = False, None, None, False
    for line in take_lines_from_last(_STARTS, log.splitlines()):
        if not _OUTPUT.search(line):
            continue
        if url := _URL.search(line):
            host = parse_hostname(url[1])
        if _OUTPUT_BEGINS.search(line):
            begins = True
        elif _OUTPUT_ALIVE.search(line):
            lost = begins = False
        elif _OUTPUT_DEAD.search(line) or _LOCKED.search(line):
            lost, begins = True, False
        elif _REFUSED.search(line):
            refusal, begins = read_refusal(line), False
    return OutputConnection(lost, host, refusal, begins)


def read_refusal(line: str) -> str:
    """Read why a document was refused, by the first reason that the line gives; secrets masked."""
    reasons = [f"{kind}: {reason}" for kind, reason in _REASON.findall(line)]
    return mask_secrets(reasons[0] if reasons else line)[:MAX_REFUSAL_CHARS]


def find_api_port(log: str) -> int | None:
    """Read at which port Logstash says that its API is; None where it does not say so."""
    ports = _API_PORT.findall(log)
    return int(ports[-1]) if ports else None


def has_started_pipelines(log: str) -> bool:
    """Read whether Logstash says that a pipeline runs, and neither ended nor started since."""
    lines = take_lines_from_last(_ENDS, take_lines_from_last(_STARTS, log.splitlines()))
    return any(_PIPELINES_STARTED.search(line) for line in lines)


def find_tried_host(log: str) -> str | None:
    """Read Kibana's log: the host at which it last failed to find Elasticsearch."""
    hosts = [found for line in log.splitlines() for found in iter_tried_hosts(line)]
    return hosts[-1] if hosts else None


def is_version_incompatible(log: str) -> bool:
    """Read Kibana's log: whether Elasticsearch is of a version that it cannot work with."""
    return bool(_INCOMPATIBLE.search(log))


def is_waiting_for_migration(log: str) -> bool:
    """Read Kibana's log: whether it waits for another one to finish a migration."""
    return _MIGRATING in log


def is_asked_in_clear(log: str) -> bool:
    """Read Elasticsearch's log: whether it was asked in clear where it wants TLS."""
    return _IN_CLEAR in log


def is_answered_in_clear(log: str) -> bool:
    """Read Logstash's or Kibana's log: whether it asked by TLS, and was answered in clear."""
    return bool(_ANSWERED_IN_CLEAR.search(log))


def iter_tried_hosts(line: str) -> Iterator[str]:
    """Yield the hosts of one line, what tells most last."""
    yield from (found[1] for found in _ERRNO.finditer(line))
    yield from (host for found in _REVIVE.finditer(line) if (host := parse_hostname(found[1])))


def read_configured_host(environment: Mapping[str, str], *, is_old: bool) -> str | None:
    """
    Read where Kibana was told to look: one address, or a JSON list of them; never an account in it.

    *is_old* is whether it is of a version that reads the variable of version 6.
    """
    told = environment.get(KIBANA_HOSTS) or (environment.get(OLD_KIBANA_HOSTS) if is_old else "") or ""
    value = told.strip().strip("[]").partition(",")[0].strip(" \"'")
    return parse_hostname(value) if value else None


def parse_hostname(url: str) -> str | None:
    """Take the host out of an address."""
    try:
        return urlsplit(url if "://" in url else f"http://{url}").hostname
    except ValueError:
        return None


def read_environment(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Return a container's variables."""
    pairs = (str(variable).partition("=") for variable in (inspected.get("Config") or {}).get("Env") or [])
    return {name: value for name, _, value in pairs}


def find_pipeline_problem(log: str) -> tuple[PipelineProblem | None, int | None]:
    """Return what is wrong with the pipeline, by Logstash's log, and on which line."""
    # Once all pipelines run, what was said before is over; one that ends again and again repeats it.
    lines = [
        line for line in take_lines_from_last(_ALL_RUN, log.splitlines()) if not _PRINTED_EVENT.match(line)
    ]
    runs = (take_lines_from_last(_STARTS, lines), lines)
    return next((found for run in runs if (found := read_pipeline_problem(run))[0]), (None, None))


def read_pipeline_problem(lines: Sequence[str]) -> tuple[PipelineProblem | None, int | None]:
    """Return what these lines say is wrong, the most telling first, and on which line of the pipeline."""
    problem: PipelineProblem | None = None
    # A message may go on over several lines.
    if found := _SYNTAX.search(" ".join(" ".join(lines).split())):
        return "syntax", int(found[1])
    for line in lines:
        if _PLUGIN.search(line):
            problem = "plugin"
        elif _NOTHING_TO_RUN.search(line):
            problem = problem or "nothing-to-run"
        elif _UNREADABLE.search(line) and not _PLUGIN_SPEAKS.search(line):
            problem = problem or "not-readable"
    return problem, None


def take_lines_from_last(pattern: re.Pattern[str], lines: Sequence[str]) -> Sequence[str]:
    """Return the lines from the last one on that *pattern* is in; all where it is in none."""
    return lines[max((number for number, line in enumerate(lines) if pattern.search(line)), default=0) :]
