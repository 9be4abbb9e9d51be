"""Settings of a Compose service that the engine keeps as they were written, each beside the container's."""

import re
import shlex
from collections.abc import Callable, Mapping

from dckgrade.engine.answers import Json
from dckgrade.probes.compose.compose_model import has_variable
from dckgrade.probes.compose.compose_yaml import Value

# No number is so long that it could not be counted with.
MEMORY_PATTERN = re.compile(r"(\d{1,18}(?:\.\d{1,18})?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
MEMORY_UNITS = ("", "k", "m", "g", "t", "p")
DURATION_PATTERN = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(h|ms|m|us|s)", re.ASCII)
COUNT_PATTERN = re.compile(r"\d{1,18}", re.ASCII)
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}
NANOSECONDS = 1e9
TIMES = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
"""Of a health check: the file's key → the engine's."""


def fill_in(value: Value) -> str | None:
    """Return a text as Compose hands it on; None where a variable stands in it."""
    if not isinstance(value, str) or has_variable(value):
        return None
    return value.replace("$$", "$")


def list_setting_differences(service: Mapping[str, Value], inspected: Json) -> list[str]:
    """Return the keys that the file writes and that the container has otherwise."""
    return [key for key, differs in SETTINGS.items() if key in service and differs(service[key], inspected)]


def text_differs(written: Value, found: object) -> bool:
    """Return whether a text is another one; False where a variable stands in it."""
    wanted = fill_in(written)
    return wanted is not None and wanted != str(found or "")


def switch_differs(written: Value, found: object) -> bool:
    """Return whether something is on that is to be off, or off that is to be on."""
    return (
        isinstance(written, str) and written in {"true", "false"} and (written == "true") is not bool(found)
    )


def memory_differs(written: Value, found: object) -> bool:
    """Return whether a limit is of another number of bytes."""
    read = MEMORY_PATTERN.fullmatch(fill_in(written) or "")
    if read is None:
        return False
    return int(float(read[1]) * 1024 ** MEMORY_UNITS.index(read[2].lower())) != (found or 0)


def labels_differ(written: Value, found: Mapping[str, str]) -> bool:
    """Return whether a label of the file is missing, or has another value; others are Compose's."""
    if isinstance(written, dict):
        pairs = [(name, value or "") for name, value in written.items()]
    else:
        entries = written if isinstance(written, list) else ()
        pairs = [
            (entry.partition("=")[0], entry.partition("=")[2]) for entry in map(fill_in, entries) if entry
        ]
    return any(
        name not in found or text_differs(value, found[name])
        for name, value in dict(pairs).items()  # an override file's come last
        if "$" not in name
    )


def entrypoint_differs(written: Value, found: object) -> bool:
    """Return whether the program that starts is another one."""
    parts = [fill_in(part) for part in (written if isinstance(written, list) else [written])]
    words = [part for part in parts if part]
    if not words or len(words) < len(parts):
        return False
    try:
        wanted = words if isinstance(written, list) else shlex.split(words[0])
    except ValueError:
        return False
    return wanted != [str(word) for word in (found if isinstance(found, list) else ())]


def logging_differs(written: Value, found: Json) -> bool:
    """Return whether logs go by another driver, or with another value of an option."""
    if not isinstance(written, dict):
        return False
    options, kept = written.get("options"), found.get("Config") or {}
    if "driver" in written and text_differs(written["driver"], found.get("Type")):
        return True
    return isinstance(options, dict) and any(
        text_differs(value, kept.get(name)) for name, value in options.items()
    )


def timing_differs(written: Value, found: Json) -> bool:
    """Return whether a health check goes by other times, or other tries, than those that are written."""
    if not isinstance(written, dict):
        return False
    retries = COUNT_PATTERN.fullmatch(fill_in(written.get("retries")) or "")
    if retries and int(retries[0]) != (found.get("Retries") or 0):
        return True
    wanted = {key: read_duration_s(written.get(key)) for key in TIMES}
    return any(
        seconds is not None and round(seconds * NANOSECONDS) != (found.get(TIMES[key]) or 0)
        for key, seconds in wanted.items()
    )


def read_duration_s(written: Value) -> float | None:
    """Read `1m30s`; None for anything else."""
    text = fill_in(written) or ""
    parts = DURATION_PATTERN.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def get_config(inspected: Json) -> Json:
    """Return what the container was created with."""
    return inspected.get("Config") or {}


def get_host(inspected: Json) -> Json:
    """Return where and how it was to run."""
    return inspected.get("HostConfig") or {}


SETTINGS: Mapping[str, Callable[[Value, Json], bool]] = {
    "container_name": lambda written, seen: text_differs(written, str(seen.get("Name") or "").lstrip("/")),
    "hostname": lambda written, seen: text_differs(written, get_config(seen).get("Hostname")),
    "user": lambda written, seen: text_differs(written, get_config(seen).get("User")),
    "entrypoint": lambda written, seen: entrypoint_differs(written, get_config(seen).get("Entrypoint")),
    "labels": lambda written, seen: labels_differ(written, get_config(seen).get("Labels") or {}),
    "logging": lambda written, seen: logging_differs(written, get_host(seen).get("LogConfig") or {}),
    "mem_limit": lambda written, seen: memory_differs(written, get_host(seen).get("Memory")),
    "privileged": lambda written, seen: switch_differs(written, get_host(seen).get("Privileged")),
    "read_only": lambda written, seen: switch_differs(written, get_host(seen).get("ReadonlyRootfs")),
    "healthcheck": lambda written, seen: timing_differs(written, get_config(seen).get("Healthcheck") or {}),
}
"""Key of a service → whether the container has it otherwise; without what Compose rewrites."""
