"""Parse a `daemon.json` as dockerd does: whether dockerd starts with it, and its log settings."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.docker.daemon_json.keys import (
    find_key_given_twice,
    find_unknown_key,
    find_wrong_type,
    is_near_miss_of_any,
    name_go_type,
)
from dckgrade.probes.docker.daemon_json.log_options import find_refused_value, find_unknown_option
from dckgrade.probes.docker.daemon_json.rotation import LogConfig
from dckgrade.probes.docker.daemon_json.syntax import (
    JSON_WHITESPACE,
    JsonSyntaxError,
    decode_first_value,
    get_line_and_column,
)

DaemonJsonProblem = Literal[
    "not-json",
    "wrong-type",
    "not-text",
    "unknown-key",
    "unknown-option",
    "refused-value",
    "unknown-driver",
    "given-twice",
    "refused",
]
"""
not-json, also for hidden bytes before the text; wrong-type: JSON of another shape than dockerd wants;
not-text: a log option that is a number or a truth; unknown-key; unknown-option, refused-value: of the log
driver; unknown-driver: one with options, without them dockerd starts; given-twice: on the command line too;
refused: whatever else dockerd complains of.
"""

BYTE_ORDER_MARKS: Mapping[bytes, str] = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""What Notepad and PowerShell write before the text, and how to read it: dockerd does since 23.0."""
BYTE_ORDER_MARK_ERROR = "^(invalid JSON: )?invalid character '[ïþÿ]' looking for beginning of value"
DOCKERD_ERROR_PATTERNS: Mapping[DaemonJsonProblem, str] = {
    "not-json": r"^(invalid JSON: )?(invalid character|(unexpected )?(EOF|end of JSON input)$)",
    "given-twice": "specified both as a flag and in the configuration file",
    "unknown-key": "don't match any configuration option",
    "not-text": r"cannot unmarshal (number|bool) into Go struct field Config\S*\.log-opts\S* of type string",
    "unknown-option": "unknown log opt|is not a valid option for the gcplogs driver",
    "unknown-driver": "error looking up logging plugin",
    "refused-value": "failed to set log opts",
    "wrong-type": "cannot unmarshal",
}
"""What each is called by dockerd itself (20.10, measured)."""
UNSPECIFIC_ERROR_PATTERN = compile_lazily("failed to (?!set log opts)|unable to parse |Error ")
"""How dockerd begins an error that is not about its file; those about log options are told without this."""
ERROR_SUBJECTS: Mapping[str, str] = {
    "error initializing graphdriver: driver not supported": "storage-driver",
    "invalid pools size": "default-address-pools",
    "could not construct local address space": "default-address-pools",
}
"""What dockerd complains of without naming the value."""
FIRST_MODERN_VERSION = 23
MIN_NAMED_CHARS = 4
"""Shorter values stand in many sentences by chance."""


class ParsedDaemonJson(Struct, frozen=True, kw_only=True):
    """What dockerd makes of a file."""

    problem: DaemonJsonProblem | None = None
    error: str = ""
    """Its own words."""
    position: tuple[int, int] | None = None
    """Line and column, counted from 1; never None where there is a problem."""
    driver: str | None = None
    """The log driver that it names."""
    trailing_position: tuple[int, int] | None = None
    """Where something follows the first value, which it never reads."""
    switches: Mapping[str, bool] = msgspec.field(default_factory=dict)
    """What it switches on or off, by key; nothing where there is a problem."""
    log: LogConfig | None = None
    """What new containers get, as far as this file says; None where there is a problem."""


class RefusedConfig(Exception):
    """JSON that dockerd does not start with; *key* is what to look for in the text."""

    def __init__(self, problem: DaemonJsonProblem, error: str, key: str = "") -> None:
        super().__init__(problem, error, key)
        self.problem: DaemonJsonProblem = problem
        self.error, self.key = error, key


def parse_daemon_json(
    content: bytes, last_words: str = "", flags: Sequence[str] = (), *, version: int | None = None
) -> ParsedDaemonJson:
    """
    Parse as dockerd does: marks, syntax, keys, types, log options.

    *last_words* is the error with which it ended, *flags* the names of the options on its command line.
    *version* is the first number of its version: since 23 it reads byte order marks and empty files, and
    refuses what follows the first value. None: unknown, then what some version refuses is refused.
    """
    is_modern = version is not None and version >= FIRST_MODERN_VERSION
    text, has_mark = decode_text(content)
    specific_error = "" if UNSPECIFIC_ERROR_PATTERN.match(last_words) else last_words
    if has_mark and (re.search(BYTE_ORDER_MARK_ERROR, specific_error) if specific_error else not is_modern):
        error = f"invalid character '{chr(content[0])}' looking for beginning of value"
        return ParsedDaemonJson(problem="not-json", error=specific_error or error, position=(1, 1))
    if is_modern and not text.strip(JSON_WHITESPACE):
        return ParsedDaemonJson(log=LogConfig())
    try:
        found = decode_first_value(text, may_continue=version is not None and not is_modern)
    except JsonSyntaxError as bad:
        return ParsedDaemonJson(problem="not-json", error=specific_error or bad.error, position=bad.position)
    named = found.value.get("log-driver") if isinstance(found.value, dict) else None
    driver = named if isinstance(named, str) else None
    if find_named_setting(found.value, last_words):
        specific_error = last_words
    try:
        log = parse_log_settings(found.value, flags, version)
    except RefusedConfig as refused:
        fault = refused
    else:
        if not specific_error:
            return ParsedDaemonJson(
                driver=driver,
                trailing_position=found.trailing_position,
                switches={key: held for key, held in iter_items(found.value) if isinstance(held, bool)},
                log=log,
            )
        fault = RefusedConfig("refused", "")
    if specific_error:
        fault = apply_dockerd_error(fault, found.value, specific_error)
    return ParsedDaemonJson(
        problem=fault.problem, error=fault.error, position=locate(text, fault.key), driver=driver
    )


def find_named_setting(value: Any, words: str) -> str:
    """Return the key or text of the file that dockerd's *words*, which do not name the file, must mean."""
    for subject, key in ERROR_SUBJECTS.items():
        if subject in words and isinstance(value, dict) and key in value:
            return key
    texts = (text for key, text in iter_keys_and_texts(value) if key != "pidfile")
    return find_longest_named((text for text in texts if len(text) >= MIN_NAMED_CHARS), words)


def apply_dockerd_error(own: RefusedConfig, value: Any, last_words: str) -> RefusedConfig:
    """Return the error of *last_words*, at the place that it names, else the one that *own* reading found."""
    problems = (name for name, words in DOCKERD_ERROR_PATTERNS.items() if re.search(words, last_words))
    problem: DaemonJsonProblem = next(problems, "refused")
    own_key = own.key if own.problem == problem else ""
    if own_key and problem in {"not-text", "wrong-type"}:
        return RefusedConfig(problem, last_words, own_key)  # Go names the field of an option, not the option.
    # Of several such options Go takes any first: the one that it names counts.
    keys = {key for key, _ in iter_keys_and_texts(value)}
    key = find_longest_named(keys, last_words) or own_key or find_named_setting(value, last_words)
    return RefusedConfig(problem, last_words, key)


def decode_text(content: bytes) -> tuple[str, bool]:
    """Return the text, and whether a byte order mark stands before it."""
    encoding = next((code for mark, code in BYTE_ORDER_MARKS.items() if content.startswith(mark)), "utf-8")
    return content.decode(encoding, errors="replace"), encoding != "utf-8"


def parse_log_settings(value: Any, flags: Sequence[str], version: int | None) -> LogConfig:
    """Take the log settings out of the file's value; `RefusedConfig` where dockerd would not start."""
    if value is None:
        return LogConfig()
    if not isinstance(value, dict):
        raise RefusedConfig(
            "wrong-type",
            f"json: cannot unmarshal {name_go_type(value)} into Go value of type map[string]interface {{}}",
        )
    require_known_keys(value, flags, version)
    options: Mapping[str, Any] = value.get("log-opts") or {}
    for option, setting in options.items():
        if setting is not None and not isinstance(setting, str):
            found = name_go_type(setting)
            error = f"json: cannot unmarshal {found} into Go struct field Config.log-opts of type string"
            raise RefusedConfig("not-text" if found in {"number", "bool"} else "wrong-type", error, option)
    log = LogConfig(
        value.get("log-driver") or "json-file", {name: setting or "" for name, setting in options.items()}
    )
    require_options_of_driver(log)
    return log


def require_known_keys(value: Mapping[str, Any], flags: Sequence[str], version: int | None) -> None:
    """Raise `RefusedConfig` for a key that dockerd does not have, has already, or wants in another form."""
    if unknown := find_unknown_key(value, version):
        error = f"the following directives don't match any configuration option: {unknown}"
        raise RefusedConfig("unknown-key", error, unknown)
    if twice := find_key_given_twice(value, flags):
        error = (
            f"the following directives are specified both as a flag and in the configuration file: {twice}"
        )
        raise RefusedConfig("given-twice", error, twice)
    if wrong := find_wrong_type(value):
        key, error = wrong
        raise RefusedConfig("wrong-type", error, key)


def require_options_of_driver(log: LogConfig) -> None:
    """Raise `RefusedConfig` for options with which dockerd does not start."""
    if not log.options:
        return
    failed = "failed to set log opts: "
    if log.driver != "json-file" and is_near_miss_of_any(log.driver, ["json-file"]):
        error = f'error looking up logging plugin {log.driver}: plugin "{log.driver}" not found'
        raise RefusedConfig("unknown-driver", failed + error, "log-driver")
    if refused := find_refused_value(log.driver, log.options):
        key, error = refused
        raise RefusedConfig("refused-value", failed + error, key)
    if unknown := find_unknown_option(log.driver, log.options):
        key, error = unknown
        raise RefusedConfig("unknown-option", failed + error, key)


def find_longest_named(candidates: Iterable[str], words: str) -> str:
    """Return the longest of *candidates* that stands in *words* as a word; '' for none."""
    for candidate in sorted(filter(None, candidates), key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(candidate)}(?![\w-])", words):
            return candidate
    return ""


def iter_keys_and_texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield each key with the text that it holds, '' for another value, and those one level below."""
    for key, held in iter_items(value):
        yield key, held if isinstance(held, str) else ""
        for inner_key, inner in iter_items(held):
            yield inner_key, inner if isinstance(inner, str) else ""


def iter_items(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of an object, or those of a list without a key."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from (("", item) for item in value)


def locate(text: str, word: str) -> tuple[int, int]:
    """Return line and column of a key or text, of a repeated one the last; else of the start."""
    at = text.rfind(f'"{word}"') if word else -1
    return get_line_and_column(text, at if at >= 0 else len(text) - len(text.lstrip(JSON_WHITESPACE)))
