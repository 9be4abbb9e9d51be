"""The letters of a file rule: what they grant, and which of them exclude each other."""

from typing import NamedTuple


class ConflictingPermissions(Exception):
    """Letters that exclude each other."""


class Permissions(NamedTuple):
    """What the letters grant."""

    letters: frozenset[str]
    """r, w, a, l, k, m; lower case."""
    execution: str | None
    """i, p, P, pi, cu, U…; '' for a mere x; None without one."""


FILE_RULE_PERMISSIONS = Permissions(frozenset("rwalkm"), "i")
"""What `file,` grants."""


def parse_permissions(text: str) -> Permissions:
    """Parse letters that the lexer took for permissions; raises `ConflictingPermissions`."""
    letters: set[str] = set()
    execution: str | None = None
    at = 0
    while at < len(text):
        letter = text[at].lower()
        if letter in "pciu":
            found, at = read_execution(text, at)
            # `x` before `ix` says the same; before any other it does not.
            if execution not in {None, found} and not (execution == "" and found == "i"):
                raise ConflictingPermissions
            execution = found
            continue
        if letter == "x":
            execution = execution or ""
        elif (letter == "a" and "w" in letters) or (letter == "w" and letters & {"a", "w"} == {"a"}):
            raise ConflictingPermissions
        else:
            letters.add(letter)
        at += 1
    return Permissions(frozenset(letters), execution)


def read_execution(text: str, at: int) -> tuple[str, int]:
    """Read one way to execute, such as `Pix`; return it without its x, and where it ends."""
    first = text[at] if text[at].lower() != "i" else "i"
    at += 1
    second = text[at].lower() if text[at].lower() in "iu" else ""
    return first + second, at + len(second) + 1
