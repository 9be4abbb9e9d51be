"""A path pattern of AppArmor and a path → whether they fit, in a time that no hostile pattern can stretch."""

import re
from collections.abc import Iterable, Iterator, Sequence

ALTERNATIVES_AT_MOST, LONGEST = 32, 200
BRACES = re.compile(r"\{([^{}]*)\}")
TOKEN = re.compile(r"\*\*|\*|\[[^\[\]\\]+\]|\\.|.", re.DOTALL)


def fits(pattern: str, path: str) -> bool:
    """Say whether *pattern* means *path*; one with a variable, or beyond all measure, means nothing."""
    if "@{" in pattern or len(pattern) > LONGEST:
        return False
    return any(leads(TOKEN.findall(one), path) for one in alternatives(pattern))


def alternatives(pattern: str) -> Sequence[str]:
    """Write `/{usr/,}bin` out: `/usr/bin` and `/bin`; none at all of too many."""
    found = [pattern]
    while any(BRACES.search(one) for one in found):
        found = [new for one in found for new in written_out(one)]
        if len(found) > ALTERNATIVES_AT_MOST:
            return ()
    return found


def written_out(pattern: str) -> Iterator[str]:
    """Write out the first of the innermost braces."""
    if braces := BRACES.search(pattern):
        yield from (
            f"{pattern[: braces.start()]}{one}{pattern[braces.end() :]}" for one in braces[1].split(",")
        )
    else:
        yield pattern


def leads(tokens: Sequence[str], path: str) -> bool:
    """Follow *path* through the tokens, all ways at once: no way is taken back."""
    reached = skipping(tokens, {0})
    for letter in path:
        stay = {at for at in reached if at < len(tokens) and tokens[at] in stars(letter)}
        step = {at + 1 for at in reached if at < len(tokens) and one_letter(tokens[at], letter)}
        reached = skipping(tokens, stay | step)
    return len(tokens) in reached


def skipping(tokens: Sequence[str], reached: Iterable[int]) -> set[int]:
    """Add the places that are reached as well since a star may mean nothing."""
    found: set[int] = set()
    for start in reached:
        at = start
        found.add(at)
        while at < len(tokens) and tokens[at] in {"*", "**"}:
            at += 1
            found.add(at)
    return found


def stars(letter: str) -> set[str]:
    """Give the stars that mean *letter*."""
    return {"**"} if letter == "/" else {"*", "**"}


def one_letter(sign: str, letter: str) -> bool:
    """Say whether a sign that is no star means *letter*."""
    if sign == "?":
        return letter != "/"
    if sign.startswith("[") and len(sign) > 1:
        try:
            return letter != "/" and re.fullmatch(sign, letter) is not None
        except re.error:
            return False
    return sign not in {"*", "**"} and sign.removeprefix("\\") == letter
