"""Match paths with AppArmor's path patterns, in bounded time whatever the pattern."""

import re
from collections.abc import Iterable, Iterator, Sequence

MAX_ALTERNATIVES, MAX_PATTERN_CHARS = 32, 200
BRACES_PATTERN = re.compile(r"\{([^{}]*)\}")
TOKEN_PATTERN = re.compile(r"\*\*|\*|\[[^\[\]\\]+\]|\\.|.", re.DOTALL)


def matches_path_pattern(pattern: str, path: str) -> bool:
    """Return whether *pattern* matches *path*; false for one with a variable, or too long."""
    if "@{" in pattern or len(pattern) > MAX_PATTERN_CHARS:
        return False
    return any(
        tokens_match(TOKEN_PATTERN.findall(alternative), path) for alternative in expand_alternatives(pattern)
    )


def expand_alternatives(pattern: str) -> Sequence[str]:
    """Write `/{usr/,}bin` out: `/usr/bin` and `/bin`; none at all of too many."""
    found = [pattern]
    while any(BRACES_PATTERN.search(alternative) for alternative in found):
        found = [new for alternative in found for new in expand_first_braces(alternative)]
        if len(found) > MAX_ALTERNATIVES:
            return ()
    return found


def expand_first_braces(pattern: str) -> Iterator[str]:
    """Write out the first of the innermost braces."""
    if braces := BRACES_PATTERN.search(pattern):
        yield from (
            f"{pattern[: braces.start()]}{choice}{pattern[braces.end() :]}" for choice in braces[1].split(",")
        )
    else:
        yield pattern


def tokens_match(tokens: Sequence[str], path: str) -> bool:
    """Match *path* with the tokens, all alternatives at once and without backtracking."""
    reached = skip_stars(tokens, {0})
    for letter in path:
        stay = {at for at in reached if at < len(tokens) and tokens[at] in list_matching_stars(letter)}
        step = {at + 1 for at in reached if at < len(tokens) and matches_letter(tokens[at], letter)}
        reached = skip_stars(tokens, stay | step)
    return len(tokens) in reached


def skip_stars(tokens: Sequence[str], reached: Iterable[int]) -> set[int]:
    """Return *reached* with the positions after stars, which may match nothing."""
    found: set[int] = set()
    for start in reached:
        at = start
        found.add(at)
        while at < len(tokens) and tokens[at] in {"*", "**"}:
            at += 1
            found.add(at)
    return found


def list_matching_stars(letter: str) -> set[str]:
    """Return the stars that match *letter*."""
    return {"**"} if letter == "/" else {"*", "**"}


def matches_letter(sign: str, letter: str) -> bool:
    """Return whether a token other than a star matches *letter*."""
    if sign == "?":
        return letter != "/"
    if sign.startswith("[") and len(sign) > 1:
        try:
            return letter != "/" and re.fullmatch(sign, letter) is not None
        except re.error:
            return False
    return sign not in {"*", "**"} and sign.removeprefix("\\") == letter
