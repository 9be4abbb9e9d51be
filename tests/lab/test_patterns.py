"""Which regular expressions a lab may use: those that are quick whatever a container has written."""

import re
import time
from collections.abc import Callable

import pytest

from dckgrade.judge.matching import matches_pattern
from dckgrade.lab.load import load_lab
from dckgrade.lab.matchers import Matcher, get_written_fields
from dckgrade.lab.patterns import (
    MAX_MATCHED_LINE_CHARS,
    MAX_MATCHED_TEXT_CHARS,
    bound_word_steps,
    find_pattern_fault,
    list_prefix_periods,
)
from tests.support.mutations import TP5

SANE = [
    "superuser password is not specified",
    "^nginx",
    "^(-e|--env)|^POSTGRES_",
    r"listening on port \d+",
    r"\b(\d{1,3}\.){3}\d{1,3}\b",
    r"^\d{1,3}(\.\d{1,3}){0,2}$",
    "mounting .*not a directory",
    "mounting .{0,200}not a directory",
    'err="[^"]*"',
    "(?i)warn(ing)?",
    r"a\s?=\s?b",
    r"^\S+ \S+",
    r"^\s*$",
    "(foo|bar){1,3}x",
    "error: .+",
    "(?<=id=)[0-9a-f]{12,64}",
    r"(['\"])x\1",
]

TOO_SLOW = [
    *("(a+)+$", "(a|aa)+$", "(a*)*b", "(x+x+)+y", "(.*)*x", "^(a+)*$", "(a|b|ab)*c", "(?:a|a)*b", "(a|a?)+$"),
    *("(.*a){20}", "([a-z]+)*=", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(\w+\s?)+$", r"(\d+)+\1x", "(.+)*(.+)*x"),
    *("a*a*a*a*b", ".*.*.*x", ".*a.*b.*c.*d", r"\s*\s*\s*x", "^.*a.*b", "a{0,100}a{0,100}a{0,100}b", "x*$"),
    *("(a{0,50}){0,50}b", "(a?){50}a{50}", "(a{1,30}){1,30}b", "(?=(a+)+b)a", "(?>(a+)+b)", "((a+)+)++b"),
    *(r"(.*)\1", r"(.*)\1\1x", "((a+)+b)?c", "(?i)(A+)+$", "(?s).*.*.*x"),
]

WRONG = [
    *(
        "(",
        ")",
        "[",
        "a**",
        "*",
        "(?P<n>a",
        "(?<=a*)b",
        r"\1",
        "\\",
        "[z-a]",
        "(?z)a",
        "x{99999999999}",
        "[[a]",
    ),
    *("a(?i)b", "(?(1)a|b)", r"\p{L}", "(?P<1>a)", "a{2,1}"),
]

EVERYTHING = ["a*", "", "()", "^", "$", ".*", "x?", "(a|)", r"\s*", "a{0}", "|"]


@pytest.mark.parametrize("pattern", SANE)
def test_a_sane_pattern_is_accepted(pattern: str) -> None:
    assert find_pattern_fault(pattern) is None


@pytest.mark.parametrize("pattern", TOO_SLOW)
def test_a_pattern_that_could_run_for_ever_is_refused(pattern: str) -> None:
    assert "too long" in str(find_pattern_fault(pattern))


@pytest.mark.parametrize("pattern", WRONG)
def test_what_is_no_regular_expression_is_refused(pattern: str) -> None:
    assert find_pattern_fault(pattern) == "not a regular expression: {pattern}"


@pytest.mark.parametrize("pattern", EVERYTHING)
def test_a_pattern_that_every_text_matches_is_refused(pattern: str) -> None:
    assert "matches every text" in str(find_pattern_fault(pattern))


def test_every_pattern_of_tp5_is_accepted() -> None:
    used = list(patterns(load_lab(TP5).lab))
    assert len(used) >= 10
    assert [pattern for pattern in used if find_pattern_fault(pattern)] == []


def patterns(value: object) -> list[str]:
    """Collect the patterns of a whole lab."""
    match value:
        case Matcher(matches=str(pattern)):
            return [pattern, *patterns(list(get_written_fields(value).values())[1:])]
        case dict():
            return patterns(list(value.values()))
        case list():
            return [pattern for element in value for pattern in patterns(element)]
        case _ if hasattr(value, "__struct_fields__"):
            return patterns([getattr(value, name) for name in value.__struct_fields__])
        case _:
            return []


# The accepted patterns that cost most, each with the text that is worst for it.
DEAREST = [
    ("ab.*?[xy]", "ab"),
    ("ab[ab]*[xy]", "ab"),
    ("(?i)ab.*[xy]", "aB"),
    ("a.{0,500}?[xy]", "a"),
    ("[ab]{0,500}[xy]", "ab"),
    ("(?:[ab]{1,3}[ab]){0,4}c", "ab"),
    ("a{900}b", "a"),
    ("(?=.{0,400}b)a", "a"),
    ("(?:a|b){0,8}c", "ab"),
    ("^[ab]*[ac]x", "a"),
    ("mounting .*not a directory", "mounting not a "),
    ('err="[^"]*"', "err="),
]

# About 0.13 to 0.23 s where the dearest of these takes 0.5 to 0.8 s.
YARDSTICK_PATTERN, YARDSTICK_TEXT = "[ab].{0,700}?x", "a" * 16 * 1024
MAX_RELATIVE_COST = 8


def test_the_yardstick_is_a_pattern_near_the_bound() -> None:
    assert find_pattern_fault(YARDSTICK_PATTERN) is None


@pytest.mark.parametrize(("pattern", "unit"), DEAREST)
def test_an_accepted_pattern_costs_little_more_than_another_near_the_bound(pattern: str, unit: str) -> None:
    assert find_pattern_fault(pattern) is None
    line = (unit * MAX_MATCHED_LINE_CHARS)[: MAX_MATCHED_LINE_CHARS - 1]
    text = "\n".join([line] * (MAX_MATCHED_TEXT_CHARS // MAX_MATCHED_LINE_CHARS))
    assert min(measure_relative_cost(pattern, text) for _ in range(3)) < MAX_RELATIVE_COST


def test_a_text_longer_than_any_fact_is_cut_before_it_is_searched() -> None:
    text = "ab" * 5_000_000
    assert min(measure_relative_cost("ab.*?[xy]", text) for _ in range(3)) < MAX_RELATIVE_COST


def measure_relative_cost(pattern: str, text: str) -> float:
    """Measure a search in units of the yardstick's, asked right beside: how fast a machine is cancels out."""
    searched = measure_cpu_s(lambda: matches_pattern(pattern, text))
    return searched / measure_cpu_s(lambda: re.search(YARDSTICK_PATTERN, YARDSTICK_TEXT))


def measure_cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_the_distance_between_two_of_a_word_is_its_period() -> None:
    assert [list_prefix_periods(word)[-1] for word in ("a", "aa", "ab", "aba", "abab", "abcd", "aabaa")] == [
        1,
        1,
        2,
        2,
        2,
        4,
        3,
    ]
    assert [bound_word_steps(word) for word in ("a", "aaaa", "abcd", "abab")] == [2, 5, 2, 3]


def test_judging_a_pattern_is_line_by_line() -> None:
    assert matches_pattern("^b$", "a\nb\nc")
    assert matches_pattern("^b$", "a\r\nb\r\nc")
    assert matches_pattern("^$", "")
    assert not matches_pattern("a.b", "a\nb")
    assert re.search("a[^x]b", "a\nb")
    assert not matches_pattern("a[^x]b", "a\nb")
