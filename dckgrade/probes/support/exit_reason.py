"""Why a container did not start or did not last: the telling part of the engine's error and of its log."""

import re

STEADY_AFTER_START_S = 2
RESTING_STATES = {"created", "paused", "exited", "dead"}
RELAY_PREFIX_PATTERN = re.compile(
    r"^(?:failed to create (?:shim )?task(?: for container)?: |OCI runtime create failed: "
    r"|runc create failed: "
    r"|container_linux\.go:\d+: |starting container process caused: |process_linux\.go:\d+: "
    r"|unable to start container process: |error during container init: )+"
)
REFUSAL_WORDS = ("not permitted", "denied", "Bad system call", "not implemented", "cannot")


def shorten_engine_error(error: str) -> str:
    """Drop the prefixes of the programs that relayed an error: the cause stands at its end."""
    return RELAY_PREFIX_PATTERN.sub("", error)[:300]


def find_telling_line(log: str) -> str:
    """Return the last line that tells of a refusal, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in REFUSAL_WORDS)]
    return ([*lines[-1:], *telling] or [""])[-1][:200]
