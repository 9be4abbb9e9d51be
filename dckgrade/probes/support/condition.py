"""The condition of a container that bears a profile: its state, and why it did not start or did not last."""

from collections.abc import Sequence

from msgspec import Struct

from dckgrade.engine.answers import Json
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.lookup import RESTING_STATES, STEADY_AFTER_START_S, uptime_s

RELAY_PREFIX_PATTERN = compile_lazily(
    r"^(?:failed to create (?:shim )?task(?: for container)?: |OCI runtime (?:create|start) failed: "
    r"|runc create failed: "
    r"|container_linux\.go:\d+: |starting container process caused: |process_linux\.go:\d+: "
    r"|unable to start container process: |error during container init: )+"
)
SILENT_STATES = {"running", "created", "paused"}
"""States in which the log does not tell why the container ended: it has not."""
REFUSAL_WORDS = ("not permitted", "denied", "Bad system call", "bad system call", "not implemented", "cannot")


class ContainerCondition(Struct, frozen=True, kw_only=True):
    """Facts that the topics apparmor and seccomp have in common."""

    status: str
    stable: bool
    exit_code: int
    error: str
    restart_count: int
    clue: str
    option_misplaced: bool


def read_condition(
    engine: Engine,
    ref: str,
    inspected: Json | None,
    listed_state: str,
    refusal_texts: Sequence[str] = (),
) -> ContainerCondition:
    """
    Return the condition of container *ref*; without an inspect answer, what the list says of it.

    *refusal_texts*: how its profile answers, beside the usual words.
    """
    found = inspected or {}
    state, config = found.get("State") or {}, found.get("Config") or {}
    status = str(state.get("Status") or listed_state)
    up_s = uptime_s(found, engine.now())
    has_ended = inspected is not None and status not in SILENT_STATES
    log = engine.read_log_tail(ref, tty=bool(config.get("Tty"))) if has_ended else ""
    return ContainerCondition(
        status=status,
        stable=(up_s is not None and up_s >= STEADY_AFTER_START_S)
        or (inspected is not None and status in RESTING_STATES),
        exit_code=state.get("ExitCode") or 0,
        error=shorten_engine_error(mask_secrets(state.get("Error") or "")),
        restart_count=found.get("RestartCount") or 0,
        clue=find_refusal_line(mask_secrets(log), (*REFUSAL_WORDS, *refusal_texts)),
        option_misplaced=any("--security-opt" in str(part) for part in config.get("Cmd") or []),
    )


def shorten_engine_error(error: str) -> str:
    """Drop the prefixes of the programs that relayed an error: the cause stands at its end."""
    return RELAY_PREFIX_PATTERN.sub("", error)[:300]


def find_refusal_line(log: str, refusal_words: Sequence[str] = REFUSAL_WORDS) -> str:
    """Return the last line that tells of a refusal, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    refusals = [line for line in lines if any(word in line for word in refusal_words)]
    return ([*lines[-1:], *refusals] or [""])[-1][:200]
