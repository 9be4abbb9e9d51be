"""Which values of a file are secret: they are never shown or kept."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.secret_names import names_secret
from dckgrade.report.observation import UnobservableReason

WorkFile = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-][A-Za-z0-9_./-]*$", max_length=200)]
"""A file of the trainee's working folder."""

MIN_WORD_CHARS = 6
"""Shorter values stand in any program."""
MAX_WORDS = 20
_LINE_PATTERN = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$", re.MULTILINE)


def read_secret_words(engine: Engine, file: str | None) -> tuple[bytes, ...] | None:
    """
    Return the secret values that stand in *file* of the working folder, `NAME=value` on each line.

    None where there is no such file, or the trainee's files are elsewhere.
    """
    if file is None:
        return None
    try:
        content = engine.read_file(file).decode(errors="replace")
    except NotThere:
        return None
    except OutOfReach as refusal:
        if refusal.why is UnobservableReason.ELSEWHERE:
            return None
        raise
    return tuple(word.encode() for word in list_words(_LINE_PATTERN.findall(content)))


def list_words(variables: Iterable[tuple[str, str]]) -> list[str]:
    """Return the values of the variables whose names are secret, without their quotes, each once."""
    return sorted(set(_iter_words(variables)))[:MAX_WORDS]


def _iter_words(variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, written in variables:
        word = written.strip("\"'")
        if names_secret(name) and len(word) >= MIN_WORD_CHARS:
            yield word
