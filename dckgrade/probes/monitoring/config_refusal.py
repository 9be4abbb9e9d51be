"""Why Prometheus refuses its configuration: the fault, its line and what it is about."""

import codecs
import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.monitoring.yaml_layout import (
    LOOKALIKES,
    LayoutProblem,
    describe_character,
    find_fault_near,
    find_forbidden_start,
    find_lookalike,
    find_missing_space,
    find_open_quote,
    remove_comment,
    split_lines,
)

ConfigProblem = (
    LayoutProblem
    | Literal[
        "not-readable",
        "no-file",
        "is-a-folder",
        "list-behind-its-key",
        "not-utf-8",
        "unknown-key",
        "misplaced-key",
        "key-twice",
        "not-a-list",
        "no-elements",
        "bare-value",
        "not-host-port",
        "space-in-target",
        "no-duration",
        "job-twice",
        "other",
    ]
)

KEYS = frozenset(
    [
        "alerting",
        "alertmanagers",
        "authorization",
        "basic_auth",
        "evaluation_interval",
        "external_labels",
        "file_sd_configs",
        "global",
        "honor_labels",
        "honor_timestamps",
        "job_name",
        "labels",
        "metric_relabel_configs",
        "metrics_path",
        "params",
        "relabel_configs",
        "remote_read",
        "remote_write",
        "rule_files",
        "sample_limit",
        "scheme",
        "scrape_configs",
        "scrape_interval",
        "scrape_timeout",
        "static_configs",
        "targets",
        "tls_config",
    ]
)
"""The keys of a configuration that a trainee may write (2.42, 3.5)."""
_LIST_KEY = compile_lazily(r"\s*(?:- +)*(targets|rule_files|files|names)\s*:")
_KEY_BEFORE_DASH = compile_lazily(r"(\w+):\s*-\s")
_SPACED_TARGET = compile_lazily(r"[\[-]\s*[\"']?[\w.-]+:\s+\d+")
_ELEMENT_KEYS = {"targetgroup.Group": "static_configs", "config.ScrapeConfig": "scrape_configs"}

_LINE = compile_lazily(r"\bline (\d{1,6}): ")
_WORDS: Sequence[tuple[ConfigProblem, str]] = (
    ("not-readable", r"^open (.+): permission denied"),
    ("no-file", r"^open (.+): no such file or directory"),
    ("is-a-folder", r"^read (.+): is a directory"),
    ("job-twice", r'found multiple scrape configs with job name "([^"]*)"'),
    ("no-duration", r'not a valid duration string: "([^"]*)"'),
    ("no-duration", r'unknown unit .* in duration "([^"]*)"'),
    ("not-host-port", r'"([^"]*)" is not a valid hostname'),
    ("key-twice", r"field (.+?) already set in type"),
    ("key-twice", r'key "([^"]*)" already set in map'),
    ("unknown-key", r"field (.+?) not found in type"),
    ("no-elements", r"cannot unmarshal .* into \[\]\*(targetgroup\.Group|config\.ScrapeConfig)"),
    ("not-a-list", r"cannot unmarshal !!(?:map|str|int) .* ?into \[\]string()"),
    ("bare-value", r"cannot unmarshal !!str .* into (?:struct|config\.)()"),
    ("other", r"cannot unmarshal !!map into string()"),
    ("tab", r"found a tab character that violates indentation()"),
    ("not-utf-8", r"invalid (?:leading|trailing) UTF-8 octet|incomplete UTF-8 octet sequence()"),
    ("open-quote", r"found unexpected (?:end of stream|document indicator)()"),
    ("list-behind-its-key", r"block sequence entries are not allowed in this context()"),
)
"""What Prometheus and go-yaml say of one cause alone, word for word (2.42 and 3.5, measured)."""
_START_WORDS = "found character that cannot start any token"
_LAYOUT_WORDS = compile_lazily(
    r"did not find expected|mapping values are not allowed|could not find expected ':'"
)
"""What go-yaml says of several causes; which one it was, the file alone tells."""


class Refusal(Struct, frozen=True):
    """Why a configuration was refused."""

    problem: ConfigProblem
    line: int | None = None
    about: str | None = None
    """The key, job, path, character or value that it is about."""


def explain_refusal(error: str, content: bytes | None) -> Refusal:
    """Return what *error* means: by its words and, where they fit several causes, by the file's *content*."""
    lines = split_lines(decode_file(content)) if content is not None else None
    line_match = _LINE.search(error)
    # go-yaml leaves the first line out.
    line = int(line_match[1]) if line_match else 1
    if _START_WORDS in error:
        fault = find_forbidden_start(lines[line - 1], line) if lines and line <= len(lines) else None
        return Refusal(fault.problem, line, fault.about) if fault else Refusal("other", line)
    for problem, words in _WORDS:
        if found := re.search(words, error):
            refusal = Refusal(problem, int(line_match[1]) if line_match else None, found[1] or None)
            return refine_by_file(refusal, lines) if lines else refine_by_words(refusal)
    if "control characters are not allowed" in error and is_wide(content or b""):
        return Refusal("not-utf-8")
    if _LAYOUT_WORDS.search(error):
        if lines and (fault := find_fault_near(lines, line, KEYS)):
            return Refusal(fault.problem, fault.line, fault.about)
        if "expected '-' indicator" in error:
            return Refusal("indentation", line)
    return Refusal("other", int(line_match[1]) if line_match else None)


def refine_by_words(refusal: Refusal) -> Refusal:
    """Distinguish a key that is unknown from one that stands in the wrong place or looks like a known one."""
    match refusal.problem, refusal.about:
        case "unknown-key", str(key) if key in KEYS:
            return replace(refusal, problem="misplaced-key")
        case "unknown-key", str(key) if key.startswith("-") and key[1:] in KEYS:
            return replace(refusal, problem="no-space-after-dash", about="-")
        case "unknown-key", str(key) if key.strip(LOOKALIKES + " -") in KEYS - {key.strip(" -")}:
            character = next(character for character in key if character in LOOKALIKES)
            return replace(refusal, problem="lookalike", about=describe_character(character))
        case "no-elements", str(kind):
            return replace(refusal, about=_ELEMENT_KEYS[kind])
        case "open-quote", _:
            # The line that is told is the last one.
            return replace(refusal, line=None)
        case _:
            return refusal


def refine_by_file(refusal: Refusal, lines: Sequence[str]) -> Refusal:
    """Add the line or key that the words leave out; or the fault that makes Prometheus read otherwise."""
    refusal = refine_by_words(refusal)
    line, about = refusal.line, refusal.about
    text = lines[(line or 1) - 1] if (line or 1) <= len(lines) else ""
    if line and refusal.problem in {"no-elements", "bare-value", "not-a-list"}:
        # A key or dash that is none leaves a text or a mapping where a list is expected.
        fault = find_lookalike(text, line, KEYS) or find_missing_space(text, line, KEYS)
        if fault:
            return Refusal(fault.problem, fault.line, fault.about)
    match refusal.problem:
        case "list-behind-its-key":
            behind = _KEY_BEFORE_DASH.search(text)
            line, about = line or 1, behind[1] if behind else None
        case "not-a-list" if line:
            keys = (found[1] for above in reversed(lines[:line]) if (found := _LIST_KEY.match(above)))
            about = next(keys, None)
        case "open-quote":
            quotes = (find_open_quote(above, number, KEYS) for number, above in enumerate(lines, 1))
            line = next((fault.line for fault in quotes if fault), None)
        case "no-duration" | "not-host-port" | "job-twice" if about:
            line = find_value_line(lines, about, last=refusal.problem == "job-twice")
        case "other" if _SPACED_TARGET.search(text):
            return replace(refusal, problem="space-in-target")
    return replace(refusal, line=line, about=about)


def find_value_line(lines: Sequence[str], value: str, *, last: bool) -> int | None:
    """Return the one line that ends with *value*, or the *last*; None where several do."""
    at_the_end = re.compile(rf"""[\s"':\[]{re.escape(value)}["'\],]*\s*$""")
    found = [number for number, text in enumerate(lines, 1) if at_the_end.search(remove_comment(text))]
    return found[-1] if found and (last or len(found) == 1) else None


def is_wide(content: bytes) -> bool:
    """Return whether each letter of an English text seems to have two or four bytes."""
    return content.count(b"\0") * 3 > len(content)


def decode_file(content: bytes) -> str:
    """Decode as YAML does: by the byte order mark, else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="replace")
