"""A regular expression of a lab → why it may not be one: wrong, true of everything, or too slow."""

import re
import warnings
from itertools import groupby
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from dckgrade.i18n import N_

# Python's re backtracks and has no time limit. The judge gives it one line at a time, and facts are capped,
# which bounds the worst that a pattern can cost: from each place where it may begin, every way in which its
# repeats can share out the rest of the line. Measured: 2 to 5 ns a step.
TEXT = 64 * 1024
LINE = 3 * 1024
REST = LINE // 2
"""What is left of a line, on the average, after a place in it."""
MOST_STEPS = 150_000_000

REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
ANY_TEXTS = ("", "a", "\x00 é0")
"""A pattern that is found in all of these is found in everything."""

Cost = tuple[int, int]
"""In how many ways a pattern can match from one place, and how many steps it takes to try them all."""


def fault(pattern: str) -> str | None:
    """Say what is wrong with *pattern* as a message id, or None."""
    try:
        with warnings.catch_warnings(action="error"):
            parsed = parser.parse(pattern)
            compiled = re.compile(pattern, re.MULTILINE)
        too_slow = steps(list(parsed)) > MOST_STEPS
    except (re.error, OverflowError, RecursionError, Warning):
        return N_("not a regular expression: {pattern}")
    if too_slow:  # asked first: nothing is searched with a pattern that could run for ever
        return N_("this could take too long; give each repeat a limit, such as .{{0,200}}: {pattern}")
    if all(compiled.search(text) for text in ANY_TEXTS):
        return N_("matches every text, and so demands nothing: {pattern}")
    return None


def steps(items: list[Any]) -> int:
    """Bound the steps of a search through the longest text that facts hold."""
    # A repeat at the very end takes what it gets, and is never tried again with less.
    if items and items[-1][0] in REPEATS and cost(items[-1][1][2])[0] == 1:
        least, _, repeated = items[-1][1]
        items = [*items[:-1], (op.MAX_REPEAT, (least, least, repeated))]
    if items and items[0][0] is op.AT and items[0][1] in {op.AT_BEGINNING, op.AT_BEGINNING_STRING}:
        return TEXT + cost(items)[1] * (TEXT // REST)
    word = next((literals(run) for literal, run in groupby(items, is_literal) if literal), "")
    if not word or not is_literal(items[0]):
        return TEXT + cost(items)[1] * TEXT
    # The rest gets a try only where the first word stands: `aa` can at every place, `ab` at every other.
    return TEXT * word_steps(word) + cost(items[len(word) :])[1] * (TEXT // periods(word)[-1])


def cost(items: Any) -> Cost:
    """Bound a sequence: whatever comes later is tried again for each way of what comes before."""
    ways, taken = 1, 0
    for literal, run in groupby(items, is_literal):
        if literal:
            taken += ways * word_steps(literals(run))
            continue
        for code, argument in run:
            more, each = item_cost(code, argument)
            taken += ways * each
            ways *= more
    return ways, min(taken, MOST_STEPS + 1)


def item_cost(code: Any, argument: Any) -> Cost:
    """Bound one item of a sequence."""
    found: Cost = 1, 1
    match argument:
        case (least, most, repeated) if code in REPEATS:
            found = repeat_cost(least, min(most, max(REST, least)), *cost(repeated))
        case (_, branches) if code is op.BRANCH:
            found = choice_cost(branches)
        case (_, yes, no) if code is op.GROUPREF_EXISTS:
            found = choice_cost([yes, no or ()])
        case (*_, inner) if code in {op.SUBPATTERN, op.ASSERT, op.ASSERT_NOT}:
            found = cost(inner)
        case _ if code is op.ATOMIC_GROUP:
            found = cost(argument)
        case _ if code is op.GROUPREF:
            found = 1, REST
    return found


def choice_cost(branches: Any) -> Cost:
    """Bound a choice: each branch may be taken."""
    costs = [cost(branch) for branch in branches]
    return sum(ways for ways, _ in costs), 1 + sum(taken for _, taken in costs)


def repeat_cost(least: int, most: int, ways: int, each: int) -> Cost:
    """Bound a repeat; one within another, or of a choice, multiplies with every turn."""
    if ways == 1:
        return most - least + 1, max(most, 1) * each
    all_ways, taken, now = int(least == 0), 0, 1
    for turn in range(1, most + 1):
        taken += now * each
        now *= ways
        all_ways += now if turn >= least else 0
        if taken > MOST_STEPS:
            break
    return max(all_ways, 1), taken


def is_literal(item: Any) -> bool:
    """Say whether *item* is one plain character."""
    return item[0] is op.LITERAL


def literals(run: Any) -> str:
    """Put plain characters together, whatever their case."""
    return "".join(chr(character).lower()[:1] for _, character in run)


def periods(word: str) -> list[int]:
    """Tell for each beginning of *word* how far apart two of them must stand (Knuth, Morris, Pratt)."""
    borders = [0]
    for at in range(1, len(word)):
        border = borders[-1]
        while border and word[at] != word[border]:
            border = borders[border - 1]
        borders.append(border + (word[at] == word[border]))
    return [length - border for length, border in enumerate(borders, 1)]


def word_steps(word: str) -> int:
    """Bound the characters compared at a place, on the average: most of `aaab`, hardly one of `abcd`."""
    return 1 + max(-(-length // period) for length, period in enumerate(periods(word), 1))
