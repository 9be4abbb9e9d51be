"""Find in a registry's log why it has stopped, or what it has made by itself; no line of it is kept."""

from typing import Literal

from dckgrade.lazy_patterns import compile_lazily

LogClue = Literal[
    "no-realm",
    "file-missing",
    "file-is-folder",
    "file-closed",
    "key-mismatch",
    "own-accounts",
    "other-error",
]
"""The words are those of Distribution 2.8 and 3.1, measured."""

_OWN_ACCOUNTS = "htpasswd is missing, provisioning"
_LISTENING = "listening on "
"""It writes so once its files are read and its port is its own."""
_CLUES: tuple[tuple[LogClue, str], ...] = (
    ("no-realm", '"realm" must be set'),
    ("key-mismatch", "private key does not match public key"),
    ("own-accounts", _OWN_ACCOUNTS),
    ("other-error", "level=fatal"),
    ("other-error", "configuration error: "),
    ("other-error", "panic: "),
)
_FILE_CLUES: dict[str, LogClue] = {
    "no such file or directory": "file-missing",
    "is a directory": "file-is-folder",
    "permission denied": "file-closed",
}
_FILE_PATTERN = compile_lazily(
    r"(?:fatal|panic|error).{0,200}?(?:open|read) (/[^\s:\"\\]{1,200}): "
    r"(no such file or directory|is a directory|permission denied)"
)


def find_log_clue(log: str) -> tuple[LogClue | None, str | None]:
    """
    Return the last clue, and the path in the container that it is about.

    What had kept it from starting before it last listened is over; the accounts that it made stay.
    """
    has_listened = False
    for line in reversed(log.splitlines()):
        has_listened = has_listened or _LISTENING in line
        if has_listened:
            if _OWN_ACCOUNTS in line:
                return "own-accounts", None
            continue
        if found := _FILE_PATTERN.search(line):
            return _FILE_CLUES[found[2]], found[1]
        for clue, words in _CLUES:
            # In a message that is quoted, quotes are escaped.
            if words in line.replace('\\"', '"'):
                return clue, None
    return None, None
