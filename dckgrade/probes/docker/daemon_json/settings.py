"""Parse a `daemon.json` as dockerd does: whether dockerd starts with it, and its log settings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from dckgrade.probes.docker.daemon_json.rotation import LogConfig
from dckgrade.probes.docker.daemon_json.syntax import (
    JSON_WHITESPACE,
    JsonSyntaxError,
    decode_first_value,
    get_line_and_column,
)
from dckgrade.probes.support.lookup import count_edits

DaemonJsonProblem = Literal[
    "not-json",
    "wrong-type",
    "not-text",
    "unknown-key",
    "unknown-option",
    "unknown-driver",
    "given-twice",
    "refused",
]
"""
not-json; wrong-type: JSON of another shape than dockerd wants; not-text: a log option that is a number or a
truth; unknown-key; unknown-option: of the log driver; unknown-driver: one with options, without them dockerd
starts; given-twice: on the command line too; refused: whatever else dockerd complains of.
"""

DRIVER_OPTIONS: Mapping[str, frozenset[str]] = {
    "json-file": frozenset(
        ["max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"]
    ),
    "local": frozenset(["max-size", "max-file", "compress"]),
}
"""What each driver takes (moby, `ValidateLogOpt` of jsonfilelog and local)."""
COMMON_OPTION_PATTERN = re.compile("mode|max-buffer-size|cache-.+")
"""What every driver takes."""
LOG_KEYS = ("log-driver", "log-opts")
NEVER_VALID_KEYS = frozenset(
    ["max-size", "max-file", "max-files", "logging", "driver", "options", "log-options", "logs"]
)
"""Keys that dockerd has in no version: options one level too high, and Compose's own words."""
KNOWN_LOG_KEYS = frozenset([*LOG_KEYS, "log-opt", "log-level", "log-format"])
OPAQUE_KEYS = frozenset(
    ["log-opts", "runtimes", "default-ulimits", "features", "builder", "default-network-opts"]
)
"""Mappings that dockerd takes as they are; of any other it looks at the keys inside (`configValuesSet`)."""
MAX_MISSPELT_EDITS = 2
DOCKERD_ERROR_PATTERNS: Mapping[DaemonJsonProblem, str] = {
    "not-json": r"^invalid character|^(unexpected )?EOF$",
    "given-twice": "specified both as a flag and in the configuration file",
    "unknown-key": "don't match any configuration option",
    "not-text": r"cannot unmarshal (number|bool) into Go struct field Config\.log-opts of type string",
    "unknown-option": "unknown log opt",
    "unknown-driver": "error looking up logging plugin",
    "wrong-type": "cannot unmarshal",
}
"""What each is called by dockerd itself (20.10, measured)."""


class ParsedDaemonJson(Struct, frozen=True, kw_only=True):
    """What dockerd makes of a file."""

    problem: DaemonJsonProblem | None = None
    error: str = ""
    """Its own words."""
    position: tuple[int, int] | None = None
    """Line and column, counted from 1."""
    driver: str | None = None
    """The log driver that it names."""
    trailing_position: tuple[int, int] | None = None
    """Where something follows the first value, which it never reads."""
    log: LogConfig | None = None
    """What new containers get, as far as this file says; None where there is a problem."""


class RefusedConfig(Exception):
    """JSON that dockerd does not start with; *token* is what to look for in the text."""

    def __init__(self, problem: DaemonJsonProblem, error: str, token: str = "") -> None:
        super().__init__(problem, error, token)
        self.problem: DaemonJsonProblem = problem
        self.error, self.token = error, token


def parse_daemon_json(content: bytes, last_words: str = "") -> ParsedDaemonJson:
    """Parse as dockerd does: syntax, keys, types, log options; *last_words*: the error it ended with."""
    # Before 23.0 a byte order mark was refused; since then it is not.
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    try:
        found = decode_first_value(text)
    except JsonSyntaxError as bad:
        return ParsedDaemonJson(problem="not-json", error=last_words or bad.error, position=bad.position)
    named = found.value.get("log-driver") if isinstance(found.value, dict) else None
    driver = named if isinstance(named, str) else None
    try:
        log = parse_log_settings(found.value)
    except RefusedConfig as bad:
        at = locate_last_key(text, bad.token)
        return ParsedDaemonJson(
            problem=bad.problem, error=last_words or bad.error, position=at, driver=driver
        )
    if last_words:
        at = locate_last_key(text, last_words.rpartition(": ")[2])
        return ParsedDaemonJson(
            problem=classify_dockerd_error(last_words), error=last_words, position=at, driver=driver
        )
    return ParsedDaemonJson(driver=driver, trailing_position=found.trailing_position, log=log)


def classify_dockerd_error(said: str) -> DaemonJsonProblem:
    """Recognize dockerd's own words."""
    return next(
        (problem for problem, words in DOCKERD_ERROR_PATTERNS.items() if re.search(words, said)), "refused"
    )


def parse_log_settings(value: Any) -> LogConfig:
    """Take the log settings out of the file's value; `RefusedConfig` where dockerd would not start."""
    if value is None:
        return LogConfig()
    if not isinstance(value, dict):
        raise RefusedConfig(
            "wrong-type",
            f"json: cannot unmarshal {name_go_type(value)} into Go value of type map[string]interface {{}}",
        )
    if unknown := next(filter(is_misspelt_key, list_directives(value)), None):
        error = f"the following directives don't match any configuration option: {unknown}"
        raise RefusedConfig("unknown-key", error, unknown)
    driver, options = value.get("log-driver"), value.get("log-opts")
    require_type(driver, str, "log-driver", "string")
    require_type(options, dict, "log-opts", "map[string]string")
    for option, setting in (options or {}).items():
        require_type(setting, str, "log-opts", "string", option)
    log = LogConfig(driver or "json-file", {name: setting or "" for name, setting in (options or {}).items()})
    if log.options and is_near_miss_of_any(log.driver, ["json-file"]):
        error = f'error looking up logging plugin {log.driver}: plugin "{log.driver}" not found'
        raise RefusedConfig("unknown-driver", f"failed to set log opts: {error}", "log-driver")
    if unknown := next(filter(lambda name: not accepts_option(log.driver, name), log.options), None):
        of = "for log driver local" if log.driver == "local" else f"for {log.driver} log driver"
        raise RefusedConfig(
            "unknown-option", f"failed to set log opts: unknown log opt '{unknown}' {of}", unknown
        )
    return log


def require_type(value: Any, kind: type, field: str, wanted: str, option: str = "") -> None:
    """Accept null or a value of *kind*; else raise Go's error for the field's type *wanted*."""
    if value is not None and not isinstance(value, kind):
        found = name_go_type(value)
        error = f"json: cannot unmarshal {found} into Go struct field Config.{field} of type {wanted}"
        raise RefusedConfig("not-text" if option else "wrong-type", error, option or field)


def list_directives(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that dockerd compares with its options: of a mapping those inside it."""
    for key, inner in value.items():
        yield from inner if isinstance(inner, dict) and key not in OPAQUE_KEYS else [key]


def is_misspelt_key(key: str) -> bool:
    """
    Return whether *key* is a misspelt option about logs, with which dockerd does not start.

    dockerd has many other options, new ones in every version: other unknown keys pass.
    """
    return key not in KNOWN_LOG_KEYS and (key in NEVER_VALID_KEYS or is_near_miss_of_any(key, LOG_KEYS))


def is_near_miss_of_any(word: str, known: Sequence[str]) -> bool:
    """Return whether *word* is one of those misspelt: but for case and separators, or within two edits."""
    folded = re.sub("[-_ .]", "", word.casefold())
    ways = (count_edits(folded, name.replace("-", ""), most=MAX_MISSPELT_EDITS) for name in known)
    return word not in known and any(way <= MAX_MISSPELT_EDITS for way in ways)


def accepts_option(driver: str, option: str) -> bool:
    """Return whether the driver takes that option; of drivers that we do not know, any."""
    return (
        driver not in DRIVER_OPTIONS
        or option in DRIVER_OPTIONS[driver]
        or bool(COMMON_OPTION_PATTERN.fullmatch(option))
    )


def locate_last_key(text: str, token: str) -> tuple[int, int] | None:
    """Return line and column of a key; of a repeated one the last, which is the one that counts."""
    at = text.rfind(f'"{token}"') if token else len(text) - len(text.lstrip(JSON_WHITESPACE))
    return get_line_and_column(text, at) if at >= 0 else None


def name_go_type(value: Any) -> str:
    """Name the kind of a JSON value as Go does."""
    names: Mapping[type, str] = {bool: "bool", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")
