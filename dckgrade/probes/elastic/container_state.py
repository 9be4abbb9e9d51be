"""Read name, status and last words of a container of the Elastic stack."""

from typing import Any

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.support.lookup import find_container, uptime_s


class ContainerLife(Struct, frozen=True, kw_only=True):
    """The same facts, by the same names, as those of the kind `container`."""

    name: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    exit_code: int
    oom_killed: bool
    """The kernel killed it for its memory."""
    error: str
    """The engine's own error at the start, secrets masked; empty when there was none."""
    log_tail: str | None
    """The last lines of a container that does not run, secrets masked; null for one that does."""
    up_s: int | None
    """For how many seconds it has been running; null when it does not run."""
    starting: bool
    """It runs, is not ready, and has not been running for longer than its programs take to start."""


def read_container_life(inspected: Json, engine: Engine, budget_s: float, *, ready: bool) -> dict[str, Any]:
    """Return the facts; the log is read only of a container that does not run."""
    state, up_s = inspected.get("State") or {}, uptime_s(inspected, engine.now())
    tty = bool((inspected.get("Config") or {}).get("Tty"))
    return {
        "name": str(inspected.get("Name") or "").lstrip("/"),
        "status": str(state.get("Status") or ""),
        "exit_code": state.get("ExitCode") or 0,
        "oom_killed": bool(state.get("OOMKilled")),
        "error": mask_secrets(str(state.get("Error") or "")),
        "log_tail": engine.read_log_tail(str(inspected.get("Id") or ""), tty=tty) if up_s is None else None,
        "up_s": round(up_s) if up_s is not None else None,
        "starting": up_s is not None and up_s <= budget_s and not ready,
    }


def inspect_stack_container(engine: Engine, name: str, image: str) -> Json | None:
    """Inspect one of the stack's containers; None when there is none."""
    try:
        return engine.inspect_container(find_container(engine, name, image).id)
    except NotThere:
        return None


def read_log(engine: Engine, inspected: Json) -> str:
    """Read the end of a container's log; empty where its driver keeps none."""
    tty = bool((inspected.get("Config") or {}).get("Tty"))
    try:
        return engine.read_log_tail(str(inspected.get("Id") or ""), tty=tty)
    except OutOfReach:
        return ""
