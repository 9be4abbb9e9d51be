"""Find what Trivy complains of at its end, and put it into one of the known kinds."""

import re
from typing import Literal

from msgspec import Struct

from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.words import ValueWords
from dckgrade.report.text import Text

TrivyComplaint = Literal[
    "database", "no-access", "no-engine", "no-image", "cache-in-use", "disk-full", "interrupted", "timed-out"
]
"""
The database was not downloaded; the engine's socket refused; the container has no socket; the image is
nowhere; another Trivy holds the cache; no space is left; somebody, or the kernel, has ended it; it took
longer than `--timeout` allows.
"""
COMPLAINT_PATTERNS: tuple[tuple[TrivyComplaint, str], ...] = (
    ("disk-full", r"no space left on device"),
    ("cache-in-use", r"cache may be in use by another process"),
    (
        "database",
        r"(?:download|update|open) (?:the )?vulnerability DB|on the first run|first run cannot skip",
    ),
    ("no-access", r"permission denied .{0,80}docker\.sock|docker\.sock.{0,80}permission denied"),
    (
        "no-engine",
        r"Cannot connect to the Docker daemon|docker\.sock: connect: (?:no such file|connection ref)",
    ),
    ("interrupted", r"context canceled"),
    # With its time up, Trivy has not asked the engine either; a registry alone may be silent too.
    (
        "timed-out",
        r"\A(?:(?!specified image)[^\n])*context deadline exceeded|docker error: .*context deadline ex",
    ),
    ("no-image", r"unable to find the specified image"),
)
MAX_QUOTED_CHARS, MAX_FATAL_LINES = 300, 30
_FATAL_PATTERN = compile_lazily(r"^.*?\bFATAL\b[ \t]+(?:Fatal error[ \t]+)?(?=\S)", re.MULTILINE)
_USAGE_PATTERN = compile_lazily(r"^Error: (?=\S)", re.MULTILINE)
"""As the versions before 0.50 began what was wrong with a command line."""


COMPLAINT_WORDS: ValueWords = {
    "database": Text(fr="base de vulnérabilités non téléchargée", en="vulnerability database not downloaded"),
    "no-access": Text(fr="accès au socket de Docker refusé", en="access to Docker's socket denied"),
    "no-engine": Text(fr="moteur Docker hors d'atteinte", en="Docker engine out of reach"),
    "no-image": Text(fr="image introuvable", en="image not found"),
    "cache-in-use": Text(fr="cache déjà utilisé par un autre Trivy", en="cache in use by another Trivy"),
    "disk-full": Text(fr="disque plein", en="disk full"),
    "interrupted": Text(fr="analyse interrompue", en="scan interrupted"),
    "timed-out": Text(fr="délai dépassé", en="timed out"),
    None: Text(fr="aucun", en="none"),
}


class FatalError(Struct, frozen=True):
    """The error with which Trivy ended."""

    clue: TrivyComplaint | None
    """Which of the known ones it is; null: another."""
    text: str
    """The root of it, on one line, secrets masked."""
    line: int
    """Where it begins."""


def find_fatal_error(log: str) -> FatalError | None:
    """Find the last error by which Trivy ends itself; a warning, as of a mirror that failed, is none."""
    errors = list(_FATAL_PATTERN.finditer(log)) or list(_USAGE_PATTERN.finditer(log))
    if not errors:
        return None
    found = errors[-1]
    lines = [line.strip() for line in log[found.end() :].splitlines()[:MAX_FATAL_LINES]]
    error = "\n".join(line for line in lines if line)
    clue = next((named for named, pattern in COMPLAINT_PATTERNS if re.search(pattern, error)), None)
    return FatalError(clue, shorten_fatal_error(error), log.count("\n", 0, found.start()) + 1)


def shorten_fatal_error(error: str) -> str:
    """
    Put an error on one line of at most 300 characters.

    Go's errors say the cause last; of several (`* …`), the first is that of the engine or the download.
    """
    headline, *others = error.split("\n")
    causes = [line.removeprefix("* ") for line in others if line.startswith("* ")]
    text = mask_secrets(" ".join([headline, *causes[:1]]))
    while len(text) > MAX_QUOTED_CHARS and ": " in text[: len(text) // 2]:
        text = text.partition(": ")[2]
    return text[:MAX_QUOTED_CHARS]
