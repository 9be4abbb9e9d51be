"""Remember across runs which guessed accounts a service has rejected."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dckgrade.engine.tool_cache import get_environment
from dckgrade.report.decode import parse_json

REJECTION_MEMORY_S = 600.0
"""Grafana counts failures over five minutes, and locks the account out after five of them."""
MAX_REMEMBERED = 50


def was_rejected_lately(container: str, user: str, environment: Mapping[str, str] | None) -> bool:
    """Whether the account was rejected so lately that another try would count against the trainee."""
    return f"{container} {user}" in read_recent_rejections(get_rejections_path(environment))


def remember_rejection(container: str, user: str, environment: Mapping[str, str] | None) -> None:
    """Write the rejection down, never the password; where nothing can be written, it is forgotten."""
    path = get_rejections_path(environment)
    rejections = dict(list(read_recent_rejections(path).items())[-MAX_REMEMBERED:]) | {
        f"{container} {user}": time.time()
    }
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(rejections))


def read_recent_rejections(path: Path) -> dict[str, float]:
    """Return when each account was rejected, if lately; {} for a file with any other content."""
    try:
        content = parse_json(path.read_bytes())
        now = time.time()
        return {
            str(key): float(rejected_at)
            for key, rejected_at in content.items()
            if 0 <= now - float(rejected_at) < REJECTION_MEMORY_S
        }
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return {}


def get_rejections_path(environment: Mapping[str, str] | None) -> Path:
    """Return the path of the file, in the user's folder for program state (XDG Base Directory)."""
    variables = get_environment(environment)
    home = variables.get("XDG_STATE_HOME") or str(
        Path(variables.get("HOME") or Path.home()) / ".local" / "state"
    )
    return Path(home) / "dckgrade" / "refused.json"
