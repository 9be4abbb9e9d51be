"""What log drivers say against their options: when Docker starts with them, and when a container does."""

import re
from collections.abc import Iterator, Mapping

from dckgrade.probes.docker.daemon_json.sizes import parse_size_bytes

Options = Mapping[str, str]

ATTRIBUTE_OPTIONS = "labels|labels-regex|env|env-regex|tag"
FILE_OPTIONS = f"max-size|max-file|compress|{ATTRIBUTE_OPTIONS}"
DRIVER_OPTION_PATTERNS: Mapping[str, str] = {
    "json-file": FILE_OPTIONS,
    "local": FILE_OPTIONS,
    "journald": ATTRIBUTE_OPTIONS,
    "syslog": f"syslog-.+|{ATTRIBUTE_OPTIONS}",
    "gelf": f"gelf-.+|{ATTRIBUTE_OPTIONS}",
    "fluentd": f"fluentd-.+|{ATTRIBUTE_OPTIONS}",
    "awslogs": f"awslogs-.+|{ATTRIBUTE_OPTIONS}",
    "splunk": f"splunk-.+|{ATTRIBUTE_OPTIONS}",
    "gcplogs": f"gcp-.+|{ATTRIBUTE_OPTIONS}",
}
"""
What a driver takes in any version (moby, `ValidateLogOpt` of each): new versions bring options of the
driver's own prefix, and `local` takes attributes since 29.
"""
COMMON_OPTIONS = "mode|max-buffer-size|cache-.+"
"""What every driver takes."""
LOG_MODES = ("", "blocking", "non-blocking")
ADDRESS_PATTERN = r"(tcp|tcp\+tls|udp|unix|unixgram)://.+"
"""What drivers that send lines away take for an address (docker, `urlutil.IsTransportURL`)."""
TRUTHS = ("1", "t", "T", "TRUE", "true", "True")
BOOLEANS = (*TRUTHS, "0", "f", "F", "FALSE", "false", "False")
"""Go, `strconv.ParseBool`."""
MAX_NUMBER = 2**63 - 1
TAG_FIELDS = frozenset(
    [
        *("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Command", "Hostname"),
        *("ExtraAttributes", "Config", "ContainerID", "ContainerName", "ContainerEntrypoint"),
        *("ContainerArgs", "ContainerImageID", "ContainerImageName", "ContainerCreated", "ContainerEnv"),
        *("ContainerLabels", "LogPath"),
    ]
)
"""What a template of `tag` may name (moby, `logger.Info`)."""


def find_unknown_option(driver: str, options: Options) -> tuple[str, str] | None:
    """Return an option that the driver has in no version, and Docker's words."""
    known = DRIVER_OPTION_PATTERNS.get(driver, ".*")
    for name in options:
        if not re.fullmatch(f"{known}|{COMMON_OPTIONS}", name, re.DOTALL):
            subject = f"log driver {driver}" if driver == "local" else f"{driver} log driver"
            return name, f"unknown log opt '{name}' for {subject}"
    return None


def find_refused_value(driver: str, options: Options) -> tuple[str, str] | None:
    """Return an option with a value with which Docker does not start, and its words (20.10, measured)."""
    mode, buffer = options.get("mode", ""), options.get("max-buffer-size")
    if driver == "none":
        return None
    if mode not in LOG_MODES:
        return "mode", f"logger: logging mode not supported: {mode}"
    if buffer is not None and mode != "non-blocking":
        words = "logger: max-buffer-size option is only supported with 'mode=non-blocking'"
        return "max-buffer-size", words
    if buffer is not None and parse_size_bytes(buffer) is None:
        return "max-buffer-size", f"error parsing option max-buffer-size: invalid size: '{buffer}'"
    if (disabled := options.get("cache-disabled")) and disabled not in BOOLEANS:
        return "cache-disabled", f"invalid value for option cache-disabled: {disabled}"
    return find_refused_address(driver, options)


def find_refused_address(driver: str, options: Options) -> tuple[str, str] | None:
    """Return what is wrong with the address to which the driver sends lines."""
    key = f"{driver}-address"
    address = options.get(key, "")
    if driver == "gelf" and not address:
        return "log-driver", "gelf-address is a required parameter"
    if driver in {"gelf", "syslog"} and address and not re.fullmatch(ADDRESS_PATTERN, address):
        return key, f"{key} should be in form proto://address, got {address}"
    return None


def find_start_error(driver: str, options: Options) -> str | None:
    """Return why no container starts with these options, in Docker's words (20.10, measured)."""
    finders = {"json-file": iter_json_file_errors, "local": iter_local_errors}
    return next(finders[driver](options), None) if driver in finders else None


def iter_json_file_errors(options: Options) -> Iterator[str]:
    """Yield what `json-file` says as a container starts (moby, `jsonfilelog.New`)."""
    size, files = options.get("max-size"), parse_number(options.get("max-file", "1"))
    if size is not None and parse_size_bytes(size) is None:
        yield f"invalid size: '{size}'"
    elif size is not None and not 0 < (parse_size_bytes(size) or 0) <= MAX_NUMBER:
        yield "max-size must be a positive number"
    if files is None:
        yield f'strconv.Atoi: parsing "{options["max-file"]}": invalid syntax'
    elif files < 1:
        yield "max-file cannot be less than 1"
    if (compress := options.get("compress", "0")) not in BOOLEANS:
        yield f'strconv.ParseBool: parsing "{compress}": invalid syntax'
    if compress in TRUTHS and (files == 1 or size is None):
        yield "compress cannot be true when max-file is less than 2 or max-size is not set"
    yield from iter_attribute_errors(options)


def iter_local_errors(options: Options) -> Iterator[str]:
    """Yield what `local`, which compresses unless told not to, says then (moby, `local.newConfig`)."""
    size, files = options.get("max-size", "20m"), parse_number(options.get("max-file", "5"))
    if parse_size_bytes(size) is None:
        yield f"invalid value for max-size: {size}: invalid size: '{size}'"
    if files is None:
        text = options["max-file"]
        yield f'invalid value for max-file: {text}: strconv.Atoi: parsing "{text}": invalid syntax'
    elif files < 0:
        yield "max file count cannot be less than 0"
    if (compress := options.get("compress", "1")) not in BOOLEANS:
        yield f'error reading compress log option: strconv.ParseBool: parsing "{compress}": invalid syntax'
    if compress in TRUTHS and files is not None and files <= 1:
        yield "compression cannot be enabled when max file count is 1"
    yield from iter_attribute_errors(options)


def iter_attribute_errors(options: Options) -> Iterator[str]:
    """Yield what is wrong with patterns and template, as far as that is certain without Go's parsers."""
    for name in ("labels-regex", "env-regex"):
        if words := find_pattern_error(options.get(name, "")):
            yield f"error parsing regexp: {words}"
    tag = options.get("tag", "")
    if tag.count("{{") > tag.count("}}"):
        yield "template: log-tag:1: unclosed action"
    for field in re.findall(r"\{\{ *\.(\w+) *\}\}", tag):
        if field not in TAG_FIELDS:
            yield f"template: log-tag: can't evaluate field {field} in type *logger.Info"


def find_pattern_error(pattern: str) -> str:
    """Return Go's words for a pattern that neither Go nor Python takes; '' for any other."""
    try:
        re.compile(pattern)
    except re.error as error:
        words = {
            "missing ), unterminated subpattern": "missing closing )",
            "unbalanced parenthesis": "unexpected )",
            "unterminated character set": "missing closing ]",
            "nothing to repeat": "missing argument to repetition operator",
        }
        return words.get(error.msg, "")
    return ""


def parse_number(text: str) -> int | None:
    """Read a whole number as Go does (`strconv.Atoi`)."""
    number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else None
    return number if number is not None and abs(number) <= MAX_NUMBER else None
