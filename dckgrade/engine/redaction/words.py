"""Mask the words of a command that is a list."""

from collections.abc import Sequence
from itertools import pairwise

from dckgrade.engine.redaction import mask_secrets, may_hold_secret
from dckgrade.engine.redaction.values import MASK


def mask_words(words: Sequence[str]) -> list[str]:
    """Mask the words of a command: what is secret of each by itself, and beside the others."""
    masked = [mask_secrets(word) for word in words]
    for at, (before, word) in enumerate(pairwise(words), 1):
        if before.startswith("-") and mask_secrets(f"{before} {word}") != f"{masked[at - 1]} {masked[at]}":
            masked[at] = MASK
    # The names of variables are no command.
    return masked if all(word.isidentifier() and word.isupper() for word in words) else _mask_array(masked)


def _mask_array(words: list[str]) -> list[str]:
    """Mask the words as one array, in which a program's name tells what its options are."""
    if not may_hold_secret(" ".join(words)):
        return words
    import json

    written = json.dumps(words)
    masked = mask_secrets(written)
    if masked == written:
        return words
    try:
        read = json.loads(masked)
    except ValueError:
        return words
    is_whole = (
        isinstance(read, list) and len(read) == len(words) and all(isinstance(word, str) for word in read)
    )
    return read if is_whole else words
