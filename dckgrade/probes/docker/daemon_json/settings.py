"""The bytes of a `daemon.json` → whether dockerd starts with it, and its log settings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from dckgrade.probes.docker.daemon_json.rotation import LogConfig
from dckgrade.probes.docker.daemon_json.syntax import SPACE, Broken, first, place
from dckgrade.probes.support.lookup import edits

Problem = Literal[
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

OPTIONS: Mapping[str, frozenset[str]] = {
    "json-file": frozenset(
        ["max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"]
    ),
    "local": frozenset(["max-size", "max-file", "compress"]),
}
"""What each driver takes (moby, `ValidateLogOpt` of jsonfilelog and local)."""
OF_ANY = re.compile("mode|max-buffer-size|cache-.+")
"""What every driver takes."""
LOG_KEYS = ("log-driver", "log-opts")
NEVER = frozenset(
    ["max-size", "max-file", "max-files", "logging", "driver", "options", "log-options", "logs"]
)
"""Keys that dockerd has in no version: options one level too high, and Compose's own words."""
KNOWN = frozenset([*LOG_KEYS, "log-opt", "log-level", "log-format"])
WHOLE = frozenset(["log-opts", "runtimes", "default-ulimits", "features", "builder", "default-network-opts"])
"""Mappings that dockerd takes as they are; of any other it looks at the keys inside (`configValuesSet`)."""
MISSPELT_BY = 2
SAYS: Mapping[Problem, str] = {
    "not-json": r"^invalid character|^(unexpected )?EOF$",
    "given-twice": "specified both as a flag and in the configuration file",
    "unknown-key": "don't match any configuration option",
    "not-text": r"cannot unmarshal (number|bool) into Go struct field Config\.log-opts of type string",
    "unknown-option": "unknown log opt",
    "unknown-driver": "error looking up logging plugin",
    "wrong-type": "cannot unmarshal",
}
"""What each is called by dockerd itself (20.10, measured)."""


class Reading(Struct, frozen=True, kw_only=True):
    """What dockerd makes of a file."""

    problem: Problem | None = None
    error: str = ""
    """Its own words."""
    place: tuple[int, int] | None = None
    """Line and column, counted from 1."""
    driver: str | None = None
    """The log driver that it names."""
    rest_at: tuple[int, int] | None = None
    """Where something follows the first value, which it never reads."""
    log: LogConfig | None = None
    """What new containers get, as far as this file says; None where there is a problem."""


class Refused(Exception):
    """JSON that dockerd does not start with; *token* is what to look for in the text."""

    def __init__(self, problem: Problem, error: str, token: str = "") -> None:
        super().__init__(problem, error, token)
        self.problem: Problem = problem
        self.error, self.token = error, token


def read(content: bytes, said: str = "") -> Reading:
    """Read as dockerd does: syntax, keys, types, log options; *said* is what it has ended with."""
    # Before 23.0 a byte order mark was refused; since then it is not.
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    try:
        found = first(text)
    except Broken as bad:
        return Reading(problem="not-json", error=said or bad.error, place=bad.place)
    named = found.value.get("log-driver") if isinstance(found.value, dict) else None
    driver = named if isinstance(named, str) else None
    try:
        log = settings(found.value)
    except Refused as bad:
        at = placed(text, bad.token)
        return Reading(problem=bad.problem, error=said or bad.error, place=at, driver=driver)
    if said:
        at = placed(text, said.rpartition(": ")[2])
        return Reading(problem=classified(said), error=said, place=at, driver=driver)
    return Reading(driver=driver, rest_at=found.rest_at, log=log)


def classified(said: str) -> Problem:
    """Recognize dockerd's own words."""
    return next((problem for problem, words in SAYS.items() if re.search(words, said)), "refused")


def settings(value: Any) -> LogConfig:
    """Take the log settings out of the file's value; `Refused` where dockerd would not start."""
    if value is None:
        return LogConfig()
    if not isinstance(value, dict):
        raise Refused(
            "wrong-type",
            f"json: cannot unmarshal {go(value)} into Go value of type map[string]interface {{}}",
        )
    if unknown := next(filter(misspelt, directives(value)), None):
        error = f"the following directives don't match any configuration option: {unknown}"
        raise Refused("unknown-key", error, unknown)
    driver, options = value.get("log-driver"), value.get("log-opts")
    demand(driver, str, "log-driver", "string")
    demand(options, dict, "log-opts", "map[string]string")
    for option, one in (options or {}).items():
        demand(one, str, "log-opts", "string", option)
    log = LogConfig(driver or "json-file", {name: one or "" for name, one in (options or {}).items()})
    if log.options and nearly_one_of(log.driver, ["json-file"]):
        error = f'error looking up logging plugin {log.driver}: plugin "{log.driver}" not found'
        raise Refused("unknown-driver", f"failed to set log opts: {error}", "log-driver")
    if unknown := next(filter(lambda name: not takes(log.driver, name), log.options), None):
        of = "for log driver local" if log.driver == "local" else f"for {log.driver} log driver"
        raise Refused("unknown-option", f"failed to set log opts: unknown log opt '{unknown}' {of}", unknown)
    return log


def demand(value: Any, kind: type, field: str, wanted: str, option: str = "") -> None:
    """Want null or a value of *kind*, as Go does of the field's type *wanted*."""
    if value is not None and not isinstance(value, kind):
        error = f"json: cannot unmarshal {go(value)} into Go struct field Config.{field} of type {wanted}"
        raise Refused("not-text" if option else "wrong-type", error, option or field)


def directives(value: Mapping[str, Any]) -> Iterator[str]:
    """List the keys that dockerd holds against its options: of a mapping those inside."""
    for key, one in value.items():
        yield from one if isinstance(one, dict) and key not in WHOLE else [key]


def misspelt(key: str) -> bool:
    """
    Say whether dockerd has no such option, as far as logs go: it has many others, new ones in every version,
    and a key that we do not know is none of ours to refuse.
    """
    return key not in KNOWN and (key in NEVER or nearly_one_of(key, LOG_KEYS))


def nearly_one_of(word: str, known: Sequence[str]) -> bool:
    """Say whether *word* is one of those misspelt: but for case and separators, or within two edits."""
    folded = re.sub("[-_ .]", "", word.casefold())
    ways = (edits(folded, one.replace("-", ""), most=MISSPELT_BY) for one in known)
    return word not in known and any(way <= MISSPELT_BY for way in ways)


def takes(driver: str, option: str) -> bool:
    """Say whether the driver takes that option; of drivers that we do not know, any."""
    return driver not in OPTIONS or option in OPTIONS[driver] or bool(OF_ANY.fullmatch(option))


def placed(text: str, token: str) -> tuple[int, int] | None:
    """Find a key: of a repeated one the last, which is the one that counts."""
    at = text.rfind(f'"{token}"') if token else len(text) - len(text.lstrip(SPACE))
    return place(text, at) if at >= 0 else None


def go(value: Any) -> str:
    """Name the kind of a JSON value as Go does."""
    names: Mapping[type, str] = {bool: "bool", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")
