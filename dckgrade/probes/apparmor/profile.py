"""
Parse AppArmor profiles: what they declare, which writes they deny, or what is wrong with them.

Far less than `apparmor_parser` reads (man 5 apparmor.d): only faults that it is sure to refuse are called so.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from dckgrade.probes.apparmor.path_patterns import matches_path_pattern

ApparmorProblem = Literal["no-profile", "missing-comma", "braces", "undeclared-variable", "not-text"]

MAX_DENIED_PATTERNS = 200
COMMENT_PATTERN = re.compile(r"(?:^|(?<=[\s,{}]))#(?!include\b).*$")
INCLUDE_PATTERN = re.compile(r"#?include\b")
RULE_START_PATTERN = re.compile(
    r"(?:deny|audit|allow|owner|capability|network|umount|ptrace|signal|unix|dbus|change_profile|#?include)\b"
)
HEADER_PATTERN = re.compile(
    r'(?:profile\s+(?:"(?P<quoted>[^"]+)"|(?P<name>[^\s"({]+))|(?:"(?P<path_quoted>/[^"]+)"|(?P<path>/\S+)))'
)
DENY_RULE_PATTERN = re.compile(
    r"(?:audit\s+)?deny\s+(?:owner\s+)?(?:file\s+)?"
    r'(?:(?P<first>[a-zA-Z]+)\s+)?(?:"(?P<quoted>/[^"]+)"|(?P<path>/\S+))(?:\s+(?P<perms>[a-zA-Z]+))?$'
)


class InvalidApparmorProfile(Exception):
    """What is wrong, and at which line."""

    def __init__(self, what: ApparmorProblem, line: int) -> None:
        super().__init__(what, line)
        self.what, self.line = what, line


class ApparmorProfile(Struct, frozen=True):
    """One profile of a file."""

    name: str
    complain: bool
    """Its own flags say that it only watches."""
    denied: Sequence[str]
    """Patterns of paths to which writing is denied by name."""

    def denies(self, path: str) -> bool:
        """Return whether a deny rule forbids to write to *path*, a real path without links."""
        return any(matches_path_pattern(pattern, path) for pattern in self.denied[:MAX_DENIED_PATTERNS])


class ProfilePart(Struct, frozen=True):
    """A rule, the head of a block, or its end."""

    text: str
    ends: Literal["rule", "head", "block"]
    line: int
    unfinished: bool = False
    """The block, or the next rule, came before its comma."""


def parse_apparmor_profiles(content: bytes) -> list[ApparmorProfile]:
    """Parse the profiles; raises `InvalidApparmorProfile` when `apparmor_parser` would load none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidApparmorProfile("not-text", 1) from None
    found = split_parts(text)
    profiles = list(iter_declared_profiles(found))
    if not profiles:
        raise InvalidApparmorProfile("no-profile", 1)
    for part in found:
        if part.unfinished:
            raise InvalidApparmorProfile("missing-comma", part.line)
    blocks = [1 if part.ends == "head" else -1 for part in found if part.ends != "rule"]
    if sum(blocks) or min(accumulate(blocks)) < 0:
        raise InvalidApparmorProfile("braces", found[-1].line)
    if (line := find_undeclared_variable_line(found)) is not None:
        raise InvalidApparmorProfile("undeclared-variable", line)
    return profiles


def find_undeclared_variable_line(found: Sequence[ProfilePart]) -> int | None:
    """Return the line of a variable that nothing can have declared: nothing stands before the profiles."""
    first = next(at for at, part in enumerate(found) if part.ends == "head")
    if any(INCLUDE_PATTERN.match(part.text) or part.text.startswith("@{") for part in found[:first]):
        return None
    # The base abstraction speaks of @{PROC}, which the tunables declare.
    used = (part.line for part in found if re.search(r"@\{\w+\}|<abstractions/base>", part.text))
    return next(used, None)


def iter_declared_profiles(found: Sequence[ProfilePart]) -> Iterator[ApparmorProfile]:
    """Yield each profile at the outermost level with what it denies; children are profiles of their own."""
    depth, name, flags = 0, "", ""
    denied: list[str] = []
    for part in found:
        if part.ends == "head":
            if depth == 0 and (head := HEADER_PATTERN.match(part.text)):
                name = head["quoted"] or head["name"] or head["path_quoted"] or head["path"]
                flags, denied = part.text[head.end() :], []
            depth += 1
        elif part.ends == "block":
            depth -= 1
        elif depth == 1 and (path := extract_denied_path(part.text)):
            denied.append(path)
        if name and (depth == 0 or part is found[-1]):
            yield ApparmorProfile(name, bool(re.search(r"\bcomplain\b", flags)), denied)
            name = ""


def extract_denied_path(rule: str) -> str | None:
    """Return the path to which *rule* denies writing or appending."""
    if (found := DENY_RULE_PATTERN.match(rule)) and {"w", "a"} & set(found["perms"] or found["first"] or ""):
        return found["quoted"] or found["path"]
    return None


class RuleSplitter:
    """Cuts at commas and at the braces of blocks, not of patterns: `/{usr/,}bin/** w,` is one rule."""

    def __init__(self) -> None:
        self.parts: list[ProfilePart] = []
        self.pending_text, self.start_line, self.inner_depth, self.in_quotes, self.depth = "", 1, 0, False, 0

    def end_part(self, ends: Literal["rule", "head", "block"], *, unfinished: bool = False) -> None:
        """End what has been kept so far."""
        self.parts.append(ProfilePart(self.pending_text.strip(), ends, self.start_line, unfinished))
        self.pending_text, self.inner_depth = "", 0

    def read_line(self, number: int, line: str) -> None:
        """Read one line, without its comment."""
        if self.pending_text.strip() and self.depth and RULE_START_PATTERN.match(line):
            self.end_part("rule", unfinished=True)
        for before, sign in zip(f" {line}", line, strict=False):
            if not self.pending_text.strip():
                self.start_line = number
            self.in_quotes ^= sign == '"'
            if self.in_quotes or not self.cut_at_structure(before, sign):
                self.inner_depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(sign, 0) * (not self.in_quotes)
                self.pending_text += sign
        kept = self.pending_text.strip()
        if INCLUDE_PATTERN.match(kept) or (not self.depth and kept.startswith(("@{", "${"))):
            self.end_part("rule")
        elif kept:
            self.pending_text += " "

    def cut_at_structure(self, before: str, sign: str) -> bool:
        """Cut where *sign* ends something; False: it is a letter like any other."""
        if sign == "{" and (before.isspace() or before == ")"):
            self.end_part("head")
            self.depth += 1
        elif sign == "}" and not self.inner_depth:
            if self.pending_text.strip():
                self.end_part("rule", unfinished=True)
            self.end_part("block")
            self.depth -= 1
        elif sign == "," and not self.inner_depth:
            self.end_part("rule")
        else:
            return False
        return True


def split_parts(text: str) -> list[ProfilePart]:
    """Cut the text into rules and blocks; what comes after the last of them is left out."""
    cutter = RuleSplitter()
    for number, line in enumerate(text.splitlines(), 1):
        cutter.read_line(number, COMMENT_PATTERN.sub("", line).strip())
    return cutter.parts
