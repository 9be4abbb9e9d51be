"""Read in nginx's log why a proxy does not get through, and of which destination it complains."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from dckgrade.engine.answers import Json
from dckgrade.probes.support.lookup import parse_timestamp

CLOCK_SLACK = timedelta(seconds=2)
LOG_BEGINNING = datetime.fromtimestamp(0, UTC)

LogProblem = Literal["upstream-unknown", "refused", "no-such", "timeout"]
"""nginx's words: nobody knows its name; nothing listens; there is no such machine; it did not answer."""

_LOG_PATTERNS: tuple[tuple[re.Pattern[str], LogProblem], ...] = (
    (re.compile(r'host not found in upstream "(?P<upstream>[^"\s]{1,200})"'), "upstream-unknown"),
    (re.compile(r"\b(?P<upstream>[\w.-]{1,100}) could not be resolved"), "upstream-unknown"),
    (re.compile(r'failed \(111: .{1,400}upstream: "\w{1,5}://(?P<upstream>[^"/\s]{1,200})'), "refused"),
    (
        re.compile(r'failed \((?:101|112|113): .{1,400}upstream: "\w{1,5}://(?P<upstream>[^"/\s]{1,200})'),
        "no-such",
    ),
    (re.compile(r'upstream timed out .{1,400}upstream: "\w{1,5}://(?P<upstream>[^"/\s]{1,200})'), "timeout"),
)
NO_OBSTACLE: tuple[LogProblem | None, str] = (None, "")


def get_log_start(proxy: Json) -> datetime:
    """
    Return from when on the log tells of the configuration in force: since the last start.

    One that is restarted over and over may not have come to its complaint yet: it is read from the beginning.
    """
    state = proxy.get("State") or {}
    started = parse_timestamp(str(state.get("StartedAt") or "")) if state.get("StartedAt") else LOG_BEGINNING
    if proxy.get("RestartCount") or started <= LOG_BEGINNING:
        return LOG_BEGINNING
    # The engine notes the start after the program's first lines.
    return started - CLOCK_SLACK


def read_obstacle(log: str) -> tuple[LogProblem | None, str]:
    """Read the last of nginx's complaints about a destination."""
    for line in reversed(log.splitlines()):
        for pattern, problem in _LOG_PATTERNS:
            if match := pattern.search(line):
                return problem, match["upstream"]
    return NO_OBSTACLE
