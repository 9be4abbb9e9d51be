"""
An AppArmor profile as it is written → what it declares and which writes it denies, or what is wrong with it.

Far less than `apparmor_parser` reads (man 5 apparmor.d): only faults that it is sure to refuse are called so.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from dckgrade.probes.apparmor.path_patterns import fits

What = Literal["no-profile", "missing-comma", "braces", "undeclared-variable", "not-text"]

DENIED_AT_MOST = 200
COMMENT = re.compile(r"(?:^|(?<=[\s,{}]))#(?!include\b).*$")
INCLUDE = re.compile(r"#?include\b")
RULES = re.compile(
    r"(?:deny|audit|allow|owner|capability|network|umount|ptrace|signal|unix|dbus|change_profile|#?include)\b"
)
HEADER = re.compile(
    r'(?:profile\s+(?:"(?P<quoted>[^"]+)"|(?P<name>[^\s"({]+))|(?:"(?P<path_quoted>/[^"]+)"|(?P<path>/\S+)))'
)
DENIED = re.compile(
    r"(?:audit\s+)?deny\s+(?:owner\s+)?(?:file\s+)?"
    r'(?:(?P<first>[a-zA-Z]+)\s+)?(?:"(?P<quoted>/[^"]+)"|(?P<path>/\S+))(?:\s+(?P<perms>[a-zA-Z]+))?$'
)


class Invalid(Exception):
    """What is wrong, and at which line."""

    def __init__(self, what: What, line: int) -> None:
        super().__init__(what, line)
        self.what, self.line = what, line


class Profile(Struct, frozen=True):
    """One profile of a file."""

    name: str
    complain: bool
    """Its own flags say that it only watches."""
    denied: Sequence[str]
    """Patterns of paths to which writing is denied by name."""

    def denies(self, path: str) -> bool:
        """Say whether a deny rule forbids to write to *path*, a real path without links."""
        return any(fits(one, path) for one in self.denied[:DENIED_AT_MOST])


class Part(Struct, frozen=True):
    """A rule, the head of a block, or its end."""

    text: str
    ends: Literal["rule", "head", "block"]
    line: int
    unfinished: bool = False
    """The block, or the next rule, came before its comma."""


def parsed(content: bytes) -> list[Profile]:
    """Read the profiles; `Invalid` when the parser would load none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("not-text", 1) from None
    found = parts(text)
    profiles = list(declared(found))
    if not profiles:
        raise Invalid("no-profile", 1)
    for part in found:
        if part.unfinished:
            raise Invalid("missing-comma", part.line)
    blocks = [1 if part.ends == "head" else -1 for part in found if part.ends != "rule"]
    if sum(blocks) or min(accumulate(blocks)) < 0:
        raise Invalid("braces", found[-1].line)
    if (line := undeclared(found)) is not None:
        raise Invalid("undeclared-variable", line)
    return profiles


def undeclared(found: Sequence[Part]) -> int | None:
    """Give the line of a variable that nothing can have declared: nothing stands before the profiles."""
    first = next(at for at, part in enumerate(found) if part.ends == "head")
    if any(INCLUDE.match(part.text) or part.text.startswith("@{") for part in found[:first]):
        return None
    # The base abstraction speaks of @{PROC}, which the tunables declare.
    used = (part.line for part in found if re.search(r"@\{\w+\}|<abstractions/base>", part.text))
    return next(used, None)


def declared(found: Sequence[Part]) -> Iterator[Profile]:
    """Give each profile at the outermost level with what it denies; children are profiles of their own."""
    depth, name, flags = 0, "", ""
    denied: list[str] = []
    for part in found:
        if part.ends == "head":
            if depth == 0 and (head := HEADER.match(part.text)):
                name = head["quoted"] or head["name"] or head["path_quoted"] or head["path"]
                flags, denied = part.text[head.end() :], []
            depth += 1
        elif part.ends == "block":
            depth -= 1
        elif depth == 1 and (path := unwritable(part.text)):
            denied.append(path)
        if name and (depth == 0 or part is found[-1]):
            yield Profile(name, bool(re.search(r"\bcomplain\b", flags)), denied)
            name = ""


def unwritable(rule: str) -> str | None:
    """Give the path to which *rule* denies writing or appending."""
    if (found := DENIED.match(rule)) and {"w", "a"} & set(found["perms"] or found["first"] or ""):
        return found["quoted"] or found["path"]
    return None


class Cutter:
    """Cuts at commas and at the braces of blocks, not of patterns: `/{usr/,}bin/** w,` is one rule."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.kept, self.began, self.inner, self.quoted, self.depth = "", 1, 0, False, 0

    def cut(self, ends: Literal["rule", "head", "block"], *, unfinished: bool = False) -> None:
        """End what has been kept so far."""
        self.parts.append(Part(self.kept.strip(), ends, self.began, unfinished))
        self.kept, self.inner = "", 0

    def line(self, number: int, line: str) -> None:
        """Read one line, without its comment."""
        if self.kept.strip() and self.depth and RULES.match(line):
            self.cut("rule", unfinished=True)
        for before, sign in zip(f" {line}", line, strict=False):
            if not self.kept.strip():
                self.began = number
            self.quoted ^= sign == '"'
            if self.quoted or not self.structure(before, sign):
                self.inner += {"{": 1, "(": 1, "}": -1, ")": -1}.get(sign, 0) * (not self.quoted)
                self.kept += sign
        kept = self.kept.strip()
        if INCLUDE.match(kept) or (not self.depth and kept.startswith(("@{", "${"))):
            self.cut("rule")
        elif kept:
            self.kept += " "

    def structure(self, before: str, sign: str) -> bool:
        """Cut where *sign* ends something; False: it is a letter like any other."""
        if sign == "{" and (before.isspace() or before == ")"):
            self.cut("head")
            self.depth += 1
        elif sign == "}" and not self.inner:
            if self.kept.strip():
                self.cut("rule", unfinished=True)
            self.cut("block")
            self.depth -= 1
        elif sign == "," and not self.inner:
            self.cut("rule")
        else:
            return False
        return True


def parts(text: str) -> list[Part]:
    """Cut the text into rules and blocks; what comes after the last of them is left out."""
    cutter = Cutter()
    for number, line in enumerate(text.splitlines(), 1):
        cutter.line(number, COMMENT.sub("", line).strip())
    return cutter.parts
