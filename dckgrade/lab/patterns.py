"""Refuse regular expressions that are wrong, match everything or may take too long."""

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
MAX_MATCHED_TEXT_CHARS = 64 * 1024
MAX_MATCHED_LINE_CHARS = 3 * 1024
MEAN_REST_CHARS = MAX_MATCHED_LINE_CHARS // 2
"""What is left of a line, on the average, after a place in it."""
MAX_STEPS = 150_000_000

REPEAT_OPCODES = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
SAMPLE_TEXTS = ("", "a", "\x00 é0")
"""A pattern that is found in all of these is found in everything."""

PatternCost = tuple[int, int]
"""In how many ways a pattern can match from one place, and how many steps it takes to try them all."""


def find_pattern_fault(pattern: str) -> str | None:
    """Return what is wrong with *pattern* as a message id, or None."""
    try:
        with warnings.catch_warnings(action="error"):
            parsed = parser.parse(pattern)
            compiled = re.compile(pattern, re.MULTILINE)
        too_slow = bound_search_steps(list(parsed)) > MAX_STEPS
    except (re.error, OverflowError, RecursionError, Warning):
        return N_("not a regular expression: {pattern}")
    if too_slow:  # asked first: nothing is searched with a pattern that could run for ever
        return N_("this could take too long; give each repeat a limit, such as .{{0,200}}: {pattern}")
    if all(compiled.search(text) for text in SAMPLE_TEXTS):
        return N_("matches every text, and so demands nothing: {pattern}")
    return None


def bound_search_steps(items: list[Any]) -> int:
    """Bound the steps of a search through the longest text that facts hold."""
    # A repeat at the very end takes what it gets, and is never tried again with less.
    if items and items[-1][0] in REPEAT_OPCODES and bound_sequence_cost(items[-1][1][2])[0] == 1:
        least, _, repeated = items[-1][1]
        items = [*items[:-1], (op.MAX_REPEAT, (least, least, repeated))]
    if items and items[0][0] is op.AT and items[0][1] in {op.AT_BEGINNING, op.AT_BEGINNING_STRING}:
        return MAX_MATCHED_TEXT_CHARS + bound_sequence_cost(items)[1] * (
            MAX_MATCHED_TEXT_CHARS // MEAN_REST_CHARS
        )
    word = next((join_literals(run) for literal, run in groupby(items, is_literal) if literal), "")
    if not word or not is_literal(items[0]):
        return MAX_MATCHED_TEXT_CHARS + bound_sequence_cost(items)[1] * MAX_MATCHED_TEXT_CHARS
    # The rest gets a try only where the first word stands: `aa` can at every place, `ab` at every other.
    return MAX_MATCHED_TEXT_CHARS * bound_word_steps(word) + bound_sequence_cost(items[len(word) :])[1] * (
        MAX_MATCHED_TEXT_CHARS // list_prefix_periods(word)[-1]
    )


def bound_sequence_cost(items: Any) -> PatternCost:
    """Bound a sequence: whatever comes later is tried again for each way of what comes before."""
    ways, taken = 1, 0
    for literal, run in groupby(items, is_literal):
        if literal:
            taken += ways * bound_word_steps(join_literals(run))
            continue
        for code, argument in run:
            more, each = bound_item_cost(code, argument)
            taken += ways * each
            ways *= more
    return ways, min(taken, MAX_STEPS + 1)


def bound_item_cost(code: Any, argument: Any) -> PatternCost:
    """Bound one item of a sequence."""
    found: PatternCost = 1, 1
    match argument:
        case (least, most, repeated) if code in REPEAT_OPCODES:
            found = bound_repeat_cost(
                least, min(most, max(MEAN_REST_CHARS, least)), *bound_sequence_cost(repeated)
            )
        case (_, branches) if code is op.BRANCH:
            found = bound_choice_cost(branches)
        case (_, yes, no) if code is op.GROUPREF_EXISTS:
            found = bound_choice_cost([yes, no or ()])
        case (*_, inner) if code in {op.SUBPATTERN, op.ASSERT, op.ASSERT_NOT}:
            found = bound_sequence_cost(inner)
        case _ if code is op.ATOMIC_GROUP:
            found = bound_sequence_cost(argument)
        case _ if code is op.GROUPREF:
            found = 1, MEAN_REST_CHARS
    return found


def bound_choice_cost(branches: Any) -> PatternCost:
    """Bound a choice: each branch may be taken."""
    costs = [bound_sequence_cost(branch) for branch in branches]
    return sum(ways for ways, _ in costs), 1 + sum(taken for _, taken in costs)


def bound_repeat_cost(least: int, most: int, ways: int, each: int) -> PatternCost:
    """Bound a repeat; one within another, or of a choice, multiplies with every turn."""
    if ways == 1:
        return most - least + 1, max(most, 1) * each
    all_ways, taken, now = int(least == 0), 0, 1
    for turn in range(1, most + 1):
        taken += now * each
        now *= ways
        all_ways += now if turn >= least else 0
        if taken > MAX_STEPS:
            break
    return max(all_ways, 1), taken


def is_literal(item: Any) -> bool:
    """Return whether *item* is one plain character."""
    return item[0] is op.LITERAL


def join_literals(run: Any) -> str:
    """Put plain characters together, whatever their case."""
    return "".join(chr(character).lower()[:1] for _, character in run)


def list_prefix_periods(word: str) -> list[int]:
    """Return the period of each prefix of *word*: how far apart two must stand (Knuth, Morris, Pratt)."""
    borders = [0]
    for at in range(1, len(word)):
        border = borders[-1]
        while border and word[at] != word[border]:
            border = borders[border - 1]
        borders.append(border + (word[at] == word[border]))
    return [length - border for length, border in enumerate(borders, 1)]


def bound_word_steps(word: str) -> int:
    """Bound the characters compared at a place, on the average: most of `aaab`, hardly one of `abcd`."""
    return 1 + max(-(-length // period) for length, period in enumerate(list_prefix_periods(word), 1))
