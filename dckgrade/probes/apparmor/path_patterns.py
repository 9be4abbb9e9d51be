"""AppArmor's path patterns: whether one is well formed, matches a path, overlaps another; in bounded time."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from dckgrade.lazy_patterns import compile_lazily

MAX_ALTERNATIVES, MAX_PATTERN_CHARS, MAX_NESTING, MAX_COMPARED_POSITIONS = 64, 400, 50, 100_000
ANY_LETTER = frozenset(map(chr, range(1, 256)))
NO_SLASH = ANY_LETTER - {"/"}
TOKEN_PATTERN = compile_lazily(r"\*\*|\*|\[\^?[^\]]*\]|\\[0-7]{3}|\\x[0-9a-fA-F]{2}|\\.|.", re.DOTALL)
NUMBER_PATTERN = compile_lazily(r"\\([0-7]{3})|\\x([0-9a-fA-F]{2})")
CLASS_PART_PATTERN = compile_lazily(r"\\(.)|(.)-(.)|(.)", re.DOTALL)


class Step(NamedTuple):
    """One letter of a path, or with `repeats` any number of them; bytes stand for letters (latin-1)."""

    letters: frozenset[str]
    repeats: bool = False


def is_valid_path_pattern(pattern: str) -> bool:
    """Return whether braces and brackets are in pairs and hold something, and no escape stands at the end."""
    commas: list[int] = []
    for piece in TOKEN_PATTERN.findall(pattern):
        if piece == "{":
            commas.append(0)
        elif piece == "}":
            if not commas or not commas.pop():
                return False
        elif piece == "," and commas:
            commas[-1] += 1
        elif piece in {"[", "]", "[]", "[^]", "\\"}:
            return False
        if len(commas) >= MAX_NESTING:
            return False
    return not commas


def is_exact(pattern: str) -> bool:
    """Return whether it names its paths one by one: without stars, question marks and brackets."""
    return not any(token[0] in "*?[" for token in TOKEN_PATTERN.findall(pattern))


def matches_path_pattern(pattern: str, path: str) -> bool:
    """Return whether *pattern* matches *path*; false for one with a variable, or too long."""
    return any(steps_match(steps, path) for steps in compile_path_pattern(pattern))


@lru_cache(maxsize=512)
def compile_path_pattern(pattern: str) -> Sequence[Sequence[Step]]:
    """Return the steps of each alternative; none of a pattern with a variable, ill formed or too long."""
    if "@{" in pattern or len(pattern) > MAX_PATTERN_CHARS or not is_valid_path_pattern(pattern):
        return ()
    return [list(make_steps(alternative)) for alternative in expand_alternatives(pattern)]


def expand_alternatives(pattern: str) -> Sequence[str]:
    """Write `/{usr/,}bin` out: `/usr/bin` and `/bin`; none at all of too many."""
    found = [""]
    unfinished: list[tuple[list[str], list[str]]] = []
    for piece in TOKEN_PATTERN.findall(pattern):
        if piece == "{":
            unfinished.append((found, []))
            found = [""]
        elif piece == "," and unfinished:
            unfinished[-1][1].extend(found)
            found = [""]
        elif piece == "}" and unfinished:
            before, choices = unfinished.pop()
            found = [begin + choice for begin in before for choice in (*choices, *found)]
        else:
            found = [begin + piece for begin in found]
        if len(found) > MAX_ALTERNATIVES:
            return ()
    return found if not unfinished else ()


def make_steps(alternative: str) -> Iterator[Step]:
    """Yield the steps of a pattern without braces."""
    tokens = TOKEN_PATTERN.findall(alternative)
    for at, piece in enumerate(tokens):
        if piece in {"*", "**"}:
            # A star that is all there is between two slashes stands for one letter at least.
            rest = [after for after in tokens[at:] if after not in {"*", "**"}]
            if at and tokens[at - 1] == "/" and (not rest or rest[0] == "/"):
                yield Step(NO_SLASH)
            yield Step(ANY_LETTER if piece == "**" else NO_SLASH, repeats=True)
        elif piece == "?":
            yield Step(NO_SLASH)
        else:
            yield Step(list_letters(piece))


def list_letters(token: str) -> frozenset[str]:
    """Return the letters that a class, an escape or a plain letter stands for."""
    if number := NUMBER_PATTERN.fullmatch(token):
        return frozenset({chr(int(number[1] or number[2], 8 if number[1] else 16) & 255)})
    if len(token) == 1 or token.startswith("\\"):
        return frozenset({token[-1]})
    negated = token.startswith("[^")
    found: set[str] = set()
    for escaped, low, high, plain in CLASS_PART_PATTERN.findall(token[2 if negated else 1 : -1]):
        found |= set(map(chr, range(ord(low), ord(high) + 1))) if low else {escaped or plain}
    return ANY_LETTER - found if negated else frozenset(found)


def steps_match(steps: Sequence[Step], path: str) -> bool:
    """Match *path*, all ways at once and without backtracking."""
    reached = skip_repeats(steps, {0})
    for letter in path.encode(errors="replace").decode("latin-1"):
        here = {at for at in reached if at < len(steps) and letter in steps[at].letters}
        reached = skip_repeats(steps, {at if steps[at].repeats else at + 1 for at in here})
        if not reached:
            return False
    return len(steps) in reached


def skip_repeats(steps: Sequence[Step], reached: set[int]) -> set[int]:
    """Return *reached* with the positions after steps that may be left out."""
    found = set(reached)
    for start in reached:
        at = start
        while at < len(steps) and steps[at].repeats:
            at += 1
            found.add(at)
    return found


class PatternComparison:
    """Compares patterns, up to a number of steps in all."""

    def __init__(self) -> None:
        self.left = MAX_COMPARED_POSITIONS

    def overlap(self, first: str, second: str) -> bool:
        """Return whether some path matches both; false where they are too long, or too many, to tell."""
        return any(
            self.steps_overlap(mine, others)
            for mine in compile_path_pattern(first)
            for others in compile_path_pattern(second)
        )

    def steps_overlap(self, first: Sequence[Step], second: Sequence[Step]) -> bool:
        """Return whether some path takes the steps of both."""
        ahead, seen = [(0, 0)], {(0, 0)}
        while ahead and self.left > 0:
            first_index, second_index = ahead.pop()
            if first_index == len(first) and second_index == len(second):
                return True
            self.left -= 1
            new = set(list_next_pairs(first, second, first_index, second_index)) - seen
            seen |= new
            ahead += new
        return False


def list_next_pairs(
    first: Sequence[Step], second: Sequence[Step], first_index: int, second_index: int
) -> Iterator[tuple[int, int]]:
    """Yield the positions that can be reached from a pair of positions: by leaving out, or by one letter."""
    mine = first[first_index] if first_index < len(first) else None
    others = second[second_index] if second_index < len(second) else None
    if mine and mine.repeats:
        yield first_index + 1, second_index
    if others and others.repeats:
        yield first_index, second_index + 1
    if mine and others and not mine.letters.isdisjoint(others.letters):
        yield first_index + (not mine.repeats), second_index + (not others.repeats)
